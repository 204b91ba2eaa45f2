"""The month or the year that a statistic is about, and what it is compared with. Days are the office's own.

Errors: `NotAPeriod` is what cannot be read as a month or a year of the calendar; `PeriodHasNotBegun` is one that is still to
come.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from workflow.calendar import FIRST_YEAR, LAST_YEAR, WorkCalendar, add_months

_WRITTEN = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
MONTHS = 12


class NotAPeriod(ValueError):
    """Neither 2026-03 nor 2026, or outside the years that calendars know."""


class PeriodHasNotBegun(ValueError):
    """Nothing can be said of it yet."""


class Span(NamedTuple):
    """From the first instant to the last, which is not part of it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A calendar month, or a calendar year if `month` is None."""

    year: int
    month: int | None = None

    def __str__(self) -> str:
        return f"{self.year:04}" if self.month is None else f"{self.year:04}-{self.month:02}"

    @property
    def first(self) -> date:
        return date(self.year, self.month or 1, 1)

    @property
    def after(self) -> date:
        """The first day that is not part of it any more."""
        return add_months(self.first, 1 if self.month else MONTHS)

    def is_over(self, today: date) -> bool:
        return self.after <= today

    def span(self, calendar: WorkCalendar) -> Span:
        return Span(calendar.start_of(self.first), calendar.start_of(self.after))

    def compared(self) -> "tuple[Period, ...]":
        """A month: itself, the month before, the same month of the year before. A year: itself and the year before."""
        year_before = Period(year=self.year - 1, month=self.month)
        return (self, year_before) if self.month is None else (self, self.earlier(1), year_before)

    def earlier(self, months: int) -> "Period":
        """The month that lies so many months before this one, or before the first of this year."""
        return month_of(add_months(self.first, -months))

    def months(self) -> "tuple[Period, ...]":
        """A year: its twelve months. A month: thirteen, from the same month of the year before to itself."""
        if self.month is None:
            return tuple(Period(year=self.year, month=month) for month in range(1, MONTHS + 1))
        return tuple(self.earlier(back) for back in range(MONTHS, -1, -1))


def month_of(day: date) -> Period:
    return Period(year=day.year, month=day.month)


def period_from(text: str, *, today: date) -> Period:
    """2026-03 or 2026. Raises `NotAPeriod`, `PeriodHasNotBegun`."""
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise NotAPeriod(text)
    year, month = int(found[1]), int(found[2]) if found[2] else None
    # The year before, with which it is compared, must be known as well.
    if not FIRST_YEAR < year < LAST_YEAR or (month is not None and not 1 <= month <= MONTHS):
        raise NotAPeriod(text)
    period = Period(year=year, month=month)
    if period.first > today:
        raise PeriodHasNotBegun(text)
    return period


def period_written(text: str) -> Period:
    """A period from its own spelling, as an event keeps it."""
    year, _, month = text.partition("-")
    return Period(year=int(year), month=int(month) if month else None)
