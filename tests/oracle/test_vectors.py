"""The engine says what was worked out by hand, vector by vector."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.china import china
from tests.oracle.daywalk import Asked
from tests.oracle.test_differential import said
from tests.workflow.vectors import VECTORS, Vector


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_engine_says_what_was_worked_out_by_hand(vector: Vector) -> None:
    zone = ZoneInfo(vector.zone)

    def at(local: str) -> datetime:
        return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))

    def shown(instant: datetime | None) -> str | None:
        return None if instant is None else f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}"

    question = Asked(
        start=at(vector.start), length=vector.length, unit=vector.unit, roll=vector.roll, light=vector.light,
        pauses=tuple((at(begun), at(ended)) for begun, ended in vector.pauses),
        extensions=tuple((total, at(granted)) for total, granted in vector.extensions),
    )  # fmt: skip
    answer = said(question, china(vector.zone))
    assert (answer.due_on.isoformat(), shown(answer.due_at)) == (vector.due_on, vector.due_at)
    assert (shown(answer.yellow_at), shown(answer.red_at)) == (vector.yellow, vector.red)
    assert answer.provisional is vector.provisional
