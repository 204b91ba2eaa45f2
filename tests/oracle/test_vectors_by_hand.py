"""The walk agrees with every deadline that was worked out by hand."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.china import china
from tests.oracle.daywalk import Asked, walk
from tests.workflow.vectors import VECTORS, Vector


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_walk_agrees_with_the_hand(vector: Vector) -> None:
    zone = ZoneInfo(vector.zone)

    def at(local: str) -> datetime:
        return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)

    def shown(instant: datetime | None) -> str | None:
        return None if instant is None else f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}"

    asked = Asked(
        start=at(vector.start),
        length=vector.length,
        unit=vector.unit,
        roll=vector.roll,
        light=vector.light,
        pauses=tuple((at(begun), at(ended)) for begun, ended in vector.pauses),
        extensions=tuple((total, at(granted)) for total, granted in vector.extensions),
    )
    walked = walk(asked, china(vector.zone))
    assert {
        "due_on": walked.due_on.isoformat(),
        "due_at": shown(walked.due_at),
        "yellow": shown(walked.yellow_at),
        "red": shown(walked.red_at),
        "provisional": walked.provisional,
    } == {
        "due_on": vector.due_on,
        "due_at": vector.due_at,
        "yellow": vector.yellow,
        "red": vector.red,
        "provisional": vector.provisional,
    }


def test_every_vector_has_its_own_name() -> None:
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
