"""Instants as texts come out as the library would write them, in every zone and at every hour."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.files.local_times import LocalTimes

#: Whole hours, half hours, three quarters, an hour of summer time, half an hour of it.
ZONES = (
    "Asia/Shanghai",
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Lima",
)


def as_text(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@pytest.mark.parametrize("name", ZONES)
def test_minutes_days_and_last_days_are_those_of_the_library(name: str) -> None:
    zone = ZoneInfo(name)
    times = LocalTimes(zone)
    begin = datetime(2025, 12, 31, tzinfo=UTC)
    instants = [begin + timedelta(minutes=97 * n, seconds=59 * (n % 2)) for n in range(400 * 24 * 60 // 97)]
    # Every quarter of an hour around the changes of summer time, where an hour is not one hour.
    instants += [datetime(2026, month, 1, tzinfo=UTC) + timedelta(minutes=15 * n) for month in (3, 4, 10) for n in range(31 * 96)]  # fmt: skip
    for instant in instants:
        text, local = as_text(instant), instant.astimezone(zone)
        assert times.minutes([text, None]) == [local.strftime("%Y-%m-%d %H:%M"), None]
        assert times.day(text) == local.date()
        assert times.instant(text).astimezone(UTC) == instant


def test_a_clock_that_is_due_at_midnight_was_in_time_on_the_day_before() -> None:
    times = LocalTimes(ZoneInfo("Asia/Shanghai"))
    midnight = "2026-03-09 16:00:00.000000"  # 24:00 of 9 March in Shanghai
    assert times.last_day(midnight).isoformat() == times.last_day_text(midnight) == "2026-03-09"
    assert times.last_day_text("2026-03-09 16:00:00.000001") == "2026-03-10"
