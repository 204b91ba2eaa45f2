"""The tables read in step, one stream at a time, each by one cursor: the chain of a stream, what its events add up to, and
the rows that must be like that.

Nothing of what is compared here lies in two streams, but for two things that the office says of all of them: how far anchors
hold them, and to whom waiting mails were passed on. Both are read first.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from verify.notes import HEADS
from verify.office import COVERED, CUTOFF, Office, check_heads, passed_on, remembering
from verify.report import Finding, Notes
from verify.rows import compare_case, compare_records, compare_recusals, compare_tracking
from verify.sources import Only, Row, Source
from verify.stream import EVENT_COLUMNS, OFFICE_STREAM, Event, chain, fold

LABELS = Path(__file__).resolve().parents[1] / "cases" / "labels.json"
#: What says of a table that its rows are records of a case.
RECORD_KEY = ("case_id", "number")

Labels = Mapping[str, Mapping[str, str]]


def labels_of_columns() -> Labels:
    """What is said of every column: by table and name."""
    found: Labels = json.loads(LABELS.read_text("utf-8"))
    return found


def check_streams(source: Source, labels: Labels, notes: Notes, only: Only = None) -> Office:
    """All streams, or `only` these. Returns what the office's own adds up to, if it is among them."""
    notes.begin("chains", "versions", "rows", "derived", "crossings", "messages", "office")
    wanted = _columns(labels)
    office = Office()
    anchored, passed = last_anchored(source), passed_on(source)
    cursors = {
        table: source.rows(table, columns, columns[:2] if table != "message" else columns[:3], only)
        for table, columns in wanted.items()
    }
    for stream, rows in in_step(cursors):
        posted = list(rows.pop("message", ()))
        heads = list(rows.pop("year_cutoff", ()))
        found: dict[Any, Event | None] = dict.fromkeys(seq for _, seq, *_ in (*posted, *heads))
        end = next(iter(rows.pop("stream_head", ())), None)
        head = end[1:3] if end else None
        if end:
            check_end(end, anchored.get(stream, 0), notes)
        events = chain(stream, map(Event._make, rows.pop("event", ())), head, notes)
        events = remembering(events, office) if stream == OFFICE_STREAM else events
        folded = fold(stream, _finding(events, found), notes)
        _check_messages(posted, found, notes)
        check_told(stream, posted, office.told if stream == OFFICE_STREAM else folded.told, passed, notes)
        check_heads(heads, found, notes)
        compare_case(folded, rows.pop("cases", ()), wanted["cases"], notes)
        compare_recusals(folded, rows.pop("recusal", ()), notes)
        compare_tracking(folded, rows.pop("tracking", ()), wanted["tracking"], notes)
        for table, columns in wanted.items():
            if columns[:2] == RECORD_KEY:
                compare_records(folded, table, rows.pop(table, ()), columns, notes)
    return office


def _columns(labels: Labels) -> dict[str, tuple[str, ...]]:
    """The columns to read of each table, its key first."""
    wanted: dict[str, tuple[str, ...]] = {
        "event": EVENT_COLUMNS,
        "stream_head": ("stream", "seq", "hash", "anchored", "tallied"),
        "message": ("stream", "seq", "recipient", "recorded_at"),
        "year_cutoff": CUTOFF,
        "cases": ("id", *(name for name in labels["cases"] if name != "id")),
        "recusal": ("case_id", "person"),
        "tracking": ("case_id", "code_hash"),
    }
    for table, columns in labels.items():
        if set(RECORD_KEY) <= set(columns):
            others = (name for name, label in columns.items() if label in COVERED and name not in RECORD_KEY)
            wanted[table] = (*RECORD_KEY, *others)
    return wanted


def in_step(tables: Mapping[str, Iterator[Row]]) -> Iterator[tuple[Any, dict[str, Iterable[Row]]]]:
    """The rows of all tables by their first column, which all are in the order of."""
    groups = {table: groupby(rows, key=itemgetter(0)) for table, rows in tables.items()}
    ahead = {table: group for table, rows in groups.items() if (group := next(rows, None))}
    while ahead:
        stream = min((key for key, _ in ahead.values()), key=_order)
        here: dict[str, Iterable[Row]] = {table: rows for table, (key, rows) in ahead.items() if key == stream}
        names = list(here)
        yield stream, here
        for table in names:
            if group := next(groups[table], None):
                ahead[table] = group
            else:
                del ahead[table]


def _order(key: Any) -> tuple[int, Any]:
    """As the database sorts: SQLite would let a text into a column of numbers, and puts it last."""
    return (1, key) if isinstance(key, int) else (0, 0) if key is None else (2, str(key))


def _finding(events: Iterable[Event], found: dict[Any, Event | None]) -> Iterator[Event]:
    """The events as they pass; the wanted ones are kept."""
    for event in events:
        if event.seq in found:
            found[event.seq] = event
        yield event


def check_told(
    stream: Any,
    posted: Sequence[Row],
    told: Mapping[Any, Any],
    passed: Mapping[tuple[Any, Any], set[Any]],
    notes: Notes,
) -> None:
    """Everybody whom an event tells has a message, and nobody else but those whom it was passed on to."""
    recipients: dict[Any, set[Any]] = defaultdict(set)
    for _, seq, recipient, _ in posted:
        recipients[seq].add(recipient)
    for seq, named in told.items():
        wanted = {*named} if isinstance(named, list) else set()
        heirs = passed.get((stream, seq), set())
        place = Finding(code="messages.missing", table="message", stream=stream, number=seq, column="recipient")
        if missing := (wanted | heirs) - recipients[seq]:
            notes.add(replace(place, expected=" ".join(map(str, sorted(missing, key=str)))))
        if others := recipients[seq] - wanted - heirs:
            notes.add(replace(place, code="messages.not_told", stored=" ".join(map(str, sorted(others, key=str)))))


def check_end(end: Row, anchored: int, notes: Notes) -> None:
    """What the head of a stream says of anchors and tallies. `end` has the columns of `stream_head`."""
    stream, seq, _, held, tallied = end
    place = Finding(code="chains.anchored", table="stream_head", stream=stream, column="anchored")
    if held != anchored:
        notes.add(replace(place, stored=held, expected=anchored))
    if not (isinstance(tallied, int) and isinstance(seq, int) and 0 <= tallied <= seq):
        notes.add(replace(place, code="chains.tallied", column="tallied", stored=tallied, expected=seq))


def last_anchored(source: Source) -> dict[int, int]:
    """How far each stream is in the last anchor that names it."""
    found: dict[int, int] = {}
    for (content,) in source.rows("anchor", ("content",), ("number",)):
        found |= {int(stream): int(seq) for stream, seq, _ in HEADS.findall(str(content))}
    return found


def _check_messages(posted: Sequence[Row], found: Mapping[Any, Event | None], notes: Notes) -> None:
    before: Row | None = None
    for stream, seq, recipient, stored in posted:
        notes.count("messages")
        event = found[seq]
        expected = event.recorded_at if event else None
        place = Finding(
            code="messages.orphan", table="message", stream=stream, number=seq, stored=stored, expected=expected
        )
        if event is None:
            notes.add(place)
        elif stored != expected:
            notes.add(replace(place, code="messages.differs", column="recorded_at"))
        if (seq, recipient) == before:
            notes.add(replace(place, code="messages.twice", column="recipient"))
        before = (seq, recipient)
