"""Who has read what people said in confidence: a note for each reader, case and day, gathered into events of the office.

Whoever holds a case or serves in it reads it to do their work, and is not noted. Of everybody else the first look of a day
is, so that a page costs one look-up and seldom a write. Notes become evidence when `gather` writes them into an event.
Exports, packs and names shown in full are events by themselves (`reports/closures/exports.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.sql import bindparam

from cases.tables import CaseRead
from cases.visibility import case, visible_cases
from infra.statements import Statement, insert_or
from ledger.chain import NewEvent, append_to_office
from workflow.model import TIMERS, AccountId, Actor, CaseId, Json
from workflow.spelling import stamp

EVENT = "cases:read"
#: Notes in one event.
BATCH = 500

_read = CaseRead.__table__.c  # type: ignore[attr-defined]
_NOTED = Statement(
    select(_read.seq).where(
        _read.case_id == bindparam("case_id"), _read.account_id == bindparam("account"), _read.day == bindparam("day")
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A note as an auditor sees it: series, year and serial of the case, who, when first on that day."""

    number: tuple[str, int, int]
    reader: AccountId
    first_at: datetime


def is_noted(connection: Connection, case_id: CaseId | int, account: AccountId, day: date) -> bool:
    return bool(_NOTED.rows(connection, case_id=case_id, account=account, day=day))


def note_read(connection: Connection, case_id: CaseId | int, account: AccountId, *, day: date, now: datetime) -> None:
    """The first look of a day; a second one at the same moment changes nothing."""
    row = insert_or(connection, CaseRead).values(case_id=case_id, account_id=account, day=day, first_at=now, seq=None)
    connection.execute(row.on_conflict_do_nothing())


def gather(connection: Connection, *, now: datetime) -> int:
    """Writes what has been noted since the last time into one event, and returns how many notes that were."""
    query = select(*_read).where(_read.seq.is_(None)).order_by(_read.first_at, _read.case_id, _read.account_id)
    rows = connection.execute(query.limit(BATCH).with_for_update(skip_locked=True)).all()
    if not rows:
        return 0
    reads: list[Json] = [[row.case_id, row.account_id, row.day.isoformat(), stamp(row.first_at)] for row in rows]
    event = NewEvent(code=EVENT, occurred_at=now, recorded_at=now, actor=TIMERS, data={"reads": reads})
    head = append_to_office(connection, event)
    for row in rows:
        key = (_read.case_id == row.case_id, _read.account_id == row.account_id, _read.day == row.day)
        connection.execute(update(CaseRead).where(*key).values(seq=head.seq))
    return len(rows)


def reads_of(connection: Connection, *, actor: Actor, most: int) -> Sequence[ReadLine]:
    """The last notes about cases that exist for this reader, the newest first."""
    columns = (case.series, case.year, case.serial, _read.account_id, _read.first_at)
    query = visible_cases(actor, *columns).join(CaseRead, _read.case_id == case.id)
    found: Sequence[Any] = connection.execute(query.order_by(_read.first_at.desc(), case.id).limit(most)).all()
    return [
        ReadLine(number=(row.series, row.year, row.serial), reader=AccountId(row.account_id), first_at=row.first_at)
        for row in found
    ]
