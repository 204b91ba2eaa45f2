"""`huiyin verify`: proves, reading only, that a database is what its ledger says. Also a plain script:

    python ops/verify.py DATABASE [--json] [--anchors FILE]... [--key PUBLICKEY]... [--since NOTE]

DATABASE is the path of an SQLite file or of a backup, or a URL. Exit code 0: nothing to report; 1: findings; 3: the
database cannot be read. Only the standard library and a database driver are used, and no rule of the program: an
auditor may run this file, its neighbours `verify_*.py` and `cases/labels.json` on a copy, without the program. The command
has one check more, which needs the rules: the marks of cases are worked out anew (`marks_anew.py`).

What it cannot see: a ledger whose end was cut off, or whose events were forged and hashed anew, together with every row
and head that would contradict it. Against that stand the hashes that other people keep (anchors, receipts).
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

if not __package__:  # run as a script: the neighbours are found from the directory above
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ops.verify_anchors import check_anchors
from ops.verify_marks import check_tallies
from ops.verify_notes import HEADS
from ops.verify_office import COVERED, CUTOFF, Office, check_heads, check_office, check_policies, remembering
from ops.verify_report import CANNOT_READ, Finding, Notes, Report, without_password
from ops.verify_rows import compare_case, compare_records, compare_recusals, compare_tracking
from ops.verify_since import Since, last_anchor, moved_since
from ops.verify_sources import TRIGGERS, CannotRead, Row, Source, opened
from ops.verify_stream import EVENT_COLUMNS, OFFICE_STREAM, Event, chain, fold

LABELS = Path(__file__).resolve().parents[1] / "cases" / "labels.json"
#: What says of a table that its rows are records of a case.
RECORD_KEY = ("case_id", "number")
FINDINGS_FOUND, UNREADABLE = 1, 3

NO_OFFICE = "it is empty: there is no office in it; is this the right one?"
NO_MARKS = "the marks of cases were not worked out anew: that needs the program, huiyin verify"

Labels = Mapping[str, Mapping[str, str]]
Marks = Callable[[str, Notes, Collection[int] | None], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the report and returns the exit code."""
    parser = argparse.ArgumentParser(prog="huiyin verify", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("database")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--anchors", action="append", default=[], help="a file or folder of anchors that were kept")
    parser.add_argument("--key", action="append", default=[], help="the office's public key, or its file")
    parser.add_argument("--since", help="the signed note of a whole run: only what has moved since")
    asked = parser.parse_args(argv)
    since = Since(file=asked.since, keys=asked.key) if asked.since else None
    return told(asked.database, anchors=asked.anchors, keys=asked.key, as_json=asked.json, since=since)


def told(
    url_or_path: str,
    *,
    anchors: Sequence[str] = (),
    keys: Sequence[str] = (),
    as_json: bool = False,
    marks: Marks | None = None,
    since: Since | None = None,
    sound: Callable[[Report], None] | None = None,
) -> int:
    """The same for whoever has read the arguments already. `sound` is told of a report without a finding."""
    try:
        report = verify(url_or_path, anchors=anchors, keys=keys, marks=marks, since=since)
    except CannotRead as error:
        sys.stderr.write(CANNOT_READ.format(database=without_password(url_or_path), reason=error) + "\n")
        return UNREADABLE
    sys.stdout.write((report.json() if as_json else report.text()) + "\n")
    if report.ok and sound:
        sound(report)
    return 0 if report.ok else FINDINGS_FOUND


def verify(
    url_or_path: str,
    *,
    anchors: Sequence[str] = (),
    keys: Sequence[str] = (),
    marks: Marks | None = None,
    since: Since | None = None,
) -> Report:
    """Every fault of the database, also against the anchors in these files. `marks` works the marks of all cases out anew,
    which needs the rules of the program (`ops/marks_anew.py`). `since`: only what has moved since the note of the last whole
    run (`verify_since.py`). Raises `CannotRead`."""
    labels: Labels = json.loads(LABELS.read_text("utf-8"))
    notes = Notes()
    with opened(url_or_path) as source:
        moved = moved_since(source, since, notes) if since else None
        if moved is None:
            _check_file(source, labels, notes)
        _check_triggers(source, notes)
        office = _check_streams(source, labels, notes, moved)
        _check_series(source, notes)
        if moved is None:
            check_tallies(source, notes)
        if anchors:
            check_anchors(source, anchors, keys, notes, office.signing)
        reached = last_anchor(source)
    if not notes.counts["chains"] and not notes.findings:
        raise CannotRead(NO_OFFICE)
    if marks:
        if moved is not None:
            notes.begin("marks")
        marks(url_or_path, notes, moved)
    else:
        notes.remarks.append(NO_MARKS)
    given = [label for columns in labels.values() for label in columns.values()]
    return Report(
        database=url_or_path,
        counts=notes.counts,
        columns={
            "hashed": given.count("hashed"),
            "derived": given.count("derived"),
            "volatile": sum(label not in COVERED for label in given),
        },
        findings=tuple(notes.findings),
        remarks=tuple(notes.remarks),
        reached=reached,
    )


def _check_file(source: Source, labels: Labels, notes: Notes) -> None:
    damage = source.damage()
    if damage is not None:
        notes.begin("file")
        for _ in labels:
            notes.count("file")
        for line in damage:
            notes.add(Finding(code="file.damaged", table="file", stored=line))


def _check_triggers(source: Source, notes: Notes) -> None:
    notes.begin("triggers")
    found, wanted = source.triggers(), TRIGGERS[source.kind]
    for name in sorted(wanted.keys() - found.keys()):
        notes.add(Finding(code="triggers.missing", table="trigger", number=name))
    for name, parts in found.items():
        place = Finding(code="triggers.added", table="trigger", number=name)
        if name not in wanted:
            notes.add(replace(place, stored=parts.get("table") or parts.get("rule") or parts.get("sql")))
            continue
        notes.count("triggers")
        for part, expected in wanted[name].items():
            if (stored := parts.get(part)) != expected:
                notes.add(replace(place, code="triggers.differs", column=part, stored=stored, expected=expected))


# -- streams ----------------------------------------------------------------------------------------------------------


def _check_streams(source: Source, labels: Labels, notes: Notes, only: Collection[int] | None = None) -> Office:
    """Reads the tables in step, one stream at a time, each table by one cursor; all streams, or `only` these."""
    notes.begin("chains", "versions", "rows", "derived", "crossings", "messages", "office")
    wanted = _columns(labels)
    office = Office()
    anchored = last_anchored(source)
    cursors = {
        table: source.rows(table, columns, columns[:2] if table != "message" else columns[:3], only)
        for table, columns in wanted.items()
    }
    for stream, rows in _in_step(cursors):
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
        check_told(stream, posted, office.told if stream == OFFICE_STREAM else folded.told, office.passed, notes)
        check_heads(heads, found, notes)
        compare_case(folded, rows.pop("cases", ()), wanted["cases"], notes)
        compare_recusals(folded, rows.pop("recusal", ()), notes)
        compare_tracking(folded, rows.pop("tracking", ()), wanted["tracking"], notes)
        for table, columns in wanted.items():
            if columns[:2] == RECORD_KEY:
                compare_records(folded, table, rows.pop(table, ()), columns, notes)
    check_policies(source, office, notes)
    check_office(source, office, labels, notes)
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


def _in_step(tables: Mapping[str, Iterator[Row]]) -> Iterator[tuple[Any, dict[str, Iterable[Row]]]]:
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


# -- numbers ----------------------------------------------------------------------------------------------------------


def _check_series(source: Source, notes: Notes) -> None:
    """Each serial from 1 to the last one issued belongs to exactly one case."""
    notes.begin("series")
    order = ("series", "year", "serial")
    issued = {(name, year): last for name, year, last in source.rows("series", (*order[:2], "last"), order[:2])}
    for key, rows in groupby(source.rows("cases", order, order), key=itemgetter(0, 1)):
        _check_serials(key, [row[2] for row in rows], issued.pop(key, None), notes)
    for key, last in issued.items():
        _check_serials(key, [], last, notes)


def _check_serials(key: tuple[Any, Any], serials: Sequence[Any], last: int | None, notes: Notes) -> None:
    place = Finding(code="series.missing", table="series", number=f"{key[0]} {key[1]}")
    following = 1
    for serial in serials:
        notes.count("series")
        if not isinstance(serial, int) or serial < following:
            notes.add(replace(place, code="series.twice", column="serial", stored=serial))
            continue
        if serial > following:
            notes.add(replace(place, column="serial", expected=_span(following, serial - 1)))
        following = serial + 1
    if last is None:
        notes.add(replace(place, code="series.differs", column="last", expected=following - 1))
    elif last >= following:
        notes.add(replace(place, column="serial", expected=_span(following, last)))
    elif last < following - 1:
        notes.add(replace(place, code="series.beyond", column="last", stored=following - 1, expected=last))


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


if __name__ == "__main__":
    sys.exit(main())
