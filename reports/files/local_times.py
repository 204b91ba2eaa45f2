"""Instants of the record, as texts in UTC, in the office's own time: a report writes millions of them.

Within an hour of UTC the local date and hour stay the same nearly everywhere nearly always, so they are worked out once
an hour and remembered; an hour in which the clocks are changed, or of a zone that is half an hour apart, is worked out
minute by minute.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from workflow.counting import A_MOMENT

#: What is remembered: two years of hours, and as many due times.
REMEMBERED = 17_568
DAY, HOUR, MINUTE = len("2026-03-11"), len("2026-03-11 15"), len("2026-03-11 15:00")


class LocalTimes:
    """`2026-03-11 15:00:00.000000`, as the record has it, in one zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._hour = lru_cache(REMEMBERED)(partial(_hour, zone))
        self.last_day = lru_cache(REMEMBERED)(self._last_day)
        self.last_day_text = lru_cache(REMEMBERED)(lambda due: self._last_day(due).isoformat())

    def minutes(self, texts: Iterable[str | None]) -> list[str | None]:
        """2026-03-11 23:00: local, without the zone, as sheets have it."""
        hour, minute = self._hour, self._minute
        return [
            None if text is None else (local + text[HOUR:MINUTE] if (local := hour(text[:HOUR])) else minute(text))
            for text in texts
        ]

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(self.zone)

    def day(self, text: str) -> date:
        """The local day of an instant."""
        local = self._hour(text[:HOUR]) or self._minute(text)
        return date.fromisoformat(local[:DAY])

    def _minute(self, text: str) -> str:
        return self.instant(text).isoformat(" ", "minutes")[:MINUTE]

    def _last_day(self, due: str) -> date:
        """The last local day in time of a clock with this due time: the one before, if it is midnight."""
        return (datetime.fromisoformat(due).replace(tzinfo=UTC) - A_MOMENT).astimezone(self.zone).date()


def _hour(zone: ZoneInfo, hour: str) -> str | None:
    """The hour of UTC in local time, or None if it does not begin and end with a local hour."""
    begins = datetime.fromisoformat(f"{hour}:00+00:00").astimezone(zone)
    ends = (begins.astimezone(UTC) + timedelta(minutes=59, seconds=59)).astimezone(zone)
    whole = (begins.minute, begins.second, begins.utcoffset()) == (0, 0, ends.utcoffset())
    return begins.isoformat(" ", "hours")[:HOUR] if whole else None
