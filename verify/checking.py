"""`huiyin verify`: proves, reading only, that a database is what its ledger says. Also a plain script:

    python verify DATABASE [--json] [--anchors FILE]... [--key PUBLICKEY]... [--since NOTE]

DATABASE is the path of an SQLite file or of a backup, or a URL. Exit code 0: nothing to report; 1: findings; 3: the
database cannot be read. Only the standard library and a database driver are used, and no rule of the program: an
auditor may run this folder and `cases/labels.json` on a copy, without the program. The command
has one check more, which needs the rules: the marks of cases are worked out anew (`ops/marks_anew.py`).

What it cannot see: a ledger whose end was cut off, or whose events were forged and hashed anew, together with every row
and head that would contradict it. Against that stand the hashes that other people keep (anchors, receipts).
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from verify.anchors import check_anchors
from verify.as_read import Marks
from verify.in_step import check_streams, labels_of_columns
from verify.office import COVERED, check_office, check_policies
from verify.report import CANNOT_READ, CANNOT_READ_BESIDE, Finding, Notes, Report, without_password
from verify.shares import BEFORE_CASES, beginning, cores, file_of, shares_of, streams_of
from verify.since import Since, last_anchor, moved_since
from verify.sources import TRIGGERS, CannotRead, CannotReadBeside, Only, Source, opened
from verify.stream import OFFICE_STREAM
from verify.tallies import check_tallies

FINDINGS_FOUND, UNREADABLE = 1, 3

NO_OFFICE = "it is empty: there is no office in it; is this the right one?"
NO_MARKS = "the marks of cases were not worked out anew: that needs the program, huiyin verify"


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the report and returns the exit code."""
    parser = argparse.ArgumentParser(prog="huiyin verify", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("database")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--anchors", action="append", default=[], help="a file or folder of anchors that were kept")
    parser.add_argument("--key", action="append", default=[], help="the office's public key, or its file")
    parser.add_argument("--since", help="the signed note of a whole run: only what has moved since")
    parser.add_argument("--processes", type=int, default=cores(), help="by default as many as this machine has cores")
    asked = parser.parse_args(argv)
    since = Since(file=asked.since, keys=asked.key) if asked.since else None
    return told(
        asked.database,
        anchors=asked.anchors,
        keys=asked.key,
        as_json=asked.json,
        since=since,
        processes=asked.processes,
    )


def told(
    url_or_path: str,
    *,
    anchors: Sequence[str] = (),
    keys: Sequence[str] = (),
    as_json: bool = False,
    marks: Marks | None = None,
    since: Since | None = None,
    sound: Callable[[Report], None] | None = None,
    processes: int = 1,
) -> int:
    """The same for whoever has read the arguments already. `sound` is told of a report without a finding."""
    try:
        report = verify(url_or_path, anchors=anchors, keys=keys, marks=marks, since=since, processes=processes)
    except CannotReadBeside as error:
        sys.stderr.write(CANNOT_READ_BESIDE.format(reason=error) + "\n")
        return UNREADABLE
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
    processes: int = 1,
) -> Report:
    """Every fault of the database, also against the anchors in these files. `marks` works the marks of cases out anew, which
    needs the rules of the program (`ops/marks_anew.py`). `since`: only what has moved since the note of the last whole run
    (`since.py`). A large record is shared out among so many processes. Raises `CannotRead`."""
    labels = labels_of_columns()
    notes = Notes()
    with opened(url_or_path) as source:
        moved = moved_since(source, since, notes) if since else None
        shares: list[Only] = [*shares_of(source, processes)] if moved is None else [moved - {OFFICE_STREAM}]
        with beginning(min(processes, len(shares))) as begin:
            file = begin(file_of, url_or_path) if moved is None else None
            streams = [begin(streams_of, url_or_path, share, marks) for share in shares]
            _check_triggers(source, notes)
            office = check_streams(source, labels, notes, BEFORE_CASES)
            check_policies(source, office, notes)
            check_office(source, office, labels, notes)
            _check_series(source, notes)
            if moved is None:
                check_tallies(source, notes)
            if anchors:
                check_anchors(source, anchors, keys, notes, office.signing)
            for done in [*([file] if file else []), *streams]:
                notes.join(done())
            # Without an office there is no calendar either by which marks could be worked out; that is all that is found then.
            if not notes.counts["chains"] and all(one.code == "marks.unreadable" for one in notes.findings):
                raise CannotRead(NO_OFFICE)
        reached = last_anchor(source)
    if not marks:
        notes.remark(NO_MARKS)
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
