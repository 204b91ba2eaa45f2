"""Crossing events as the lit rungs that scores are made of. The event is the witness; the clock knows what was waived."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from cases.tables import Event
from workflow.model import AccountId, Light, UnitId
from workflow.scoring import LitRung

_event = Event.__table__.c  # type: ignore[attr-defined]
#: The columns that `lit_rungs` reads.
LIT_COLUMNS = (_event.stream, _event.seq, _event.occurred_at, _event.data)


def lit_rungs(rows: Iterable[Any], waived: Collection[tuple[int, int] | tuple[int, int, str]]) -> Iterator[LitRung]:
    """The crossings that lit. `waived` are the clocks, as (case, number), whose lights do not count, and single lights
    of clocks, as (case, number, rung)."""
    for row in rows:
        data = json.loads(row.data)
        if data["light"] is None:
            continue
        yield LitRung(
            case_id=row.stream,
            clock=data["clock"],
            rule=data["rule"],
            light=Light(data["light"]),
            occurred_at=row.occurred_at,
            unit=UnitId(data["unit"]),
            person=AccountId(data["person"]) if data["person"] is not None else None,
            event=row.seq,
            waived=(row.stream, data["clock"]) in waived or (row.stream, data["clock"], data["rung"]) in waived,
        )
