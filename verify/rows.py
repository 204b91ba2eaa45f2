"""The rows of one case against what the ledger says of it: hashed columns must equal, derived ones must follow.

Which column is which is `cases/labels.json`. A column that the ledger has never written for a row must be empty.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from verify.report import Finding, Notes
from verify.stream import Folded, alike, rungs, same

TEXTS = "personal_text"
OPENED_ALERT_CODES, OVERDUE_CODES = ("yellow", "reminder"), ("red", "lapsed")


def compare_case(folded: Folded, rows: Iterable[Sequence[Any]], columns: Sequence[str], notes: Notes) -> None:
    """The case's own row. `version` is vouched for by the count of its steps, every other column by what they wrote."""
    found = list(rows)
    if folded.case and not found:
        notes.add(Finding(code="rows.missing", table="cases", stream=folded.stream))
    for values in found:
        notes.count("rows")
        if not folded.case:
            notes.add(Finding(code="rows.orphan", table="cases", stream=folded.stream))
            continue
        vouched = {**folded.case, "id": folded.stream, "version": folded.version}
        _compare(folded, "cases", None, (columns, values), vouched, {}, notes)


def compare_tracking(folded: Folded, rows: Iterable[Sequence[Any]], columns: Sequence[str], notes: Notes) -> None:
    compare_records(folded, "tracking", ((*row, None) for row in rows), (*columns, "number"), notes)


def compare_recusals(folded: Folded, rows: Iterable[Sequence[Any]], notes: Notes) -> None:
    """A person for whom the case does not exist. An event writes one as it writes a record, under the person's number."""
    compare_records(folded, "recusal", rows, ("case_id", "number"), notes)


def compare_records(
    folded: Folded, table: str, rows: Iterable[Sequence[Any]], columns: Sequence[str], notes: Notes
) -> None:
    """Every row of one table of a case: none missing, none too many, none changed."""
    seen: set[Any] = set()
    known, place = folded.of(table), columns.index("number")
    for values in rows:
        notes.count("rows")
        number = values[place]
        vouched = known.get(number) if number not in seen else None
        seen.add(number)
        if vouched is None:
            notes.add(Finding(code="rows.orphan", table=table, stream=folded.stream, number=number))
            continue
        keys = {"case_id": folded.stream, "number": number}
        if table == TEXTS:
            _compare_text(folded, number, dict(zip(columns, values, strict=True)), {**vouched, **keys}, notes)
            continue
        derived = _derived(folded, number) if table == "clock" else {}
        opened = _opened(folded, vouched) if table == "clock" else {}
        _compare(folded, table, number, (columns, values), {**vouched, **keys, **opened, **derived}, derived, notes)
    for number in known:
        if number not in seen:
            notes.add(Finding(code="rows.missing", table=table, stream=folded.stream, number=number))


#: The names of the columns of a row, and its values.
Stored = tuple[Sequence[str], Sequence[Any]]


def _compare(
    folded: Folded, table: str, number: Any, row: Stored, vouched: dict[str, Any], derived: dict[str, Any], notes: Notes
) -> None:
    if derived:
        notes.count("derived")
    columns, values = row
    if alike(tuple(values), tuple(map(vouched.get, columns))):
        return
    for column, stored in zip(columns, values, strict=True):
        if same(stored, vouched.get(column)):
            continue
        if table == "cases" and column == "version":
            code = "versions.differs"
        elif column in derived:
            code = "derived.differs"
        else:
            code = "rows.differs" if column in vouched else "rows.not_vouched"
        notes.add(
            Finding(
                code=code,
                table=table,
                stream=folded.stream,
                number=number,
                column=column,
                stored=stored,
                expected=vouched.get(column),
            )
        )


def _derived(folded: Folded, number: Any) -> dict[str, Any]:
    """The derived columns of a clock, from its rungs and crossings in the ledger."""
    clock = folded.of("clock")[number]
    ladder = rungs(clock)
    return {
        "yellow_at": next((rung.at for rung in ladder if rung.code in OPENED_ALERT_CODES), None),
        "red_at": next((rung.at for rung in ladder if rung.code in OVERDUE_CODES), None),
        "crossed_until": folded.crossed_until.get(number),
        "next_crossing_at": next((rung.at for rung in folded.uncrossed(number, clock)), None),
    }


def _opened(folded: Folded, clock: dict[str, Any]) -> dict[str, Any]:
    """Events of the first shape do not say when an extension opened a clock: when it stopped the one before."""
    before = folded.of("clock").get(clock.get("extends"))
    return {"opened_at": before.get("stopped_at")} if before and clock.get("opened_at") is None else {}


def _compare_text(folded: Folded, number: Any, row: dict[str, Any], vouched: dict[str, Any], notes: Notes) -> None:
    """A text against its commitment. The words themselves never stand in a finding."""
    erased = number in folded.erased
    salt, content = row.pop("salt"), row.pop("content")
    if salt is None and content is None:
        code, stored = ("" if erased else "rows.emptied"), None
    else:
        stored = hashlib.sha256(f"{salt}\n{content}".encode("utf-8", "surrogateescape")).hexdigest()
        whole = isinstance(salt, str) and isinstance(content, str) and stored == vouched.get("commitment")
        code = "rows.not_erased" if erased else "" if whole else "rows.text"
    _compare(folded, TEXTS, number, (tuple(row), tuple(row.values())), vouched, {}, notes)
    if code:
        notes.add(
            Finding(
                code=code,
                table=TEXTS,
                stream=folded.stream,
                number=number,
                column="content",
                stored=stored,
                expected=vouched.get("commitment"),
            )
        )
