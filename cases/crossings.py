"""Crossings of clocks as events and messages. Both the sweep and `execute` (settling) record them through here.

A crossing changes no state and no version: it says when a rung was reached, when that was noticed, and who held the
case. Recording needs no calendar, because the rungs were stored when the clock started.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.sql import bindparam

from cases.recusals import NOBODY
from cases.tables import Clock
from infra.statements import Statement
from ledger.chain import Head, NewEvent, append_rows, chained
from ledger.outbox import messages, post
from people.audiences import Roster
from workflow.clocks import PAUSE_OVER, covers, is_crossed
from workflow.model import DAILY, TIMERS, AccountId, Audience, Rung, UnitId
from workflow.spelling import stamp

CROSSED = "clock:crossed"

_clock = Clock.__table__.c  # type: ignore[attr-defined]
_CROSSED = Statement(
    update(Clock)
    .where(_clock.case_id == bindparam("key_case"), _clock.number == bindparam("key_number"))
    .values(crossed_until=bindparam("crossed_until"), next_crossing_at=bindparam("next_crossing_at"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueClock:
    """What is needed of a running clock to record its crossings."""

    case_id: int
    number: int
    name: str
    rule: str
    due_at: datetime
    rungs: tuple[Rung, ...]
    crossed_until: datetime | None
    acknowledged_at: datetime | None
    unit: UnitId  #: whose it is (`CaseFacts.charge_of`)
    person: AccountId | None
    recused: frozenset[AccountId] = NOBODY


def record_crossings(
    connection: Connection, due: Iterable[DueClock], heads: Mapping[int, Head], roster: Roster, *, now: datetime
) -> dict[int, Head]:
    """Writes every crossing up to `now` of these clocks, in the order they came true. The heads must be locked.

    Returns the heads of the streams that moved. Costs three bulk statements and one for the heads, however many.
    """
    found = sorted(
        (
            (rung.at, clock.case_id, clock.number, clock, rung)
            for clock in due
            for rung in clock.rungs
            if is_crossed(rung, now) and not is_crossed(rung, clock.crossed_until)
        ),
        key=lambda item: item[:3],
    )
    moved: dict[int, Head] = {}
    events: list[dict[str, Any]] = []
    mails: list[dict[str, Any]] = []
    for _, stream, _, clock, rung in found:
        at_once, daily = ((), ()) if _is_in_hand(clock, rung) else _told(roster, clock, rung)
        event = _event(clock, rung, now, told=(*at_once, *daily))
        head, row = chained(stream, moved.get(stream) or heads[stream], event)
        moved[stream] = head
        events.append(row)
        mails += messages(stream, head.seq, recorded_at=head.at, to=at_once)
        mails += messages(stream, head.seq, recorded_at=head.at, to=daily, daily=True)
    append_rows(connection, events, moved)
    _CROSSED.run_many(connection, [_after(clock, now) for clock in due])
    post(connection, mails)
    return moved


def _told(roster: Roster, clock: DueClock, rung: Rung) -> tuple[tuple[AccountId, ...], tuple[AccountId, ...]]:
    """Whom a rung tells at once, and who else reads of it in the next morning's digest."""
    at_once = roster.told(_at_once(rung.tell), unit=clock.unit, person=clock.person, recused=clock.recused)
    later = _daily(rung.tell)
    daily = roster.told(later, unit=clock.unit, person=clock.person, recused=clock.recused) if later else ()
    return at_once, tuple(person for person in daily if person not in at_once)


@cache
def _at_once(tell: tuple[Audience, ...]) -> tuple[Audience, ...]:
    return tuple(audience for audience in tell if audience not in DAILY)


@cache
def _daily(tell: tuple[Audience, ...]) -> tuple[Audience, ...]:
    return tuple(audience for audience in tell if audience in DAILY)


def _is_in_hand(clock: DueClock, rung: Rung) -> bool:
    """Somebody who was told of the light shown has acknowledged it: its reminders climb no further. A rung that lights,
    and a pause that ends, are always told."""
    return rung.light is None and rung.code != PAUSE_OVER and covers(clock.acknowledged_at, clock.rungs, at=rung.at)


def _event(clock: DueClock, rung: Rung, now: datetime, *, told: tuple[AccountId, ...]) -> NewEvent:
    # The key begins with the instant, so that crossings recorded together stand together in its index.
    return NewEvent(
        code=CROSSED,
        occurred_at=rung.at,
        recorded_at=now,
        actor=TIMERS,
        data={
            "clock": clock.number,
            "name": clock.name,
            "rule": clock.rule,
            "rung": rung.code,
            "light": rung.light and rung.light.value,
            "due_at": stamp(clock.due_at),
            "unit": clock.unit,
            "person": clock.person,
            "in_hand": _is_in_hand(clock, rung),
            "told": list(told),
        },
        key=f"{stamp(rung.at)}:clock:{clock.case_id}.{clock.number}:{rung.code}",
    )


def _after(clock: DueClock, now: datetime) -> dict[str, Any]:
    crossed = [rung.at for rung in clock.rungs if is_crossed(rung, now)]
    return {
        "key_case": clock.case_id,
        "key_number": clock.number,
        "crossed_until": crossed[-1] if crossed else clock.crossed_until,
        "next_crossing_at": next((rung.at for rung in clock.rungs if not is_crossed(rung, now)), None),
    }
