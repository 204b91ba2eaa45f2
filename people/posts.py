"""What an account does beside what it was made for: further posts, and the posts of people who are away, as their deputy.

A post is a role in a unit, from when until when. Whoever has several acts as one of them at a time, says as which, and the
record says it too. The administrator gives posts; deputies are named by whoever answers for the people of a unit. Nobody is
both sides of what two people decide: auditors and administrators have the one post that their account was made for.

Source: 人民调解法 §13, §14 (who mediates is chosen for it, so that a mediator's deputy is a mediator).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, and_, insert, or_, select, update

from infra.among import is_among
from infra.db import reading, transaction
from ledger.chain import OFFICE_STREAM, lock_head
from ledger.vouching import vouched_for_office
from people.noting import auditors_told, note
from people.tables import Account, Post, Unit
from workflow.calendar import WorkCalendar
from workflow.model import TIMERS, AccountId, Actor, Json, Reason, Refusal, Role, UnitId

#: Accounts that have no second post, and roles that are nobody's second.
SINGLE = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
#: Whose posts a deputy can have, by who names the deputy.
MAY_NAME = {
    Role.COORDINATOR: frozenset({Role.CLERK, Role.MEDIATOR, Role.COORDINATOR}),
    Role.SUPERVISOR: frozenset({Role.CLERK, Role.MEDIATOR, Role.COORDINATOR, Role.SUPERVISOR}),
}
DEPUTIES = frozenset({Role.CLERK, Role.COORDINATOR, Role.MEDIATOR, Role.SUPERVISOR})
#: Whoever is away for longer hands over.
LONGEST = timedelta(days=366)

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
    return _insert(connection, "post:given", row, actor=actor, now=now, active=True, told=(account,), key=key)


# -- deputies ---------------------------------------------------------------------------------------------------------


def may_name_for(place: Place, actor: Actor) -> bool:
    """Whether the actor answers for this place, so that they say who stands in for its holder."""
    return place.unit in actor.units and place.role in MAY_NAME.get(actor.role, frozenset())


def may_stand_in(place: Place, everybody: Iterable[Place]) -> list[AccountId]:
    """Who may stand in for the holder of a place: colleagues of the same unit, or of one beside it under the same unit; for
    a mediator only mediators."""
    fitting = frozenset({Role.MEDIATOR}) if place.role is Role.MEDIATOR else DEPUTIES
    found = (
        one.account
        for one in everybody
        if one.account != place.account
        and one.role in fitting
        and (
            one.unit == place.unit
            or (place.parent is not None and (one.parent, one.kind) == (place.parent, place.kind))
        )
    )
    return list(dict.fromkeys(found))


def name_deputy(
    connection: Connection, place: Place, deputy: AccountId, *, first: date, last: date, calendar: WorkCalendar,
    actor: Actor, now: datetime, key: str | None = None,
) -> int:  # fmt: skip
    """From the first day to the last, both included, the deputy can act in place of whoever holds the place. Raises `Refusal`
    with every reason."""
    lock_head(connection, OFFICE_STREAM)
    from_at, until_at = max(now, calendar.start_of(first)), calendar.end_of(last)
    reasons = [*_of_days(first, last, calendar.local_day(now)), *_of_people(connection, place, deputy, actor)]
    if not reasons:
        reasons = list(_of_others(connection, place, deputy, from_at, until_at))
    if reasons:
        raise Refusal(tuple(reasons))
    row = {
        "account_id": deputy, "role": place.role.value, "unit_id": place.unit, "from_at": from_at, "until_at": until_at,
        "stands_in_for": place.account,
    }  # fmt: skip
    begins = from_at <= now
    return _insert(
        connection, "deputy:named", row, actor=actor, now=now, active=begins, told=(deputy, place.account), key=key
    )


def _of_days(first: date, last: date, today: date) -> Iterable[Reason]:
    if first < today:
        yield Reason(code="deputy.not_before_today", field="first_day")
    if last < first:
        yield Reason(code="deputy.ends_before_it_begins", field="last_day")
    elif last - first >= LONGEST:
        yield Reason(code="deputy.too_long", field="last_day")


def _of_people(connection: Connection, place: Place, deputy: AccountId, actor: Actor) -> Iterable[Reason]:
    everybody = places(connection)
    if place not in everybody or not may_name_for(place, actor):
        yield Reason(code="deputy.not_yours_to_say", field="absent")
        return
    if deputy == place.account:
        yield Reason(code="deputy.for_oneself", field="deputy")
    elif deputy not in may_stand_in(place, everybody):
        level = "deputy.must_mediate" if place.role is Role.MEDIATOR else "deputy.of_another_level"
        yield Reason(code=level, field="deputy")
    if deputy in actor.accounts:
        yield Reason(code="deputy.not_who_names", field="deputy")


def _of_others(
    connection: Connection, place: Place, deputy: AccountId, from_at: datetime, until_at: datetime
) -> Iterable[Reason]:
    """What other deputies of those days forbid: one post has one, and nobody stands in who is away."""
    same_days = (_post.from_at < until_at, or_(_post.until_at.is_(None), _post.until_at > from_at))
    known = held(connection, _post.stands_in_for.is_not(None), *same_days)
    if any((one.stands_in_for, one.role, one.unit) == (place.account, place.role, place.unit) for one in known):
        yield Reason(code="deputy.has_one", field="absent")
    if any(one.stands_in_for == deputy for one in known):
        yield Reason(code="deputy.is_away", field="deputy")
    if any(one.account == place.account for one in known):
        yield Reason(code="deputy.stands_in_already", field="absent")


# -- beginning and ending ---------------------------------------------------------------------------------------------


def end_post(connection: Connection, post: int, *, actor: Actor, now: datetime) -> bool:
    """Nobody has it from now on. Whether anybody had, or would have come to have it."""
    lock_head(connection, OFFICE_STREAM)
    ended = _end(connection, _post.id == post, actor=actor, now=now)
    return bool(ended)


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


def _insert(
    connection: Connection, code: str, row: dict[str, Any], *, actor: Actor, now: datetime, active: bool,
    told: tuple[AccountId, ...], key: str | None,
) -> int:  # fmt: skip
    values = {"until_at": None, "stands_in_for": None, "given_by": actor.account, **row, "active": active}
    made = connection.execute(insert(Post).values(**values).returning(*_post)).one()
    _note(connection, code, made, values, actor=actor, now=now, told=told, key=key)
    return int(made.id)


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
