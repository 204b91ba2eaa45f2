"""Which days count as working days, and where a local day begins in UTC.

A `WorkCalendar` is an index over working days, so that the n-th one is a look-up and not a walk. Days are the
office's local days; instants are aware UTC. How clocks use days is in `clocks.py`.

Source: 全国年节及纪念日放假办法 (2024) and the yearly notice of the State Council's general office, as data in
`policies/calendars/`.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

#: The span of the index. Nothing in the field runs longer than a few years beyond the present.
FIRST_YEAR, LAST_YEAR = 2000, 2060
SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class WorkCalendar:
    """Working days of one country or region.

    `off` are holidays on any weekday, `work` are make-up working days on a weekend, `published` the years whose
    notice is loaded. Days of any other year are counted by weekends and `off` alone and are *provisional*.
    """

    name: str
    zone: ZoneInfo
    off: frozenset[date]
    work: frozenset[date]
    published: frozenset[int]

    @cached_property
    def _working_ordinals(self) -> list[int]:
        first, last = date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()
        return [n for n in range(first, last + 1) if self.is_working_day(date.fromordinal(n))]

    def is_working_day(self, day: date) -> bool:
        return day in self.work or (day.weekday() < SATURDAY and day not in self.off)

    def is_provisional(self, first: date, last: date) -> bool:
        """Whether counting from `first` to `last` needs a year whose notice is not loaded."""
        return any(year not in self.published for year in range(first.year, last.year + 1))

    def nth_working_day_after(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself is not counted (民法典 §201)."""
        index = bisect_right(self._working_ordinals, day.toordinal())
        return date.fromordinal(self._working_ordinals[index + n - 1])

    def working_days_between(self, after: date, until: date) -> int:
        """How many working days D there are with after < D <= until."""
        return bisect_right(self._working_ordinals, until.toordinal()) - bisect_right(
            self._working_ordinals, after.toordinal()
        )

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is a working day, else the first one after it (民法典 §203)."""
        index = bisect_left(self._working_ordinals, day.toordinal())
        return date.fromordinal(self._working_ordinals[index])

    def local_day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """00:00 of the local day, in UTC. It is also 24:00 of the day before."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        return self.start_of(day + timedelta(days=1))


def add_months(day: date, months: int) -> date:
    """The corresponding day `months` later, or the last day of that month if there is none (民法典 §202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
