"""The marks and signs of all cases worked out anew from their events, for `huiyin verify`: by the program's own rules, from what
`verify` has read. A case that has moved since it was counted is passed over: the timers count it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, create_engine

from cases.history import Record, history_of, instant
from cases.office import load_office
from cases.sign_index import answers, shown_by_one, sign_row
from cases.tally import mark_row
from cases.visibility import likeness
from ledger.chain import OFFICE_STREAM
from ledger.upcasters import as_this_program_writes, data_of
from verify.as_read import Anew, CaseAsRead
from verify.report import Finding, Notes
from verify.sources import POSTGRESQL_URL, SQLITE_URL, Row, sqlite_file
from workflow.calendar import WorkCalendar
from workflow.history import History
from workflow.marks import marks
from workflow.model import TextKind
from workflow.signs import ALIKE_FROM_CHARACTERS
from workflow.spelling import stamp

MARKS, SIGNS, TEXTS = "mark", "sign", "personal_text"
NOTHING: Mapping[str, list[Row]] = {MARKS: [], SIGNS: []}


class _Event(NamedTuple):
    """An event as `Record` takes it."""

    seq: int
    code: str
    occurred_at: datetime | None
    recorded_at: datetime | None
    actor: int | None
    unit: int | None


def marks_anew(url_or_path: str, notes: Notes) -> Anew | None:
    """What notes a finding for each case whose stored marks or signs are not those of its events. None, and a finding, if the
    office cannot be read by whose calendar they are worked out."""
    engine = _reader(url_or_path)
    try:
        with engine.connect() as connection:
            calendar = load_office(connection).policy.calendar
    except Exception as error:  # noqa: BLE001 (whatever was done to the office or its policy: the report says so)
        notes.add(Finding(code="marks.unreadable", table="office", number=1, stored=type(error).__name__))
        return None
    finally:
        engine.dispose()
    return partial(_compare, calendar, notes)


def _compare(calendar: WorkCalendar, notes: Notes, case: CaseAsRead) -> None:
    if case.head is None or case.stream == OFFICE_STREAM:
        expected = NOTHING  # no case that anybody could count
    elif case.head.seq != case.head.tallied:
        return
    else:
        notes.count("marks")
        try:
            expected = _worked_out(case, calendar) if case.rows.get("cases") else NOTHING
        except Exception as error:  # noqa: BLE001 (one event or row that cannot be read: the others are still looked at)
            place = Finding(code="marks.unreadable", table=MARKS, stream=case.stream, stored=type(error).__name__)
            notes.add(place)
            return
    for table, rows in expected.items():
        if rows != case.rows.get(table, []):
            notes.add(Finding(code="marks.differs", table=table, stream=case.stream))


def _worked_out(case: CaseAsRead, calendar: WorkCalendar) -> dict[str, list[Row]]:
    """The rows of the case's marks and signs, as they should be stored."""
    history = _history(case)
    made = (mark_row(case.stream, number, mark) for number, mark in enumerate(marks(history, calendar), start=1))
    shown = enumerate(shown_by_one(history, calendar, _alike(case, history)), start=1)
    signs = (sign_row(number, one) for number, one in shown)
    return {MARKS: _as_read(made, case.columns[MARKS]), SIGNS: _as_read(signs, case.columns[SIGNS])}


def _history(case: CaseAsRead) -> History:
    record = Record(case_id=case.stream)
    for event, data in case.said:
        whole = data_of(event.code, event.data) if data is None else as_this_program_writes(event.code, data)
        occurred_at, recorded_at = instant(event.occurred_at), instant(event.recorded_at)
        record.add(_Event(event.seq, event.code, occurred_at, recorded_at, event.actor, event.unit), whole)
    return history_of(record)


def _alike(case: CaseAsRead, history: History) -> dict[tuple[int, int], str]:
    """The tokens of the case's answers."""
    if not answers(history):
        return {}
    columns = case.columns[TEXTS]
    number, kind, content = (columns.index(name) for name in ("number", "kind", "content"))
    replies = {row[number]: row[content] for row in case.rows.get(TEXTS, ()) if row[kind] == TextKind.REPLY}
    tokens = {
        one: likeness(words, from_characters=ALIKE_FROM_CHARACTERS)
        for one, words in replies.items()
        if words is not None
    }
    return {(case.stream, one): token for one, token in tokens.items() if token}


def _as_read(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> list[Row]:
    """Rows of the program as `verify` reads them from a database."""
    values = itemgetter(*columns)
    found = []
    for row in rows:
        row["at"] = stamp(row["at"])
        found.append(values(row))
    return found


def _reader(url_or_path: str) -> Engine:
    if POSTGRESQL_URL.match(url_or_path):
        server = POSTGRESQL_URL.sub("postgresql+psycopg://", url_or_path, count=1)
        return create_engine(server, isolation_level="REPEATABLE READ", hide_parameters=True)
    url = SQLITE_URL.fullmatch(url_or_path.split("?")[0])
    path = Path(url["path"] if url else url_or_path)
    return create_engine("sqlite://", creator=partial(sqlite_file, path), hide_parameters=True)
