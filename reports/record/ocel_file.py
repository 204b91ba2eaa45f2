"""The events of all cases as one file of the standard OCEL 2.0 (JSON): written as they are read, however many there are.

The order is that of the chains: case by case, and each in the order of its events. What they were about is written beside
meanwhile and follows; the types that were met stand at the end. What is said of a case is in `ocel.py`.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, func, select

from cases.tables import Case
from cases.visibility import case, visible_cases
from infra.db import streaming
from ledger.chain import NewEvent, append_to_office
from ledger.tables import Event
from ledger.upcasters import data_of
from people.tables import Office, Unit
from reports.closures.exports import sha256_of
from reports.files.handed_out import EXPORTED
from reports.later.progress import Progress, no_progress
from reports.record.ocel import KINDS, CaseLog, declared, unit_object
from workflow.model import TIMERS, Actor, Json

OCEL = "ocel"
PAGE = 2000
_event = Event.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]
_office = Office.__table__.c  # type: ignore[attr-defined]
_COLUMNS = (
    _event.stream, _event.seq, _event.code, _event.occurred_at, _event.recorded_at, _event.role, _event.unit, _event.data,
)  # fmt: skip
_PLAIN = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLog:
    """A finished file."""

    cases: int
    events: int
    objects: int
    bytes: int
    sha256: str


class _List:
    """The items of a JSON array, one a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.count = file, 0

    def add(self, items: Iterable[dict[str, Any]]) -> None:
        for item in items:
            self._file.write((",\n" if self.count else "\n").encode() + _PLAIN.encode(item).encode())
            self.count += 1


def write_event_log(
    connection: Connection, file: IO[bytes], *, beside: Path, progress: Progress = no_progress
) -> EventLog:
    """Writes the whole log into an empty file that can be read again. In the folder `beside` there must be room for as much
    once more. `progress` is told of cases."""
    total = connection.execute(visible_cases(TIMERS, func.count(case.id))).scalar_one()
    types: dict[str, dict[str, str]] = {}
    cases = 0
    with tempfile.TemporaryFile(dir=beside) as waiting:
        events, objects = _List(file), _List(waiting)
        objects.add(_units(connection))
        file.write(b'{"events":[')
        for log, of_case in _logs(connection, types, actor=TIMERS):
            events.add(of_case)
            objects.add(log.objects())
            cases += 1
            progress(cases, total)
        file.write(b'\n],"objects":[')
        waiting.seek(0)
        shutil.copyfileobj(waiting, file)
    kinds = {kind.name: kind.attributes for kind in KINDS}
    for name, of in (("eventTypes", dict(sorted(types.items()))), ("objectTypes", kinds)):
        found = [declared(one, attributes) for one, attributes in of.items()]
        file.write(f'\n],"{name}":'.encode() + _PLAIN.encode(found)[:-1].encode())
    file.write(b"]}\n")
    size = file.tell()
    file.seek(0)
    return EventLog(cases=cases, events=events.count, objects=objects.count, bytes=size, sha256=sha256_of(file))


def record(connection: Connection, made: EventLog, *, actor: Actor, now: datetime) -> None:
    """The event of the office that says who took out what; to be committed before anybody gets the file."""
    data: dict[str, Json] = {
        "report": OCEL, "format": OCEL, "choice": {}, "rows": made.events, "cases": made.cases, "bytes": made.bytes,
        "sha256": made.sha256,
    }  # fmt: skip
    append_to_office(connection, NewEvent(code=EXPORTED, occurred_at=now, recorded_at=now, actor=actor, data=data))


def _logs(
    connection: Connection, types: dict[str, dict[str, str]], *, actor: Actor
) -> Iterator[tuple[CaseLog, Iterator[dict[str, Any]]]]:
    """Each case with its events, which are to be read before the next case is asked for."""
    query = visible_cases(actor, *_COLUMNS).join_from(Case, Event, _event.stream == case.id)
    ordered = query.order_by(_event.stream, _event.seq).execution_options(yield_per=PAGE)
    with streaming(connection, ordered) as rows:
        for stream, of_case in groupby(rows, key=attrgetter("stream")):
            log = CaseLog(case_id=stream, types=types)
            yield log, (log.add(row, data_of(row.code, row.data)) for row in of_case)


def _units(connection: Connection) -> Iterator[dict[str, Any]]:
    created_at = connection.execute(select(_office.created_at)).scalar_one()
    for unit in connection.execute(select(*_unit).order_by(_unit.id)):
        yield unit_object(unit, created_at)
