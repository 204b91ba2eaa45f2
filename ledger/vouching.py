"""How an event of the office vouches for a row: in `data.wrote`, by table and key, with the values that were written."""

import hashlib
from collections.abc import Mapping
from typing import Any

from workflow.model import Json
from workflow.spelling import as_json


def vouched_for_office(row: Mapping[str, Any], *, long: frozenset[str] = frozenset()) -> dict[str, Json]:
    """The same for a row that an event of the office vouches for; of `long` texts only their SHA-256 enters it."""
    return {
        name: {"sha256": hashlib.sha256(value.encode()).hexdigest()} if name in long else as_json(value)
        for name, value in row.items()
    }
