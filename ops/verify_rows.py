"""The rows of one case against what the ledger says of it: hashed columns must equal, derived ones must follow.

Which column is which is `cases/labels.json`. A column that the ledger has never written for a row must be empty.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from ops.verify_report import Finding, Notes
from ops.verify_stream import Folded, rungs, same

TEXTS = "personal_text"
OPENED_ALERT_CODES, OVERDUE_CODES = ("yellow", "reminder"), ("red", "lapsed")


def compare_case(folded: Folded, rows: Iterable[Sequence[Any]], columns: Sequence[str], notes: Notes) -> None:
    """The case's own row. `version` is vouched for by the count of its steps, every other column by what they wrote."""
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    if folded.case and not found:
        notes.add(Finding(code="rows.missing", table="cases", stream=folded.stream))
    for row in found:
        notes.count("rows")
        if not folded.case:
            notes.add(Finding(code="rows.orphan", table="cases", stream=folded.stream))
            continue
        _compare(folded, "cases", None, row, {**folded.case, "id": folded.stream, "version": folded.version}, notes)


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
    for values in rows:
        notes.count("rows")
        row = dict(zip(columns, values, strict=True))
        number = row["number"]
        vouched = folded.records.get((table, number)) if number not in seen else None
        seen.add(number)
        if vouched is None:
            notes.add(Finding(code="rows.orphan", table=table, stream=folded.stream, number=number))
            continue
        keys = {"case_id": folded.stream, "number": number}
        if table == TEXTS:
            _compare_text(folded, number, row, {**vouched, **keys}, notes)
        else:
            vouched = {**vouched, **keys, **_opened(folded, table, vouched), **_derived(folded, table, number)}
            _compare(folded, table, number, row, vouched, notes)
    for name, number in folded.records:
        if name == table and number not in seen:
            notes.add(Finding(code="rows.missing", table=table, stream=folded.stream, number=number))


def _compare(
    folded: Folded, table: str, number: Any, row: dict[str, Any], vouched: dict[str, Any], notes: Notes
) -> None:
    derived = _derived(folded, table, number)
    if derived:
        notes.count("derived")
    for column, stored in row.items():
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


def _derived(folded: Folded, table: str, number: Any) -> dict[str, Any]:
    """The derived columns of a clock, from its rungs and crossings in the ledger."""
    if table != "clock":
        return {}
    clock = folded.records["clock", number]
    ladder = rungs(clock)
    return {
        "yellow_at": next((rung.at for rung in ladder if rung.code in OPENED_ALERT_CODES), None),
        "red_at": next((rung.at for rung in ladder if rung.code in OVERDUE_CODES), None),
        "crossed_until": folded.crossed_until.get(number),
        "next_crossing_at": next((rung.at for rung in folded.uncrossed(number, clock)), None),
    }


def _opened(folded: Folded, table: str, clock: dict[str, Any]) -> dict[str, Any]:
    """Events of the first shape do not say when an extension opened a clock: when it stopped the one before."""
    before = folded.records.get((table, clock.get("extends"))) if table == "clock" else None
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
    _compare(folded, TEXTS, number, row, vouched, notes)
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
