"""The rows of one case against what the ledger says of it: hashed columns must equal, derived ones must follow.

Which column is which is `cases/labels.json`. A column that the ledger has never written for a row must be empty.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from verify.report import Finding, Notes
from verify.sources import Row
from verify.stream import Folded, alike, ladder_of, same

#: What says of a table that its rows are records of a case. These columns are read first.
RECORD_KEY = ("case_id", "number")
#: The columns of a clock that follow from its rungs and crossings. They are read last.
DERIVED = ("yellow_at", "red_at", "crossed_until", "next_crossing_at")
TEXTS, CLOCKS = "personal_text", "clock"
#: The columns of a text that its commitment vouches for. They are read last.
SECRET = ("salt", "content")


def compare_rows(
    folded: Folded, rows: Mapping[str, Sequence[Row]], wanted: Mapping[str, Sequence[str]], notes: Notes
) -> None:
    """All rows of a case, by table; `wanted` are the columns that were read of each."""
    _compare_case(folded, rows.get("cases", ()), wanted["cases"], notes)
    # A person for whom the case does not exist: an event writes one as it writes a record, under the person's number.
    _compare_records(folded, "recusal", rows.get("recusal", ()), RECORD_KEY, notes)
    tracking = [(case_id, None, *others) for case_id, *others in rows.get("tracking", ())]
    _compare_records(folded, "tracking", tracking, (*RECORD_KEY, *wanted["tracking"][1:]), notes)
    for table, columns in wanted.items():
        if (table in rows or table in folded.records) and columns[:2] == RECORD_KEY:
            _compare_records(folded, table, rows.get(table, ()), columns, notes)


def _compare_case(folded: Folded, rows: Sequence[Row], columns: Sequence[str], notes: Notes) -> None:
    """The case's own row. `version` is vouched for by the count of its steps, every other column by what they wrote."""
    if folded.case and not rows:
        notes.add(Finding(code="rows.missing", table="cases", stream=folded.stream))
    for values in rows:
        notes.count("rows")
        if not folded.case:
            notes.add(Finding(code="rows.orphan", table="cases", stream=folded.stream))
            continue
        vouched = {**folded.case, "id": folded.stream, "version": folded.version}
        expected = tuple(map(vouched.get, columns))
        if not alike(values, expected):
            _differ(_place(folded, "cases", None), columns, values, expected, vouched, notes)


def _compare_records(folded: Folded, table: str, rows: Sequence[Row], columns: Sequence[str], notes: Notes) -> None:
    """Every row of one table of a case: none missing, none too many, none changed."""
    seen: set[Any] = set()
    known = folded.records.get(table, {})
    written = columns[2 : -len(DERIVED)] if table == CLOCKS else columns[2:]
    notes.count("rows", len(rows))
    for values in rows:
        number = values[1]
        vouched = known.get(number) if number not in seen else None
        seen.add(number)
        if vouched is None:
            notes.add(Finding(code="rows.orphan", table=table, stream=folded.stream, number=number))
            continue
        if table == TEXTS:
            _compare_text(folded, columns, values, vouched, notes)
            continue
        if table == CLOCKS:
            notes.count("derived")
            vouched = _opened(folded, vouched)
            expected = (folded.stream, number, *map(vouched.get, written), *derived_of(folded, number))
        else:
            expected = (folded.stream, number, *map(vouched.get, written))
        if not alike(values, expected):
            _differ(_place(folded, table, number), columns, values, expected, vouched, notes)
    for number in () if known.keys() <= seen else known:
        if number not in seen:
            notes.add(Finding(code="rows.missing", table=table, stream=folded.stream, number=number))


def _place(folded: Folded, table: str, number: Any) -> Finding:
    return Finding(code="", table=table, stream=folded.stream, number=number)


def _differ(
    place: Finding, columns: Sequence[str], values: Row, expected: Row, vouched: Mapping[str, Any], notes: Notes
) -> None:
    """A finding for each column that is not what the ledger says."""
    for column, stored, said in zip(columns, values, expected, strict=True):
        if same(stored, said):
            continue
        if place.table == "cases" and column == "version":
            code = "versions.differs"
        elif place.table == CLOCKS and column in DERIVED:
            code = "derived.differs"
        else:
            code = "rows.differs" if column in vouched or column in RECORD_KEY else "rows.not_vouched"
        notes.add(replace(place, code=code, column=column, stored=stored, expected=said))


def derived_of(folded: Folded, number: Any) -> tuple[str | None, ...]:
    """The derived columns of a clock, from its rungs and crossings in the ledger."""
    clock, since = folded.of(CLOCKS)[number], folded.crossed_until.get(number)
    ladder = ladder_of(clock)
    following = None if clock.get("stopped_at") else ladder.after(since)
    return ladder.yellow_at, ladder.red_at, since, following


def _opened(folded: Folded, clock: dict[str, Any]) -> dict[str, Any]:
    """Events of the first shape do not say when an extension opened a clock: when it stopped the one before."""
    if clock.get("opened_at") is not None:
        return clock
    before = folded.of(CLOCKS).get(clock.get("extends"))
    return {**clock, "opened_at": before.get("stopped_at")} if before else clock


def _compare_text(
    folded: Folded, columns: Sequence[str], values: Row, vouched: Mapping[str, Any], notes: Notes
) -> None:
    """A text against its commitment. The words themselves never stand in a finding."""
    number, salt, content = values[1], *values[-len(SECRET) :]
    named, values = columns[: -len(SECRET)], values[: -len(SECRET)]
    expected = (folded.stream, number, *map(vouched.get, named[2:]))
    if not alike(values, expected):
        _differ(_place(folded, TEXTS, number), named, values, expected, vouched, notes)
    erased = number in folded.erased
    if salt is None and content is None:
        code, stored = ("" if erased else "rows.emptied"), None
    else:
        stored = hashlib.sha256(f"{salt}\n{content}".encode("utf-8", "surrogateescape")).hexdigest()
        whole = isinstance(salt, str) and isinstance(content, str) and stored == vouched.get("commitment")
        code = "rows.not_erased" if erased else "" if whole else "rows.text"
    if code:
        commitment = vouched.get("commitment")
        found = replace(_place(folded, TEXTS, number), code=code, column="content")
        notes.add(replace(found, stored=stored, expected=commitment))
