"""Founding an office; adding, changing and closing accounts, each with the event of the office that vouches for it; units are in
`people/units.py`.

Nobody else writes these rows, so that who may act and who is told is proved like a step of a case (`docs/decisions/0024`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from infra.columns import Row
from infra.identifiers import read_sign_in_name
from ledger.chain import OFFICE_STREAM, lock_head
from ledger.tables import Event
from ledger.vouching import vouched_for_office
from people.directory import login_is_taken
from people.noting import COMMITTED, auditors_told, note, rows_of_account
from people.posts import end_deputies, end_own_deputyships, end_posts_of
from people.tables import Account, Office, SigninLink, Unit, UnitAbove, WebSession
from people.tokens import end_tokens_of
from workflow.model import TIMERS, AccountId, Actor, Json, Reason, Refusal, Role, UnitId

_event = Event.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]
_above = UnitAbove.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]
_session = WebSession.__table__.c  # type: ignore[attr-defined]
_link = SigninLink.__table__.c  # type: ignore[attr-defined]


class LoginIsTaken(Exception):
    """Another account has this sign-in name, an open one or a closed one."""


def vouch_for_what_stands(connection: Connection, *, now: datetime) -> None:
    """Once, for an office that an older program founded: its rows as they are now. Does nothing in an empty database."""
    vouched = select(_event.seq).where(
        _event.stream == OFFICE_STREAM, _event.code.in_(("office:founded", "office:vouched"))
    )
    if connection.execute(select(Office.__table__.c.id)).first() is None or connection.execute(vouched).first():  # type: ignore[attr-defined]
        return
    wrote: dict[str, Json] = {}
    standing: tuple[tuple[type[Row], str], ...] = (
        (Office, "id"), (Unit, "id"), (Account, "id"), (SigninLink, "token_hash"),
    )  # fmt: skip
    for table, key in standing:
        rows: dict[str, Json] = {}
        for row in connection.execute(select(table.__table__)).mappings():  # type: ignore[attr-defined]
            values = {name: value for name, value in row.items() if name != key}
            long = COMMITTED & {name for name, value in values.items() if value is not None}
            rows[str(row[key])] = vouched_for_office(values, long=long if table is Account else frozenset())
        wrote[str(table.__tablename__)] = rows
    note(connection, "office:vouched", actor=TIMERS, now=now, data={"wrote": wrote})


# -- the office -------------------------------------------------------------------------------------------------------


def found_office(
    connection: Connection,
    *,
    name: str,
    short_name: str,
    calendar: str,
    profiles: tuple[str, ...],
    now: datetime,
    demo: bool = False,
    simulation: bool = False,
) -> None:
    """The one row that says whose database this is."""
    row: dict[str, Any] = {
        "name": name,
        "short_name": short_name,
        "calendar": calendar,
        "profiles": " ".join(profiles),
        "scheme": None,
        "demo": demo,
        "simulation": simulation,
        "created_at": now,
    }
    connection.execute(insert(Office).values(id=1, **row))
    note(connection, "office:founded", actor=TIMERS, now=now, data={"wrote": _office_row(**row)})


def choose_profiles(
    connection: Connection, profiles: tuple[str, ...], *, before: tuple[str, ...], actor: Actor, now: datetime
) -> None:
    """What the office takes in from now on; cases that are open keep the profile they were opened under."""
    row = {"profiles": " ".join(profiles)}
    connection.execute(update(Office).values(**row))
    data: dict[str, Json] = {"profiles": list(profiles), "before": list(before), "wrote": _office_row(**row)}
    note(connection, "office:profiles_chosen", actor=actor, now=now, data=data)


def choose_scheme(connection: Connection, scheme: str, *, before: str, actor: Actor, now: datetime) -> None:
    """What the office scores by from now on."""
    connection.execute(update(Office).values(scheme=scheme))
    data: dict[str, Json] = {"scheme": scheme, "before": before, "wrote": _office_row(scheme=scheme)}
    note(connection, "office:scheme_chosen", actor=actor, now=now, data=data)


def doubt_clock(
    connection: Connection, since: datetime | None, *, code: str, said: Mapping[str, Json], actor: Actor, now: datetime,
    told: Iterable[AccountId] = (), key: str | None = None,
) -> None:  # fmt: skip
    """Since when the clock of the machine is in doubt; None: it is believed again."""
    row = {"clock_doubted_at": since}
    connection.execute(update(Office).values(**row))
    note(connection, code, actor=actor, now=now, data={**said, "wrote": _office_row(**row)}, told=told, key=key)


def _office_row(**values: Any) -> dict[str, Json]:
    return {"office": {"1": vouched_for_office(values)}}


# -- accounts ---------------------------------------------------------------------------------------------------------


def add_account(
    connection: Connection,
    *,
    unit: UnitId,
    role: Role,
    login: str,
    name: str,
    email: str,
    now: datetime,
    language: str = "zh_CN",
    actor: Actor = TIMERS,
    key: str | None = None,
) -> AccountId:
    """An open account without a password. Raises `LoginIsTaken`, and `Refusal` for a unit that is closed."""
    lock_head(connection, OFFICE_STREAM)  # two who add somebody wait here
    _must_be_open(connection, unit)
    if login_is_taken(connection, login):
        raise LoginIsTaken
    row: dict[str, Any] = {
        "unit_id": unit,
        "role": role.value,
        "login": read_sign_in_name(login),
        "name": name,
        "email": email,
        "language": language,
        "active": True,
        "created_at": now,
    }
    made = AccountId(connection.execute(insert(Account).values(**row).returning(_account.id)).scalar_one())
    data: dict[str, Json] = {"account": made, "role": role.value, "wrote": rows_of_account(made, **row)}
    told = auditors_told(connection, actor)
    note(connection, "account:added", actor=actor, now=now, data=data, key=key, told=told)
    return made


def close_account(connection: Connection, account: AccountId, *, now: datetime, actor: Actor = TIMERS) -> None:
    """Nobody signs in with it any more; browsers that are signed in are signed out, and links and access tokens that were
    handed out are worth nothing."""
    _open_or_close(connection, account, active=False, code="account:closed", actor=actor, now=now)


def reopen_account(connection: Connection, account: AccountId, *, now: datetime, actor: Actor = TIMERS) -> None:
    """Whoever has it may sign in again. What was signed in while it was being closed stays signed out. Raises `Refusal` if its
    unit is closed."""
    _must_be_open(connection, connection.execute(select(_account.unit_id).where(_account.id == account)).scalar_one())
    _open_or_close(connection, account, active=True, code="account:reopened", actor=actor, now=now)


def _open_or_close(
    connection: Connection, account: AccountId, *, active: bool, code: str, actor: Actor, now: datetime
) -> None:
    connection.execute(update(Account).where(_account.id == account).values(active=active))
    connection.execute(delete(WebSession).where(_session.account_id == account))
    connection.execute(delete(SigninLink).where(_link.account_id == account))
    if not active:
        end_posts_of(connection, account, actor=actor, now=now)
        end_tokens_of(connection, account, actor=actor, now=now)
    data: dict[str, Json] = {"account": account, "wrote": rows_of_account(account, active=active)}
    note(connection, code, actor=actor, now=now, data=data, told=auditors_told(connection, actor))


def change_email(connection: Connection, account: AccountId, email: str, *, now: datetime, actor: Actor) -> None:
    """Where the account's mails and links go from now on; links that went elsewhere are worth nothing. Its owner hears of
    it, at the new address, and so do the auditors."""
    connection.execute(update(Account).where(_account.id == account).values(email=email))
    connection.execute(delete(SigninLink).where(_link.account_id == account))
    data: dict[str, Json] = {"account": account, "wrote": rows_of_account(account, email=email)}
    told = (account, *auditors_told(connection, actor))
    note(connection, "account:email_changed", actor=actor, now=now, data=data, told=told)


def _must_be_open(connection: Connection, unit: int) -> None:
    closed = connection.execute(select(_unit.closed_at).where(_unit.id == unit)).scalar_one()
    if closed is not None:
        raise Refusal((Reason(code="unit.is_closed", field="below"),))


def change_name(connection: Connection, account: AccountId, name: str, *, now: datetime, actor: Actor) -> None:
    """What the account's owner is called; what was written under the other name shows this one. The owner hears of it."""
    _change(connection, account, "account:renamed", {"name": name}, now=now, actor=actor)


def move_account(connection: Connection, account: AccountId, unit: UnitId, *, now: datetime, actor: Actor) -> None:
    """The account belongs to another unit from now on, with the same role. What it has in hand was handed over before; who stood
    in for it there, and whom it stood in for, is over. Raises `Refusal` for a unit that is closed."""
    _must_be_open(connection, unit)
    place = connection.execute(select(_account.role, _account.unit_id).where(_account.id == account)).one()
    end_deputies(connection, account, role=place.role, unit=place.unit_id, actor=actor, now=now)
    end_own_deputyships(connection, account, actor=actor, now=now)
    _change(connection, account, "account:moved", {"unit_id": unit}, now=now, actor=actor)


def _change(
    connection: Connection, account: AccountId, code: str, row: dict[str, Any], *, now: datetime, actor: Actor
) -> None:
    connection.execute(update(Account).where(_account.id == account).values(**row))
    data: dict[str, Json] = {"account": account, "wrote": rows_of_account(account, **row)}
    note(connection, code, actor=actor, now=now, data=data, told=(account, *auditors_told(connection, actor)))
