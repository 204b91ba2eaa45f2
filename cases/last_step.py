"""The last step that moved a case, and how the case stood before it, read from the ledger: what taking it back restores."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, select

from cases.history import COLUMNS, Record, instant
from ledger.tables import Event
from ledger.upcasters import Data, data_of
from workflow.facts import CaseFacts, LastStep
from workflow.model import AccountId, Consent, Party, RecordNumber, Side, UnitId
from workflow.model import Record as RecordOfRules
from workflow.procedures import PROCEDURES
from workflow.records import Appointment, Task

_event = Event.__table__.c  # type: ignore[attr-defined]
#: What is kept as it is written, and stands under no later step: words in the record, above all.
APART = frozenset({"cases", "personal_text", "tracking", "recusal"})
CUSTODY = "custody"
#: What has a beginning and an end, and may be ended by a step that is taken back.
ENDING: Mapping[str, type[Appointment | Task]] = {kind.table: kind for kind in (Appointment, Task)}


def with_last_step(connection: Connection, facts: CaseFacts) -> CaseFacts:
    """The facts with what a step that is taken back has to know."""
    assert facts.id is not None, "a case that has steps exists"
    return replace(facts, last_step=last_step(connection, facts.id, facts.procedure))


def last_step(connection: Connection, case_id: int, procedure: str) -> LastStep | None:
    """None if nothing but the opening is left."""
    query = select(*COLUMNS).where(_event.stream == case_id).order_by(_event.seq)
    events = [(row, data_of(row.code, row.data)) for row in connection.execute(query)]
    taken = {said["seq"] for _, data in events if (said := data.get("taken_back"))}
    table = PROCEDURES[procedure]
    moving = [at for at, (row, _) in enumerate(events) if row.code in table.in_order and row.seq not in taken]
    if len(moving) < 2:  # the first is the one that opened the case
        return None
    at = moving[-1]
    before = Record(case_id=case_id)
    for row, data in events[:at]:
        before.add(row, data)
    return _described(events[at], before, [data for _, data in events[at + 1 :]], table.irrevocable)


def _described(event: tuple[Any, Data], before: Record, later: Sequence[Data], final: frozenset[str]) -> LastStep:
    row, data = event
    wrote, case = data["wrote"], before.case
    milestones = frozenset(case["milestones"].split())
    after = frozenset(wrote["cases"].get("milestones", case["milestones"]).split())
    here = _written_by(data)
    touched = {(table, n) for table, n in here if table != CUSTODY}
    known = {(table, n) for table, rows in before.rows.items() for n in rows}
    command = data["command"]["name"]
    return LastStep(
        seq=row.seq, command=command, taken_at=row.recorded_at,
        by=None if row.actor is None else AccountId(row.actor), is_final=command in final,
        stands_alone=all(here.isdisjoint(_written_by(one)) for one in later), state=case["state"],
        gained=after - milestones, lost=milestones - after, outcome=case["outcome"],
        extension_asked=case["extension_asked"],
        held=(UnitId(case["holder_unit"]), case["holder_person"]) if CUSTODY in wrote else None,
        clocks=tuple(clock for clock in before.clocks() if ("clock", clock.number) in touched),
        records=tuple(_record(table, n, before.rows[table][n]) for table, n in sorted(touched & known) if table != "clock"),
        new=frozenset(RecordNumber(n) for _, n in touched - known),
    )  # fmt: skip


def _written_by(data: Data) -> set[tuple[str, int]]:
    """The records that an event has written, or the clock that it says has lit."""
    tables = data.get("wrote", {}).items()
    found = {(table, int(n)) for table, rows in tables if table not in APART for n in rows}
    return found | {("clock", data["clock"])} if "rung" in data else found


def _record(table: str, number: int, row: Mapping[str, Any]) -> RecordOfRules:
    """A party, an appointment or a task as it was: of the kinds that steps change, those that are not clocks."""
    values: dict[str, Any] = {**row, "number": RecordNumber(number)}
    if table == "party":
        values |= {"side": Side(row["side"]), "consent": Consent(row["consent"])}
        return Party(**{field.name: values[field.name] for field in fields(Party)})
    kind = ENDING[table]
    values |= {"from_at": instant(row["from_at"]), "until_at": instant(row["until_at"])}
    return kind(**{field.name: values[field.name] for field in fields(kind)})
