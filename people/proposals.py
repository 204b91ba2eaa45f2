"""What two people decide: accounts of auditors and administrators, where somebody else's mail goes, and which key is the
office's. One asks, another agrees or refuses.

An administrator could otherwise be anybody: with a second account of their own as the auditor, or with the mail of
somebody else's links. Only where nobody could be the second person, at the very beginning of an office, one is enough.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger.vouching import vouched_for_office
from people.directory import active_with_role
from people.factors import remove_factor
from people.links import SECONDS, second_people
from people.noting import auditors_told, note
from people.office_keys import change_key
from people.staffing import (
    add_account,
    change_email,
    change_name,
    close_account,
    move_account,
    reopen_account,
)
from people.tables import Proposal
from workflow.model import AccountId, Actor, Json, Role, UnitId

ADD, CLOSE, REOPEN, CHANGE_EMAIL, RESET_FACTOR, CHANGE_KEY, RENAME, MOVE = ACTS = (
    "add_account", "close_account", "reopen_account", "change_email", "reset_factor", "change_key", "rename_account",
    "move_account",
)  # fmt: skip
#: What concerns somebody else's way in, whatever their role.
OF_ANYBODY = frozenset({CHANGE_EMAIL, RESET_FACTOR})
#: Accounts that nobody makes, closes or reopens alone.
GUARDED = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
AGREED, REFUSED = "agreed", "refused"
#: What was typed and may name a person: only its SHA-256 enters the ledger.
COMMITTED = frozenset({"data"})

_proposal = Proposal.__table__.c  # type: ignore[attr-defined]


class NoSuchProposal(Exception):
    """Nothing of that number waits for this person."""


class LastAdministrator(Exception):
    """An office cannot be without an administrator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something that waits for a second person. `account` is None for an account that is to be made, and for a key."""

    id: int
    act: str
    account: AccountId | None
    data: Mapping[str, str]
    asked_by: AccountId
    asked_at: datetime


def needs_second(connection: Connection, act: str, *, role: Role, actor: Actor) -> bool:
    """Whether this act about an account of that role waits for a second person."""
    guarded = act in OF_ANYBODY or role in GUARDED
    return guarded and bool(second_people(connection, but_not=(actor.account,)))


def needs_second_for_key(connection: Connection, *, actor: Actor) -> bool:
    """Whether a key of the office waits for a second person: always, where there is one."""
    return bool(second_people(connection, but_not=(actor.account,)))


def ask(
    connection: Connection, act: str, *, account: AccountId | None, data: Mapping[str, str], actor: Actor, now: datetime,
    key: str | None = None,
) -> None:  # fmt: skip
    """Writes down what is asked for; whoever could be the second person is told. The same asked twice waits once."""
    assert actor.account is not None, "a person asks"
    row: dict[str, Any] = {
        "act": act, "account_id": account, "data": json.dumps(data, ensure_ascii=False, sort_keys=True),
        "asked_by": actor.account, "asked_at": now, "decided_by": None, "decided_at": None, "verdict": None,
    }  # fmt: skip
    same = [_proposal[name] == row[name] for name in ("act", "data")]
    waits = select(_proposal.id).where(
        *same, _proposal.account_id.is_not_distinct_from(account), _proposal.verdict.is_(None)
    )
    if connection.execute(waits).first():
        return
    made = connection.execute(insert(Proposal).values(**row).returning(_proposal.id)).scalar_one()
    wrote: dict[str, Json] = {"proposal": {str(made): vouched_for_office(row, long=COMMITTED)}}
    said: dict[str, Json] = {"proposal": made, "act": act, "account": account, "wrote": wrote}
    told = second_people(connection, but_not=(actor.account,))
    note(connection, "act:asked", actor=actor, now=now, data=said, key=key, told=told)


def typed_for(connection: Connection, number: int) -> Mapping[str, str]:
    """What was typed when it was asked for."""
    return _asked(connection.execute(select(*_proposal).where(_proposal.id == number)).one()).data


def waiting(connection: Connection) -> list[Asked]:
    """Everything that waits for a second person, the oldest first."""
    query = select(*_proposal).where(_proposal.verdict.is_(None)).order_by(_proposal.id)
    return [_asked(row) for row in connection.execute(query)]


def decide(
    connection: Connection, number: int, *, agree: bool, actor: Actor, now: datetime
) -> tuple[Asked, AccountId | None]:
    """Agrees or refuses, in the condition of the very statement: of two who decide at once one does. Returns what was asked,
    and the account that it is about now. Raises `NoSuchProposal`, and
    `LoginIsTaken` for a sign-in name taken meanwhile."""
    values = {"decided_by": actor.account, "decided_at": now, "verdict": AGREED if agree else REFUSED}
    if actor.role not in SECONDS:
        raise NoSuchProposal
    mine = (_proposal.id == number, _proposal.verdict.is_(None), _proposal.asked_by != actor.account)
    row = connection.execute(update(Proposal).where(*mine).values(**values).returning(*_proposal)).one_or_none()
    if row is None:
        raise NoSuchProposal
    asked = _asked(row)
    wrote: dict[str, Json] = {"proposal": {str(number): vouched_for_office(values)}}
    said: dict[str, Json] = {
        "proposal": number, "act": asked.act, "account": asked.account, "asked_by": asked.asked_by,
        "verdict": AGREED if agree else REFUSED, "wrote": wrote,
    }  # fmt: skip
    told = (asked.asked_by, *auditors_told(connection, actor))
    note(connection, "act:decided", actor=actor, now=now, data=said, told=told)
    return asked, do(connection, asked.act, asked.account, asked.data, actor=actor, now=now) if agree else None


def do(
    connection: Connection, act: str, account: AccountId | None, data: Mapping[str, str], *, actor: Actor, now: datetime,
    key: str | None = None,
) -> AccountId | None:  # fmt: skip
    """Does it. Returns the account that it is about, if it is about one."""
    if act == CHANGE_KEY:
        change_key(
            connection,
            data["key"],
            fingerprint=data["fingerprint"],
            public=data["public"] or None,
            actor=actor,
            now=now,
        )
        return None
    if act == ADD:
        return add_account(
            connection, unit=UnitId(int(data["unit"])), role=Role(data["role"]), login=data["login"], name=data["name"],
            email=data["email"], now=now, actor=actor, key=key,
        )  # fmt: skip
    assert account is not None, "every other act is about an account that is there"
    match act:
        case "close_account":
            if active_with_role(connection, Role.ADMINISTRATOR) == [account]:
                raise LastAdministrator
            close_account(connection, account, now=now, actor=actor)
        case "reopen_account":
            reopen_account(connection, account, now=now, actor=actor)
        case "reset_factor":
            remove_factor(connection, account, now=now, actor=actor, code="account:factor_reset")
        case "rename_account":
            change_name(connection, account, data["name"], now=now, actor=actor)
        case "move_account":
            move_account(connection, account, UnitId(int(data["unit"])), now=now, actor=actor)
        case _:
            change_email(connection, account, data["email"], now=now, actor=actor)
    return account


def _asked(row: Any) -> Asked:
    return Asked(
        id=row.id, act=row.act, account=None if row.account_id is None else AccountId(row.account_id),
        data=json.loads(row.data), asked_by=AccountId(row.asked_by), asked_at=row.asked_at,
    )  # fmt: skip
