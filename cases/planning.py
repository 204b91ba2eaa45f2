"""The dry run: what publishing a policy would do to every running clock, and every mail it would send. Changes nothing.

Streams the live book in pages, in constant memory. A plan is known by the hash over everything it says, so that
`moving.py` can apply exactly this plan or refuse because the book has moved.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select, tuple_
from sqlalchemy.sql import bindparam

from cases import tables
from cases.recusals import NOBODY, has_recusals, recused_from
from cases.rows import CLOCK_COLUMNS, clock_from
from infra.statements import Statement
from people.audiences import Roster
from workflow.clocks import crossed, is_crossed, light, move, settled
from workflow.counting import count
from workflow.model import AccountId, Audience, Charge, Clock, Light, Rung, UnitId
from workflow.policy import CasePolicy, NoSuchProfile, Policy
from workflow.spelling import stamp

#: Running clocks that are read at a time.
PAGE = 2000
#: Who is told that a due date or a light has changed; a reminder that moved is not worth a mail.
TOLD_OF_A_MOVE = (Audience.HOLDER, Audience.UNIT_HEAD)

_clock = tables.Clock.__table__.c  # type: ignore[attr-defined]
_case = tables.Case.__table__.c  # type: ignore[attr-defined]

_CASE = (
    "id",
    "public_id",
    "series",
    "year",
    "serial",
    "profile",
    "version",
    "holder_unit",
    "holder_person",
    "next_due_at",
    "next_number",
    "milestones",
)
_PROFILE, _MILESTONES = _CASE.index("profile"), _CASE.index("milestones")
_RUNNING = Statement(
    select(*(_case[name] for name in _CASE), *(_clock[name] for name in CLOCK_COLUMNS))
    .join_from(tables.Clock, tables.Case, _clock.case_id == _case.id)
    .where(
        _clock.stopped_at.is_(None),
        tuple_(_clock.case_id, _clock.number) > tuple_(bindparam("after_case"), bindparam("after_number")),
    )
    .order_by(_clock.case_id, _clock.number)
    .limit(bindparam("page"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What is known of the case of a clock, for a plan; `unit` and `person` are whose the clock is."""

    case_id: int
    public_id: str
    series: str
    year: int
    serial: int
    profile: str
    version: int
    unit: UnitId
    person: AccountId | None
    next_due_at: datetime | None
    next_number: int
    milestones: frozenset[str]
    recused: frozenset[AccountId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One running clock as it is and as it would be. `crossing` are the rungs that would be crossed at once."""

    book: Book
    before: Clock
    after: Clock
    light_before: Light
    light_after: Light
    told_otherwise: bool
    crossing: tuple[Rung, ...]
    waiver_proposed: tuple[str, ...]
    mails: tuple[AccountId, ...]  #: one entry a mail

    @property
    def due_moves(self) -> bool:
        return self.before.due_at != self.after.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The figures of a plan, and the hash that names it."""

    id: str
    version: str
    clocks: int  #: running clocks that were looked at
    changes: int
    due_dates: int
    lights: int
    recipients: int
    proposals: int
    mails: int


def planned(
    connection: Connection,
    candidate: Policy,
    *,
    now: datetime,
    keep_rules: bool = False,
    note: Callable[[Change], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Plan:
    """The plan of publishing `candidate`; `note` is given each change, `progress` the clocks read so far.

    With `keep_rules` running clocks keep the rules and ladders they started under, and only the calendar is new to them.
    """
    digest = hashlib.sha256(f"{candidate.version}\n{keep_rules}\n".encode())
    figures = dict.fromkeys(("changes", "due_dates", "lights", "recipients", "proposals", "mails"), 0)
    clocks = 0
    roster = Roster.whole(connection)
    for page in running(connection):
        clocks += len(page)
        recused = recused_from(connection, (row[0] for row in page if has_recusals(row[_MILESTONES])))
        for row in page:
            clock = clock_from(row[len(_CASE) :])
            if _stays(clock, row[_PROFILE], candidate, keep_rules=keep_rules):
                continue
            # What is due by now will be in the ledger before the plan can be applied.
            clock, book = settled(clock, until=now), _book(row, clock, recused.get(row[0], NOBODY))
            change = change_of(book, clock, candidate, roster, now=now, keep_rules=keep_rules)
            if change is None:
                continue
            digest.update(_line(change, now).encode())
            figures["changes"] += 1
            figures["due_dates"] += change.due_moves
            figures["lights"] += change.light_before is not change.light_after
            figures["recipients"] += change.told_otherwise
            figures["proposals"] += bool(change.waiver_proposed)
            figures["mails"] += len(change.mails)
            note(change)
        progress(clocks)
    return Plan(id=digest.hexdigest()[:16], version=candidate.version, clocks=clocks, **figures)


def running(connection: Connection) -> Iterator[list[tuple[Any, ...]]]:
    """Every running clock with its case, in pages of rows, by case and number."""
    after = (0, 0)
    while True:
        rows = _RUNNING.rows(connection, after_case=after[0], after_number=after[1], page=PAGE)
        if not rows:
            return
        yield rows
        after = (rows[-1][0], rows[-1][len(_CASE)])


def _stays(clock: Clock, profile: str, candidate: Policy, *, keep_rules: bool) -> bool:
    """The quick answer for nearly every clock: the same rule gives the same dates. Anything out of the ordinary is not
    answered here."""
    view = None if keep_rules else _view(candidate, profile)
    if view is None:
        return False
    rule = view.rule(clock.name, on=view.calendar.local_day(clock.started_at))
    if rule is None or rule.unit is not clock.unit or rule.kind is not clock.kind:
        return False
    chosen = clock.about is not None or (clock.extends is not None and rule.length <= clock.length)
    if rule.length != clock.length and not chosen:
        return False
    due_at, rungs, provisional = count(
        clock.started_at, clock.length, clock.unit, clock.kind, rule.roll, view.ladder_of(rule), view.calendar,
        pauses=clock.pauses, opened_at=clock.opened_at,
    )  # fmt: skip
    return due_at == clock.due_at and rungs == clock.rungs and provisional == clock.provisional


def _book(row: tuple[Any, ...], clock: Clock, recused: frozenset[AccountId]) -> Book:
    case_id, public_id, series, year, serial, profile, version, unit, person, due, number, marks = row[: len(_CASE)]
    charge = clock.charge or Charge(UnitId(unit), AccountId(person) if person is not None else None)
    return Book(
        case_id=case_id, public_id=public_id, series=series, year=year, serial=serial, profile=profile, version=version,
        unit=charge.unit, person=charge.person, next_due_at=due, next_number=number,
        milestones=frozenset(marks.split()), recused=recused,
    )  # fmt: skip


def change_of(
    book: Book, clock: Clock, candidate: Policy, roster: Roster, *, now: datetime, keep_rules: bool
) -> Change | None:
    """What would change for one clock; None if nothing that anybody would notice."""
    after = moved(clock, candidate, book.profile, now=now, keep_rules=keep_rules)
    if (after.due_at, after.rungs, after.provisional) == (clock.due_at, clock.rungs, clock.provisional):
        return None
    crossing = tuple(one.rung for one in crossed(after, until=now))
    told = {rung.code: rung.tell for rung in clock.rungs}
    before_light, after_light = light(clock, at=now), light(after, at=now)
    to: dict[str, Any] = {"unit": book.unit, "person": book.person, "recused": book.recused}
    mails = [person for rung in crossing for person in roster.told(rung.tell, **to)]
    if after.due_at != clock.due_at or before_light is not after_light:
        mails += roster.told(TOLD_OF_A_MOVE, **to)
    return Change(
        book=book,
        before=clock,
        after=after,
        light_before=before_light,
        light_after=after_light,
        told_otherwise=any(told.get(rung.code, rung.tell) != rung.tell for rung in after.rungs),
        crossing=crossing,
        waiver_proposed=_proposed(clock, candidate, book.profile, now=now, keep_rules=keep_rules),
        mails=tuple(mails),
    )


def moved(clock: Clock, candidate: Policy, profile: str, *, now: datetime, keep_rules: bool) -> Clock:
    """The running clock under the candidate. A clock whose rule or profile is gone there keeps its own rule, and so does
    one with a granted extension in another unit; its days are counted by the candidate's calendar all the same."""
    view = _view(candidate, profile)
    if view is None:
        return clock
    rule = None if keep_rules else view.rule(clock.name, on=view.calendar.local_day(clock.started_at))
    if rule is None or (clock.extends is not None and rule.unit is not clock.unit):
        own = view.of(clock)
        return move(clock, view.rule_of(clock), own, at=now) if clock.rule in own.rules else clock
    after = move(clock, rule, view, at=now)
    unchanged = (after.due_at, after.rungs, after.provisional) == (clock.due_at, clock.rungs, clock.provisional)
    return clock if unchanged else after


def _view(candidate: Policy, profile: str) -> CasePolicy | None:
    try:
        return candidate.for_profile(profile)
    except NoSuchProfile:
        return None


def _proposed(clock: Clock, candidate: Policy, profile: str, *, now: datetime, keep_rules: bool) -> tuple[str, ...]:
    """The lights in the ledger that the new count would not have lit by now: they stay, and a waiver is proposed."""
    lit = [rung for rung in clock.rungs if rung.light and is_crossed(rung, clock.crossed_until)]
    if not lit:
        return ()
    anew = moved(replace(clock, crossed_until=None), candidate, profile, now=clock.started_at, keep_rules=keep_rules)
    would = {rung.code: rung.at for rung in anew.rungs}
    return tuple(rung.code for rung in lit if rung.code not in would or would[rung.code] > now)


def _line(change: Change, now: datetime) -> str:
    """Everything that the plan says of one clock, and the place in the book that it says it of."""
    before, after = change.before, change.after
    return "\t".join(
        (
            str(change.book.case_id), str(before.number), str(change.book.version), stamp(before.due_at),
            stamp(after.due_at), after.policy, after.rule, str(after.length), str(after.provisional),
            str(before.crossed_until and stamp(before.crossed_until)), _rungs(before.rungs, None), _rungs(after.rungs, now),
            ",".join(change.waiver_proposed), ",".join(map(str, change.mails)), "\n",
        )
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _rungs(rungs: tuple[Rung, ...], now: datetime | None) -> str:
    """What lights at the moment of the move lights whenever that is: the plan is the same a minute later."""
    return ";".join(
        f"{rung.code}@{'now' if rung.at == now else stamp(rung.at)}:{','.join(rung.tell)}" for rung in rungs
    )
