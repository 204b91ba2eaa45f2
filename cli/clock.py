"""The command line's look at the clock; everything behind it is given `now`."""

from datetime import UTC, datetime


def read_clock() -> datetime:
    return datetime.now(UTC)
