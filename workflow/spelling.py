"""How a value is spelled in the data of an event, which is hashed: the same value always the same way.

Programs before this one wrote the instants of a command as `2026-03-02T01:00:00+00:00`. They stay as they are; whoever reads
an instant of an event reads both (`datetime.fromisoformat`).
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from workflow.model import Json

_PLAIN = frozenset({str, int, bool, type(None)})  #: what JSON has by itself


def as_json(value: Any) -> Json:
    """A value of a column or of a command's field: an instant by `stamp`, a day as ISO 8601, a code as itself."""
    if type(value) in _PLAIN:
        return value  # type: ignore[no-any-return]  # Any of those types
    match value:
        case datetime():
            return stamp(value)
        case date():
            return value.isoformat()
        case StrEnum():
            return value.value
        case tuple():
            return [as_json(item) for item in value]
        case _:
            return value  # type: ignore[no-any-return]  # str, int, bool or None: what columns and commands hold


def stamp(instant: datetime) -> str:
    """The one spelling of an instant that is hashed: UTC, microseconds, Z."""
    return _utc_stamp(instant if instant.tzinfo is UTC else instant.astimezone(UTC))


@lru_cache(maxsize=1024)
def _utc_stamp(utc: datetime) -> str:
    """Remembered: a transaction writes the same few instants many times. Only UTC, which has no fold."""
    return utc.isoformat(timespec="microseconds").replace("+00:00", "Z")
