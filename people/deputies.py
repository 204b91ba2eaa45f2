"""Who stands in for whom, and from when until when: who says so, who may be a deputy, and which days.

Source: 人民调解法 §13, §14 (who mediates is chosen for it, so that a mediator's deputy is a mediator).
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, or_

from ledger.chain import OFFICE_STREAM, lock_head
from people.posts import Place, held, insert_post, places
from people.tables import Post
from workflow.calendar import WorkCalendar
from workflow.model import AccountId, Actor, Reason, Refusal, Role

#: Whose posts a deputy can have, by who names the deputy.
MAY_NAME = {
    Role.COORDINATOR: frozenset({Role.CLERK, Role.MEDIATOR, Role.COORDINATOR}),
    Role.SUPERVISOR: frozenset({Role.CLERK, Role.MEDIATOR, Role.COORDINATOR, Role.SUPERVISOR}),
}
DEPUTIES = frozenset({Role.CLERK, Role.COORDINATOR, Role.MEDIATOR, Role.SUPERVISOR})
#: Whoever is away for longer hands over.
LONGEST = timedelta(days=366)

_post = Post.__table__.c  # type: ignore[attr-defined]


def may_name_for(place: Place, actor: Actor) -> bool:
    """Whether the actor answers for this place, so that they say who stands in for its holder. No deputy says so."""
    return (
        actor.stands_in_for is None
        and place.unit in actor.units
        and place.role in MAY_NAME.get(actor.role, frozenset())
    )


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
    reasons = [*_of_days(first, last, calendar.local_day(now)), *_of_people(connection, place, deputy, actor)]
    if reasons:
        raise Refusal(tuple(reasons))
    from_at, until_at = max(now, calendar.start_of(first)), calendar.end_of(last)
    if reasons := list(_of_others(connection, place, deputy, from_at, until_at)):
        raise Refusal(tuple(reasons))
    row = {
        "account_id": deputy, "role": place.role.value, "unit_id": place.unit, "from_at": from_at, "until_at": until_at,
        "stands_in_for": place.account,
    }  # fmt: skip
    begins = from_at <= now
    return insert_post(
        connection, "deputy:named", row, actor=actor, now=now, active=begins, told=(deputy, place.account), key=key
    )


def _of_days(first: date, last: date, today: date) -> Iterable[Reason]:
    if first < today:
        yield Reason(code="deputy.not_before_today", field="first_day")
    if last < first:
        yield Reason(code="deputy.ends_before_it_begins", field="last_day")
    elif last - max(first, today) >= LONGEST or first - today >= LONGEST:
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
