"""What an account does beside what it was made for: further posts, and the posts of people who are away, as their deputy.

A post is a role in a unit, from when until when. Whoever has several acts as one of them at a time, says as which, and the
record says it too. The administrator gives posts; deputies (`deputies.py`) are named by whoever answers for the people of a unit. Nobody is
both sides of what is checked: assessors, auditors and administrators have the one post that their account was made for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, and_, insert, or_, select, update

from infra.among import is_among
from infra.db import reading, transaction
from ledger.chain import OFFICE_STREAM, find_by_key, lock_head
from ledger.vouching import vouched_for_office
from people.directory import Person, person
from people.noting import auditors_told, note
from people.tables import Account, Post, Unit
from workflow.model import TIMERS, AccountId, Actor, Json, Reason, Refusal, Role, UnitId

#: Accounts that have no second post, and roles that are nobody's second: whoever checks, or decides about points, is nobody
#: whose doing is checked.
SINGLE = frozenset({Role.ASSESSOR, Role.AUDITOR, Role.ADMINISTRATOR})

_account = Account.__table__.c  # type: ignore[attr-defined]
_post = Post.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]
_NOT_OVER = _post.ended_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A role in a unit that an account has of its own: what it was made for (`post` None), or a further post."""

    account: AccountId
    name: str
    role: Role
    unit: UnitId
    unit_name: str
    post: int | None = None
    kind: str = "unit"
    parent: UnitId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A post that is held now, or from a day to come on."""

    id: int
    account: AccountId
    name: str
    role: Role
    unit: UnitId
    unit_name: str
    stands_in_for: AccountId | None
    in_place_of: str | None
    from_at: datetime
    until_at: datetime | None
    active: bool


# -- reading ----------------------------------------------------------------------------------------------------------


def places(connection: Connection, *, units: Iterable[UnitId] | None = None) -> list[Place]:
    """The places that open accounts have of their own, by unit and name; of these units, if they are given."""
    columns = (_account.id, _account.name, _unit.name.label("unit_name"), _unit.kind, _unit.parent_id)
    made_for = select(*columns, _account.role, _account.unit_id).join_from(Account, Unit, _account.unit_id == _unit.id)
    beside = (
        select(*columns, _post.role, _post.unit_id, _post.id.label("post"))
        .join_from(Post, Account, _post.account_id == _account.id)
        .join(Unit, _post.unit_id == _unit.id)
        .where(_post.active.is_(True), _post.stands_in_for.is_(None))
    )
    rows = [
        *connection.execute(made_for.where(_account.active.is_(True))),
        *connection.execute(beside.where(_account.active.is_(True))),
    ]
    wanted = None if units is None else frozenset(units)
    found = [
        Place(
            account=AccountId(row.id), name=row.name, role=Role(row.role), unit=UnitId(row.unit_id),
            unit_name=row.unit_name, post=getattr(row, "post", None), kind=row.kind,
            parent=None if row.parent_id is None else UnitId(row.parent_id),
        )
        for row in rows
        if wanted is None or row.unit_id in wanted
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.unit, one.account, one.post or 0))


def held(connection: Connection, *which: Any) -> list[Held]:
    """The posts that are held or will be, of open accounts, the oldest first; those for which the conditions hold."""
    absent = Account.__table__.alias("absent")  # type: ignore[attr-defined]
    query = (
        select(*_post, _account.name, _unit.name.label("unit_name"), absent.c.name.label("in_place_of"))
        .join_from(Post, Account, and_(_post.account_id == _account.id, _account.active.is_(True)))
        .join(Unit, _post.unit_id == _unit.id)
        .join(absent, absent.c.id == _post.stands_in_for, isouter=True)
        .where(_NOT_OVER, *which)
        .order_by(_post.id)
    )
    return [
        Held(
            id=row.id, account=AccountId(row.account_id), name=row.name, role=Role(row.role), unit=UnitId(row.unit_id),
            unit_name=row.unit_name, stands_in_for=row.stands_in_for, in_place_of=row.in_place_of, from_at=row.from_at,
            until_at=row.until_at, active=row.active,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def posts_of(connection: Connection, account: AccountId) -> list[Held]:
    """What an account has beside what it was made for, now or from a day to come on."""
    return held(connection, _post.account_id == account)


def parts_of(connection: Connection, account: AccountId, *, now: datetime) -> list[tuple[Held | None, Person]]:
    """What an account was made for, and every post that it has at this instant, each as the person who acts in it."""
    now_held = [
        one for one in posts_of(connection, account) if one.active and (one.until_at is None or one.until_at > now)
    ]
    parts = [(one, person(connection, account, post=one.id if one else None)) for one in (None, *now_held)]
    return [(post, who) for post, who in parts if who is not None]


def was_deputy(connection: Connection, account: AccountId, *, now: datetime) -> bool:
    """Whether an account has stood in for somebody and does not any more."""
    over = or_(_post.ended_at.is_not(None), _post.until_at <= now)
    query = select(_post.id).where(_post.account_id == account, _post.stands_in_for.is_not(None), over)
    return connection.execute(query.limit(1)).first() is not None


def deputies_of(connection: Connection, account: AccountId) -> list[Held]:
    """Who stands in for somebody, now or from a day to come on."""
    return held(connection, _post.stands_in_for == account)


def deputies_within(connection: Connection, units: Iterable[UnitId]) -> list[Held]:
    """The deputies of everybody in these units."""
    return held(connection, _post.stands_in_for.is_not(None), is_among(_post.unit_id, units))


# -- further posts ----------------------------------------------------------------------------------------------------


def give_post(
    connection: Connection, account: AccountId, *, role: Role, unit: UnitId, actor: Actor, now: datetime,
    key: str | None = None,
) -> int:  # fmt: skip
    """A further post of an account, from now on until it is ended. Raises `Refusal`."""
    lock_head(connection, OFFICE_STREAM)
    own = [one for one in places(connection) if one.account == account]
    closed = connection.execute(select(_unit.closed_at).where(_unit.id == unit)).scalar_one()
    if closed is not None:
        raise Refusal((Reason(code="unit.is_closed", field="post_unit"),))
    if not own:
        raise Refusal((Reason(code="post.account_is_closed"),))
    if role in SINGLE or any(one.role in SINGLE for one in own):
        raise Refusal((Reason(code="post.single", field="post_role"),))
    if any((one.role, one.unit) == (role, unit) for one in own):
        raise Refusal((Reason(code="post.has_it", field="post_role"),))
    row = {"account_id": account, "role": role.value, "unit_id": unit, "from_at": now}
    return insert_post(connection, "post:given", row, actor=actor, now=now, active=True, told=(account,), key=key)


# -- beginning and ending ---------------------------------------------------------------------------------------------


def end_post(connection: Connection, post: int, *, actor: Actor, now: datetime) -> bool:
    """Nobody has it from now on, nor does whoever stands in for its holder there. Whether anybody had, or would have come to have
    it."""
    lock_head(connection, OFFICE_STREAM)
    row = connection.execute(select(*_post).where(_post.id == post)).one_or_none()
    ended = _end(connection, _post.id == post, actor=actor, now=now)
    if row is not None and row.stands_in_for is None:
        end_deputies(connection, row.account_id, role=row.role, unit=row.unit_id, actor=actor, now=now)
    return bool(ended)


def end_deputies(
    connection: Connection, account: AccountId, *, role: str, unit: int, actor: Actor, now: datetime
) -> None:
    """Nobody stands in for an account in a place that it has no more."""
    there = (_post.stands_in_for == account, _post.role == role, _post.unit_id == unit)
    _end(connection, and_(*there), actor=actor, now=now)


def end_own_deputyships(connection: Connection, account: AccountId, *, actor: Actor, now: datetime) -> None:
    """An account stands in for nobody any more."""
    _end(connection, and_(_post.account_id == account, _post.stands_in_for.is_not(None)), actor=actor, now=now)


def end_posts_of(connection: Connection, account: AccountId, *, actor: Actor, now: datetime) -> None:
    """Whatever a closed account has, and whoever stands in for it, ends with it."""
    _end(connection, or_(_post.account_id == account, _post.stands_in_for == account), actor=actor, now=now)


def begin_and_end(engine: Engine, *, now: datetime) -> int:
    """Begins the posts whose time has come, and ends those whose time is over; returns how many."""
    due = or_(
        and_(_post.active.is_(False), _post.from_at <= now),
        and_(_post.until_at.is_not(None), _post.until_at <= now),
    )
    with reading(engine) as connection:
        if connection.execute(select(_post.id).where(_NOT_OVER, due).limit(1)).first() is None:
            return 0
    with transaction(engine) as connection:
        lock_head(connection, OFFICE_STREAM)
        over = _end(connection, _post.until_at <= now, actor=TIMERS, now=now)
        coming = update(Post).where(_NOT_OVER, _post.active.is_(False), _post.from_at <= now).values(active=True)
        begun = connection.execute(coming.returning(*_post)).all()
        for row in begun:
            _note(connection, "deputy:begun", row, {"active": True}, actor=TIMERS, now=now, told=_both(row))
    return over + len(begun)


def _end(connection: Connection, which: Any, *, actor: Actor, now: datetime) -> int:
    values = {"active": False, "ended_at": now}
    ended = connection.execute(update(Post).where(_NOT_OVER, which).values(**values).returning(*_post)).all()
    for row in sorted(ended, key=lambda one: int(one.id)):
        code = "post:ended" if row.stands_in_for is None else "deputy:ended"
        _note(connection, code, row, values, actor=actor, now=now, told=_both(row))
    return len(ended)


def _both(row: Any) -> tuple[AccountId, ...]:
    return tuple(AccountId(one) for one in (row.account_id, row.stands_in_for) if one is not None)


def insert_post(
    connection: Connection, code: str, row: dict[str, Any], *, actor: Actor, now: datetime, active: bool,
    told: tuple[AccountId, ...], key: str | None,
) -> int:  # fmt: skip
    values = {"until_at": None, "stands_in_for": None, "given_by": actor.account, **row, "active": active}
    made = connection.execute(insert(Post).values(**values).returning(*_post)).one()
    _note(connection, code, made, values, actor=actor, now=now, told=told, key=key)
    return int(made.id)


def is_done(connection: Connection, key: str, said: Mapping[str, Json]) -> bool:
    """Whether the form of this key has said just this. Raises `Refusal` if it has said something else: that was not done."""
    found = find_by_key(connection, key)
    if found is None:
        return False
    if {**found[2], **said} != found[2]:
        raise Refusal((Reason(code="form.was_used"),))
    return True


def _note(
    connection: Connection, code: str, row: Any, values: dict[str, Any], *, actor: Actor, now: datetime,
    told: Iterable[AccountId], key: str | None = None,
) -> None:  # fmt: skip
    data: dict[str, Json] = {
        "post": row.id, "account": row.account_id, "role": row.role, "unit": row.unit_id, "for": row.stands_in_for,
        "wrote": {"post": {str(row.id): vouched_for_office(values)}},
    }  # fmt: skip
    people = (*told, *auditors_told(connection, actor))
    note(connection, code, actor=actor, now=now, data=data, key=key, told=people)
