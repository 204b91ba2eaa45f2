"""The ledger read back: what each case was after some event. Nothing here looks at the rows of the present.

`records` gives what the events of each stream add up to, up to an instant or to the cut-off of a closed year;
`history_of` turns that into the values that marks and signs are worked out from (`workflow/history.py`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select

from cases.assessment_tables import YearCutoff
from cases.crossings import CROSSED
from cases.rows import CLOCK_COLUMNS, clock_of
from cases.tables import Case
from cases.visibility import case, visible_cases
from infra.among import is_among
from infra.db import streaming
from ledger.tables import Event
from ledger.upcasters import Data, data_of
from workflow.history import Ending, History, Lit, Taken
from workflow.model import AccountId, Actor, CaseId, Clock, Custody, Light, RecordNumber, Side, UnitId
from workflow.records import Rating, Waiver

PAGE = 2000
INSTANTS = ("started_at", "due_at", "opened_at", "acknowledged_at", "stopped_at")
_event = Event.__table__.c  # type: ignore[attr-defined]
_cutoff = YearCutoff.__table__.c  # type: ignore[attr-defined]
COLUMNS = (
    _event.stream, _event.seq, _event.code, _event.occurred_at, _event.recorded_at, _event.actor, _event.unit, _event.data,
)  # fmt: skip


class RecordLacks(Exception):
    """What the events of a case say of a record has a column missing. Carries the case, the event that last wrote the record,
    its table and number, and the column."""

    def __init__(self, case_id: int, seq: int, record: str, column: str) -> None:
        super().__init__(f"case {case_id}, event {seq}: {record} without {column}")
        self.case_id, self.seq, self.record, self.column = case_id, seq, record, column


@dataclass(slots=True)
class Record:
    """One case as its events say, columns as they stand in the ledger: instants as text, records by table and number."""

    case_id: int
    case: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)  #: the event that last wrote a record
    crossed_until: dict[int, datetime] = field(default_factory=dict)  #: of each clock
    lit: list[Lit] = field(default_factory=list)
    steps: list[Taken] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    version: int = 0
    seq: int = 0
    seq_of_end: int = 0

    def add(self, event: Any, data: Data) -> None:
        """One more event and what it says in the shape of this program, in the order of the stream."""
        self.seq = event.seq
        if event.code == CROSSED:
            self._cross(event, data)
            return
        if "wrote" not in data:
            return
        self.version = data["version"]
        for table, rows in data["wrote"].items():
            if table == "cases":
                self._move(rows, event)
            elif table != "tracking":
                kept = self.rows.setdefault(table, {})
                for name, row in rows.items():
                    number = int(name)
                    before = kept.get(number)
                    kept[number] = {**before, **row} if before else row
                    self.written[number] = event.seq
        self.steps.append(_taken(event, data))
        if undone := data.get("taken_back"):
            self._undo(undone["seq"])

    def _undo(self, seq: int) -> None:
        """A step that was taken back was not taken, and did not end the case."""
        self.steps = [step for step in self.steps if step.seq != seq]
        self.endings = [ending for ending in self.endings if ending.seq != seq]

    def _move(self, row: dict[str, Any], event: Any) -> None:
        ended_before = self.case.get("closed_at")
        self.case.update(row)
        ended = self.case.get("closed_at")
        if ended == ended_before:
            return
        self.seq_of_end = event.seq if ended else 0
        if ended:
            self.endings.append(Ending(at=_known(ended), outcome=self.case["outcome"] or "", seq=event.seq))
        else:
            self.endings[-1] = replace(self.endings[-1], reopened_at=event.recorded_at)

    def _cross(self, event: Any, data: Data) -> None:
        self.crossed_until[data["clock"]] = event.occurred_at
        if data["light"]:
            self.lit.append(
                Lit(
                    clock=data["clock"],
                    rung=data["rung"],
                    light=Light(data["light"]),
                    at=event.occurred_at,
                    recorded_at=event.recorded_at,
                    unit=UnitId(data["unit"]),
                    person=data["person"],
                    seq=event.seq,
                )
            )

    def clocks(self) -> tuple[Clock, ...]:
        rows = sorted(self.rows.get("clock", {}).items())
        return tuple(self._clock(number, row) for number, row in rows)

    def _clock(self, number: int, row: dict[str, Any]) -> Clock:
        whole = {**row, "number": number, "crossed_until": None}
        try:
            columns = {name: whole[name] for name in CLOCK_COLUMNS}
        except KeyError as error:
            raise RecordLacks(self.case_id, self.written[number], f"clock {number}", error.args[0]) from error
        for name in INSTANTS:
            columns[name] = instant(columns[name])
        columns["crossed_until"] = self.crossed_until.get(number)
        return clock_of(columns)


def records(
    connection: Connection,
    *,
    actor: Actor,
    cases: Iterable[int] | None = None,
    until: datetime | None = None,
    closed_year: int | None = None,
) -> Iterator[Record]:
    """The cases that exist for the actor, in the order of their ids, each as its events up to `until` (what had been
    recorded by then) or up to the cut-off of a closed year say. A case of which nothing was recorded by then is left out.

    Reads a page of events at a time, in one cursor.
    """
    query = _events(actor, until=until, closed_year=closed_year)
    if cases is not None:
        query = query.where(is_among(_event.stream, cases))
    ordered = query.order_by(_event.stream, _event.seq).execution_options(yield_per=PAGE)
    with streaming(connection, ordered) as rows:
        for stream, events in groupby(rows, key=attrgetter("stream")):
            record = Record(case_id=stream)
            for event in events:
                record.add(event, data_of(event.code, event.data))
            yield record


def histories(
    connection: Connection,
    *,
    actor: Actor,
    cases: Iterable[int] | None = None,
    until: datetime | None = None,
    closed_year: int | None = None,
) -> Iterator[History]:
    """The same as values of the rules."""
    found = records(connection, actor=actor, cases=cases, until=until, closed_year=closed_year)
    return (history_of(record) for record in found)


def _events(actor: Actor, *, until: datetime | None, closed_year: int | None) -> Select[Any]:
    query = visible_cases(actor, *COLUMNS).join_from(Case, Event, _event.stream == case.id)
    if until is not None:
        query = query.where(_event.recorded_at <= until)
    if closed_year is not None:
        at_the_end = (_cutoff.year == closed_year) & (_cutoff.stream == _event.stream) & (_event.seq <= _cutoff.seq)
        query = query.join(YearCutoff, at_the_end)
    return query


def history_of(record: Record) -> History:
    case_row, rows = record.case, record.rows
    return History(
        case_id=CaseId(record.case_id),
        number=(case_row["series"], case_row["year"], case_row["serial"]),
        profile=case_row["profile"],
        procedure=case_row["procedure"],
        channel=case_row["channel"],
        intake_unit=UnitId(case_row["intake_unit"]),
        received_at=_known(case_row["received_at"]),
        registered_at=_known(case_row["registered_at"]),
        outcome=case_row["outcome"],
        closed_at=instant(case_row["closed_at"]),
        reachable=any(
            row["contact"] is not None
            for row in rows.get("party", {}).values()
            if row["side"] == Side.APPLICANT.value
        ),
        clocks=record.clocks(),
        custodies=tuple(_custody(number, row) for number, row in sorted(rows.get("custody", {}).items())),
        ratings=tuple(_rating(number, row) for number, row in sorted(rows.get("rating", {}).items())),
        waivers=tuple(_waiver(number, row) for number, row in sorted(rows.get("waiver", {}).items())),
        lit=tuple(record.lit),
        steps=tuple(record.steps),
        written=record.written,  # type: ignore[arg-type]  # numbers of records
        seq=record.seq,
        seq_of_end=record.seq_of_end,
        endings=tuple(record.endings),
    )  # fmt: skip


@lru_cache(maxsize=65536)
def instant(text: str | None) -> datetime | None:
    """An instant of the ledger. Remembered: the event that writes it, the rows and the events after it have the same."""
    return None if text is None else datetime.fromisoformat(text)


def _known(text: str) -> datetime:
    """One that is never left out."""
    found = instant(text)
    assert found is not None
    return found


def _taken(event: Any, data: Data) -> Taken:
    command = data.get("command") or {}
    return Taken(
        seq=event.seq,
        event=event.code,
        command=command.get("name", ""),
        at=event.recorded_at,
        actor=event.actor,
        unit=event.unit,
        texts=tuple(RecordNumber(int(number)) for number in data["wrote"].get("personal_text", {})),
        done_at=event.occurred_at,
        extent=command.get("extent"),
    )


def _custody(number: int, row: dict[str, Any]) -> Custody:
    return Custody(
        number=RecordNumber(number),
        unit=UnitId(row["unit"]),
        person=None if row["person"] is None else AccountId(row["person"]),
        from_at=_known(row["from_at"]),
        until_at=instant(row["until_at"]),
    )


def _rating(number: int, row: dict[str, Any]) -> Rating:
    return Rating(
        number=RecordNumber(number), score=row["score"], comment=row["comment"], rated_at=_known(row["rated_at"])
    )


def _waiver(number: int, row: dict[str, Any]) -> Waiver:
    decided = instant(row["decided_at"])
    said = {**row, "proposed_at": _known(row["proposed_at"]), "decided_at": decided}
    return Waiver(number=RecordNumber(number), **said)
