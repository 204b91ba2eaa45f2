"""The tables read in step, one stream at a time, each by one cursor: the chain of a stream, what its events add up to, and
the rows that must be like that.

Nothing of what is compared here lies in two streams, but for two things that the office says of all of them: how far anchors
hold them, and to whom waiting mails were passed on. Both are read first.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from verify.as_read import COUNTED, Anew, CaseAsRead, Head
from verify.notes import HEADS
from verify.office import COVERED, CUTOFF, Office, check_heads, passed_on, remembering
from verify.report import Finding, Notes
from verify.rows import CLOCKS, DERIVED, RECORD_KEY, SECRET, TEXTS, compare_rows
from verify.sources import Only, Row, Source
from verify.stream import EVENT_COLUMNS, OFFICE_STREAM, Event, Folded, Said, chain, fold, said_by

LABELS = Path(__file__).resolve().parents[1] / "cases" / "labels.json"
NOBODY: frozenset[Any] = frozenset()

Labels = Mapping[str, Mapping[str, str]]


def labels_of_columns() -> Labels:
    """What is said of every column: by table and name."""
    found: Labels = json.loads(LABELS.read_text("utf-8"))
    return found


def check_streams(
    source: Source, labels: Labels, notes: Notes, only: Only = None, *, anew: Anew | None = None
) -> Office:
    """All streams, or `only` these; `anew` works out the marks of each case. Returns what the office's own adds up to, if it
    is among them."""
    notes.begin("chains", "versions", "rows", "derived", "crossings", "messages", "office")
    wanted = _columns(labels) | ({table: tuple(labels[table]) for table in COUNTED} if anew else {})
    office = Office()
    anchored, passed = last_anchored(source), passed_on(source)
    cursors = {
        table: source.rows(table, columns, columns[:2] if table != "message" else columns[:3], only)
        for table, columns in wanted.items()
    }
    for stream, groups in in_step(cursors):
        events: Iterator[Event] = map(Event._make, groups.pop("event", ()))
        rows = {table: [*group] for table, group in groups.items()}
        head = Head(*rows["stream_head"][0]) if "stream_head" in rows else None
        if head:
            check_end(head, anchored.get(stream, 0), notes)
        events = chain(stream, events, (head.seq, head.hash) if head else None, notes)
        if stream == OFFICE_STREAM:
            told, folded = office.told, Folded(stream)
            found = _those(remembering(events, office), rows)
            said: list[Said] = []
        else:
            said = [*map(said_by, events)]
            folded = fold(stream, said, notes)
            told, found = folded.told, {event.seq: event for event, _ in said}
        _check_messages(rows.get("message", ()), found, notes)
        check_told(stream, rows.get("message", ()), told, passed, notes)
        check_heads(rows.get("year_cutoff", ()), found, notes)
        compare_rows(folded, rows, wanted, notes)
        if anew:
            anew(CaseAsRead(stream, head, said, rows, wanted))
    return office


def _columns(labels: Labels) -> dict[str, tuple[str, ...]]:
    """The columns to read of each table, its key first."""
    wanted: dict[str, tuple[str, ...]] = {
        "event": EVENT_COLUMNS,
        "stream_head": Head._fields,
        "message": ("stream", "seq", "recipient", "recorded_at"),
        "year_cutoff": CUTOFF,
        "cases": ("id", *(name for name in labels["cases"] if name != "id")),
        "recusal": ("case_id", "person"),
        "tracking": ("case_id", "code_hash"),
    }
    for table, columns in labels.items():
        if set(RECORD_KEY) <= set(columns):
            last = {CLOCKS: DERIVED, TEXTS: SECRET}.get(table, ())
            others = (name for name, label in columns.items() if label in COVERED and name not in (*RECORD_KEY, *last))
            wanted[table] = (*RECORD_KEY, *others, *last)
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


def _those(events: Iterable[Event], rows: Mapping[str, Sequence[Row]]) -> dict[Any, Event]:
    """The events that messages and closed years speak of, by their seq, as all of them pass."""
    wanted = {row[1] for table in ("message", "year_cutoff") for row in rows.get(table, ())}
    return {event.seq: event for event in events if event.seq in wanted}


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
        wanted |= passed.get((stream, seq), NOBODY)
        found = recipients.get(seq, NOBODY)
        if found == wanted:
            continue
        place = Finding(code="messages.missing", table="message", stream=stream, number=seq, column="recipient")
        if missing := wanted - found:
            notes.add(replace(place, expected=" ".join(map(str, sorted(missing, key=str)))))
        if others := found - wanted:
            notes.add(replace(place, code="messages.not_told", stored=" ".join(map(str, sorted(others, key=str)))))


def check_end(head: Head, anchored: int, notes: Notes) -> None:
    """What the head of a stream says of anchors and tallies."""
    place = partial(Finding, table="stream_head", stream=head.stream)
    if head.anchored != anchored:
        notes.add(place(code="chains.anchored", column="anchored", stored=head.anchored, expected=anchored))
    if not (isinstance(head.tallied, int) and isinstance(head.seq, int) and 0 <= head.tallied <= head.seq):
        notes.add(place(code="chains.tallied", column="tallied", stored=head.tallied, expected=head.seq))


def last_anchored(source: Source) -> dict[int, int]:
    """How far each stream is in the last anchor that names it."""
    found: dict[int, int] = {}
    for (content,) in source.rows("anchor", ("content",), ("number",)):
        found |= {int(stream): int(seq) for stream, seq, _ in HEADS.findall(str(content))}
    return found


def _check_messages(posted: Sequence[Row], found: Mapping[Any, Event], notes: Notes) -> None:
    """Each is about an event of its stream, of the instant of that event, and the only one to its recipient."""
    notes.count("messages", len(posted))
    before: tuple[Any, Any] | None = None
    for stream, seq, recipient, stored in posted:
        event = found.get(seq)
        if event is None:
            notes.add(_of_message(stream, seq, "messages.orphan", None, stored))
        elif stored != event.recorded_at:
            notes.add(_of_message(stream, seq, "messages.differs", "recorded_at", stored, event.recorded_at))
        if (seq, recipient) == before:
            notes.add(_of_message(stream, seq, "messages.twice", "recipient", stored, event and event.recorded_at))
        before = seq, recipient


def _of_message(stream: Any, seq: Any, code: str, column: str | None, stored: Any, expected: Any = None) -> Finding:
    return Finding(
        code=code, table="message", stream=stream, number=seq, column=column, stored=stored, expected=expected
    )
