"""The marks and signs of all cases worked out anew from their events, for `huiyin verify`: by the program's own rules, on a
connection that only reads. A case that has moved since it was counted is passed over: the timers count it again.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, select, true

from cases.assessment_tables import Mark as MarkRow
from cases.assessment_tables import Sign as SignRow
from cases.history import histories
from cases.office import load_office
from cases.sign_index import kept, shown_by_each
from cases.tally import mark_of
from infra.among import is_among
from ledger.chain import OFFICE_STREAM
from ledger.tables import StreamHead
from verify.report import Finding, Notes
from verify.sources import POSTGRESQL_URL, SQLITE_URL, Only, Span, sqlite_file
from workflow.calendar import WorkCalendar
from workflow.marks import Mark, marks
from workflow.model import TIMERS

BATCH = 200
_head = StreamHead.__table__.c  # type: ignore[attr-defined]
_mark = MarkRow.__table__.c  # type: ignore[attr-defined]
_sign = SignRow.__table__.c  # type: ignore[attr-defined]


def marks_anew(url_or_path: str, notes: Notes, only: Only = None) -> None:
    """A finding for each case, or each of `only` these, whose stored marks are not those of its events."""
    engine = _reader(url_or_path)
    try:
        with engine.connect() as connection:
            _check(connection, notes, only)
    finally:
        engine.dispose()


def _check(connection: Connection, notes: Notes, only: Only) -> None:
    try:
        calendar = load_office(connection).policy.calendar
    except Exception as error:  # noqa: BLE001 (whatever was done to the office or its policy: the report says so)
        notes.add(Finding(code="marks.unreadable", table="office", number=1, stored=type(error).__name__))
        return
    heads = connection.execute(
        select(_head.stream, _head.tallied, _head.seq).where(_head.stream != OFFICE_STREAM, _is_of(_head.stream, only))
    ).all()
    counted = sorted(row.stream for row in heads if row.tallied == row.seq)
    for at in range(0, len(counted), BATCH):
        _compare(connection, calendar, counted[at : at + BATCH], notes)
    known = {row.stream for row in heads}
    for table, column in (("mark", _mark.case_id), ("sign", _sign.case_id)):
        for case_id in connection.execute(select(column).where(_is_of(column, only)).distinct()).scalars():
            if case_id not in known:
                notes.add(Finding(code="marks.differs", table=table, stream=case_id))


def _is_of(column: ColumnElement[int], only: Only) -> ColumnElement[bool]:
    if only is None:
        return true()
    if not isinstance(only, Span):
        return is_among(column, only)
    first = column >= only.first if only.first is not None else true()
    return first & (column < only.end) if only.end is not None else first


def _compare(connection: Connection, calendar: WorkCalendar, cases: Sequence[int], notes: Notes) -> None:
    try:
        found = list(histories(connection, actor=TIMERS, cases=cases))
        fresh = {int(one.case_id): marks(one, calendar) for one in found}
        stored = dict(_stored(connection, cases))
        shown = {of[0].case_id: list(enumerate(of, start=1)) for of in shown_by_each(connection, found, calendar) if of}
        signs = kept(connection, cases)
    except Exception as error:  # noqa: BLE001 (one event or row that cannot be read: the others are still looked at)
        if len(cases) == 1:
            notes.add(Finding(code="marks.unreadable", table="mark", stream=cases[0], stored=type(error).__name__))
            return
        for one in cases:
            _compare(connection, calendar, [one], notes)
        return
    for case_id in cases:
        notes.count("marks")
        if list(enumerate(fresh.get(case_id, ()), start=1)) != stored.get(case_id, []):
            notes.add(Finding(code="marks.differs", table="mark", stream=case_id))
        if shown.get(case_id, []) != signs.get(case_id, []):
            notes.add(Finding(code="marks.differs", table="sign", stream=case_id))


def _stored(connection: Connection, cases: Sequence[int]) -> Iterator[tuple[int, list[tuple[int, Mark]]]]:
    found: dict[int, list[tuple[int, Mark]]] = {}
    query = select(*_mark).where(is_among(_mark.case_id, cases)).order_by(_mark.case_id, _mark.position)
    for row in connection.execute(query):
        found.setdefault(row.case_id, []).append((row.position, mark_of(row)))
    yield from found.items()


def _reader(url_or_path: str) -> Engine:
    if POSTGRESQL_URL.match(url_or_path):
        server = POSTGRESQL_URL.sub("postgresql+psycopg://", url_or_path, count=1)
        return create_engine(server, isolation_level="REPEATABLE READ", hide_parameters=True)
    url = SQLITE_URL.fullmatch(url_or_path.split("?")[0])
    path = Path(url["path"] if url else url_or_path)
    return create_engine("sqlite://", creator=partial(sqlite_file, path), hide_parameters=True)
