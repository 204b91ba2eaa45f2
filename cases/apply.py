"""Writes a decision: records, then the case's own row. The only place that sets a case's state; it decides nothing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.sql import bindparam

from cases.finding import REGISTER, index_again, index_texts
from cases.rows import INSERT, UPDATE, to_row, vouched
from cases.tables import Case, Recusal
from infra.statements import Statement, insert_or
from ledger.chain import commitment, new_salt
from workflow import model
from workflow.facts import Decision, Progress
from workflow.model import Json

#: Columns that follow from others of the same row; `labels.json` says so and `verify` recomputes them.
DERIVED = frozenset({"yellow_at", "red_at", "crossed_until", "next_crossing_at"})

PROGRESS = (
    "state", "milestones", "next_number", "holder_unit", "holder_person", "custody_number", "custody_from",
    "next_due_at", "paused_until", "extension_asked", "outcome", "closed_at",
)  # fmt: skip
_case = Case.__table__.c  # type: ignore[attr-defined]
_UPDATE_CASE = Statement(
    update(Case)
    .where(_case.id == bindparam("key_id"), _case.version == bindparam("key_version"))
    .values({name: bindparam(name) for name in ("version", *PROGRESS)})
)


class CaseWasNotThere(Exception):
    """The case's row did not have the version that was read under its lock: something wrote around the door."""


def progress_row(progress: Progress) -> dict[str, Any]:
    row = {name: getattr(progress, name) for name in PROGRESS}
    return {**row, "milestones": " ".join(sorted(progress.milestones))}


def apply(connection: Connection, case_id: int, decision: Decision, *, version: int) -> dict[str, Json]:
    """Writes everything that the decision changes and returns it as the ledger will vouch for it.

    `version` is the one the decision was made on. Raises `CaseWasNotThere` if the row has another.
    """
    row = progress_row(decision.progress)
    touched = _UPDATE_CASE.run(connection, key_id=case_id, key_version=version, version=version + 1, **row)
    if touched != 1:
        raise CaseWasNotThere
    if decision.case:
        changed = (
            update(Case).where(_case.id == case_id).values(**decision.case).returning(*(_case[n] for n in REGISTER))
        )
        index_again(connection, case_id, connection.execute(changed).one()._asdict())
    wrote = {**vouched(row, without=DERIVED), **decision.case}
    return {"cases": wrote, **apply_records(connection, case_id, decision), **_recuse(connection, case_id, decision)}


def _recuse(connection: Connection, case_id: int, decision: Decision) -> dict[str, Json]:
    """For these the case does not exist from now on; once is as good as twice."""
    if not decision.recused:
        return {}
    rows = [{"case_id": case_id, "person": person} for person in decision.recused]
    connection.execute(insert_or(connection, Recusal).values(rows).on_conflict_do_nothing())
    return {"recusal": {str(person): {} for person in decision.recused}}


def apply_records(connection: Connection, case_id: int, decision: Decision) -> dict[str, Json]:
    wrote: dict[str, dict[str, Json]] = {}
    for record in decision.new:
        row = _new_text(record) if isinstance(record, model.Text) else to_row(record)
        INSERT[type(record)].run(connection, case_id=case_id, **row)
        wrote.setdefault(record.table, {})[str(record.number)] = _vouched(record, row)
    index_texts(connection, case_id, [record for record in decision.new if isinstance(record, model.Text)])
    for record in decision.changed:
        row = to_row(record)
        values = {name: value for name, value in row.items() if name != "number"}
        UPDATE[type(record)].run(connection, key_case_id=case_id, key_number=record.number, **values)
        wrote.setdefault(record.table, {})[str(record.number)] = _vouched(record, row)
    return dict(wrote)


def _new_text(text: model.Text) -> dict[str, Any]:
    return {"number": text.number, "kind": text.kind.value, "salt": new_salt(), "content": text.content}


def _vouched(record: model.Record, row: Mapping[str, Any]) -> Json:
    """What enters the ledger of a record: its columns, or for a text the commitment in place of the words."""
    if isinstance(record, model.Text):
        return {"kind": row["kind"], "commitment": commitment(row["salt"], row["content"])}
    return vouched(row, without=DERIVED | {"number"})
