"""Mails that wait for somebody whose account was closed meanwhile: they go to whoever answers now.

Closing an account sends nothing and loses nothing. What was told to the holder of a case goes to whoever holds it now, or
stands in (`people/audiences.py`); what was told to a post, to whoever has that post; an anchor goes to the auditors. The
first row stays, passed on, so that nobody is told twice of one event.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select, update

from cases.anchors import EVENT as ANCHOR
from cases.tables import Case, Task
from cases.visibility import case, visible_cases
from infra.among import is_among
from ledger.chain import OFFICE_STREAM
from ledger.outbox import messages, post
from ledger.tables import Event, Message
from people.audiences import Roster
from people.directory import active_with_role
from people.noting import note
from people.tables import Account
from workflow.model import HOLDERS, TIMERS, AccountId, Audience, Json, Role, UnitId

PASSED_ON = "passed on"
#: What else the program itself says of a mail that waits or was given up; all other reasons are a mail server's.
NO_KEY, NOT_COMPOSED, ACCOUNT_CLOSED, RESTORED = "no key", "not composed", "account closed", "restored"
RECUSED, POST_OVER, AT_THE_DESK = "recused", "post over", "at the desk"
OWN_REASONS = {
    PASSED_ON: "passed_on", NO_KEY: "no_key", NOT_COMPOSED: "not_composed", ACCOUNT_CLOSED: "account_closed",
    RESTORED: "restored", RECUSED: "recused", POST_OVER: "post_over", AT_THE_DESK: "at_the_desk",
}  # fmt: skip

_account = Account.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_task = Task.__table__.c  # type: ignore[attr-defined]
_message = Message.__table__.c  # type: ignore[attr-defined]


def forward(connection: Connection, *, now: datetime) -> int:
    """What is due by `now` and waits for a closed account waits for whoever answers now. Returns how many were passed on;
    one that nobody can answer for stays where it is."""
    waiting = _of_closed_accounts(connection, now=now)
    if not waiting:
        return 0
    answering = _Answering(connection, {row.stream for row in waiting})
    passed: list[Json] = []
    for row in waiting:
        if heirs := answering.instead_of(row):
            others = sorted(set(heirs) - _told(connection, row))
            post(connection, _due(row, others, now=now))
            values = {"next_try_at": None, "bundle": None, "last_error": PASSED_ON}
            connection.execute(update(Message).where(_message.id == row.id).values(**values))
            passed.append([row.stream, row.seq, row.recipient, [*others]])
    if passed:
        note(connection, "mails:passed_on", actor=TIMERS, now=now, data={"mails": passed})
    return len(passed)


def _of_closed_accounts(connection: Connection, *, now: datetime) -> list[Any]:
    query = (
        select(
            _message.id, _message.recorded_at, _message.stream, _message.seq, _message.recipient, _account.role, _account.unit_id, _event.code
        )
        .join_from(Message, Account, _message.recipient == _account.id)
        .join(Event, (_event.stream == _message.stream) & (_event.seq == _message.seq))
        .where(_message.next_try_at <= now, _account.active.is_(False))
        .order_by(_message.id)
        .with_for_update(of=Message.__table__, skip_locked=True)  # type: ignore[attr-defined]  # whoever is sending it has it
    )  # fmt: skip
    return list(connection.execute(query))


def _told(connection: Connection, row: Any) -> set[int]:
    """Everyone who has had a mail of the same event."""
    same = (_message.recorded_at == row.recorded_at, _message.stream == row.stream, _message.seq == row.seq)
    return set(connection.execute(select(_message.recipient).where(*same)).scalars())


def _due(row: Any, to: Iterable[int], *, now: datetime) -> list[dict[str, Any]]:
    rows = messages(row.stream, row.seq, recorded_at=row.recorded_at, to=sorted(map(AccountId, to)))
    return [{**one, "next_try_at": now} for one in rows]


class _Answering:
    """Who answers now, for the mails of some streams."""

    def __init__(self, connection: Connection, streams: set[int]) -> None:
        held = visible_cases(TIMERS, case.id, case.holder_unit, case.holder_person).where(is_among(case.id, streams))
        self._cases = {row.id: row for row in connection.execute(held)}
        asked = visible_cases(TIMERS, case.id, _task.unit).join_from(Case, Task, _task.case_id == case.id)
        self._asked = {(row.id, row.unit) for row in connection.execute(asked.where(is_among(case.id, streams)))}
        self._connection = connection
        self._around = cache(lambda unit: Roster.around(connection, unit))

    def instead_of(self, row: Any) -> tuple[AccountId, ...]:
        role, held = Role(row.role), self._cases.get(row.stream)
        if row.stream == OFFICE_STREAM and row.code == ANCHOR:
            return tuple(active_with_role(self._connection, Role.AUDITOR))
        if (row.stream, row.unit_id) in self._asked and held is not None and row.unit_id != held.holder_unit:
            return self._around(UnitId(row.unit_id)).told((Audience.HOLDER,), unit=UnitId(row.unit_id), person=None)
        if held is not None and role in HOLDERS:
            unit = UnitId(held.holder_unit)
            return self._around(unit).told((Audience.HOLDER,), unit=unit, person=held.holder_person)
        unit = UnitId(row.unit_id)
        return self._around(unit).in_place_of(role, unit=unit)
