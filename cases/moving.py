"""Applies a plan: publishes the policy and moves the running clocks, all in one transaction, one event a clock.

The plan is worked out again under the write lock. If it does not come out the same to the last digit, the book has moved
since somebody read it, and nothing is done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.sql import bindparam

from cases import tables
from cases.apply import DERIVED
from cases.planning import TOLD_OF_A_MOVE, Change, Plan, planned
from cases.policies import present_policy, publish
from cases.rows import INSERT, UPDATE, to_row, vouched
from cases.sweep import sweep
from cases.tally import start_over
from infra.db import transaction
from infra.statements import Statement
from ledger.chain import NewEvent, append_rows, chained, lock_heads
from ledger.outbox import messages, post
from people.audiences import Roster
from workflow import model
from workflow.clocks import next_due_at
from workflow.model import AccountId, Actor, Json, Kind, RecordNumber
from workflow.policy import Policy
from workflow.records import HAS_WAIVERS, Waiver
from workflow.spelling import stamp

Files = Mapping[str, bytes]

#: Changes that are written at a time.
BATCH = 500

_case = tables.Case.__table__.c  # type: ignore[attr-defined]
_clock = tables.Clock.__table__.c  # type: ignore[attr-defined]
_waiver = tables.Waiver.__table__.c  # type: ignore[attr-defined]
_MOVE_CASE = Statement(
    update(tables.Case)
    .where(_case.id == bindparam("key_id"))
    .values({name: bindparam(name) for name in ("version", "next_due_at", "next_number", "milestones")})
)
_PROPOSED = Statement(
    select(_waiver.rung).where(_waiver.case_id == bindparam("case_id"), _waiver.clock == bindparam("clock"))
)
_DUE = Statement(
    select(_clock.number, _clock.kind, _clock.due_at)
    .where(_clock.case_id == bindparam("case_id"), _clock.stopped_at.is_(None))
    .order_by(_clock.number)
)


class BookHasMoved(Exception):
    """The plan does not come out the same any more. Carries the plan as it is now."""

    def __init__(self, now: Plan) -> None:
        super().__init__(now.id)
        self.now = now


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done: the version now in force, and one event for each clock that moved."""

    version: str
    events: int
    mails: int


def apply_plan(
    engine: Engine,
    plan: str,
    files: Files,
    candidate: Policy,
    *,
    actor: Actor,
    now: datetime,
    keep_rules: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Applied:
    """Applies exactly the plan of that id. Raises `BookHasMoved`.

    Lights that are due are recorded first, in transactions of their own, as the sweep would have a minute later.
    """
    sweep(engine, now=now)
    with transaction(engine) as connection:
        _let_nothing_move(connection)
        changes: list[Change] = []
        found = planned(connection, candidate, now=now, keep_rules=keep_rules, note=changes.append, progress=progress)
        if found.id != plan:
            raise BookHasMoved(found)
        before = present_policy(connection, calendar=candidate.calendar.name).calendar.zone
        version = publish(connection, files, actor=actor, now=now, plan=plan)
        if candidate.calendar.zone.key != before.key:
            start_over(connection)  # the year of a mark is that of the office's zone
        writer = _Writer(connection, Roster.whole(connection), actor=actor, now=now, plan=plan)
        mails = sum(writer.write(changes[first : first + BATCH]) for first in range(0, len(changes), BATCH))
    return Applied(version=version, events=len(changes), mails=mails)


def _let_nothing_move(connection: Connection) -> None:
    """Waits for every command under way and lets no other begin. SQLite's one writer needs no such lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE stream_head IN EXCLUSIVE MODE"))


@dataclass(slots=True)
class _Case:
    """A case while its clocks are being moved, over all batches."""

    version: int
    next_number: int
    milestones: frozenset[str]
    moved: dict[int, datetime] = field(default_factory=dict)  #: new due times by clock

    def row(self, connection: Connection, case_id: int) -> dict[str, Any]:
        return {
            "next_due_at": _next_due(connection, case_id, self.moved),
            "next_number": self.next_number,
            "milestones": " ".join(sorted(self.milestones)),
        }


class _Writer:
    """Writes changes, batch by batch: one event, one clock and the row of its case for each."""

    def __init__(self, connection: Connection, roster: Roster, *, actor: Actor, now: datetime, plan: str) -> None:
        self._connection, self._roster = connection, roster
        self._actor, self._now, self._plan = actor, now, plan
        self._cases: dict[int, _Case] = {}

    def write(self, changes: list[Change]) -> int:
        """Returns how many mails were written."""
        heads = lock_heads(self._connection, {change.book.case_id for change in changes})
        events: list[dict[str, Any]] = []
        mails: list[dict[str, Any]] = []
        clocks: list[dict[str, Any]] = []
        rows: dict[int, dict[str, Any]] = {}
        for change in changes:
            case_id = change.book.case_id
            state = self._cases.setdefault(
                case_id, _Case(change.book.version, change.book.next_number, change.book.milestones)
            )
            state.version += 1
            state.moved[change.after.number] = change.after.due_at
            wrote = self._wrote(change, state, clocks)
            rows[case_id] = {"key_id": case_id, "version": state.version, **state.row(self._connection, case_id)}
            told: tuple[AccountId, ...] = ()
            if change.due_moves or change.light_before is not change.light_after:
                told = self._roster.told(
                    TOLD_OF_A_MOVE, unit=change.book.unit, person=change.book.person, recused=change.book.recused
                )
            heads[case_id], event = chained(case_id, heads[case_id], self._event(change, state, wrote, told))
            events.append(event)
            mails += messages(case_id, heads[case_id].seq, recorded_at=heads[case_id].at, to=told)
        append_rows(self._connection, events, heads)
        UPDATE[model.Clock].run_many(self._connection, clocks)
        _MOVE_CASE.run_many(self._connection, list(rows.values()))
        post(self._connection, mails)
        return len(mails)

    def _wrote(self, change: Change, state: _Case, clocks: list[dict[str, Any]]) -> dict[str, Json]:
        """The rows of one change as the ledger vouches for them; the waivers are written, the clock is only prepared."""
        case_id, row = change.book.case_id, to_row(change.after)
        number = row.pop("number")
        clocks.append({"key_case_id": case_id, "key_number": number, **row})
        wrote: dict[str, Json] = {"clock": {str(number): vouched(row, without=DERIVED)}}
        proposed: dict[str, Json] = {}
        for rung in self._not_yet_proposed(change, state):
            waiver = Waiver(
                number=RecordNumber(state.next_number), clock=change.after.number, rung=rung, ground="recounted",
                proposed_at=self._now, stage="recount",
            )  # fmt: skip
            state.next_number += 1
            state.milestones |= {HAS_WAIVERS}
            values = to_row(waiver)
            INSERT[Waiver].run(self._connection, case_id=case_id, **values)
            proposed[str(waiver.number)] = vouched(values, without=frozenset({"number"}))
        if proposed:
            wrote["waiver"] = proposed
        return {**wrote, "cases": vouched(state.row(self._connection, case_id), without=frozenset())}

    def _not_yet_proposed(self, change: Change, state: _Case) -> list[str]:
        if not change.waiver_proposed or HAS_WAIVERS not in state.milestones:
            return list(change.waiver_proposed)
        known = {
            rung for (rung,) in _PROPOSED.rows(self._connection, case_id=change.book.case_id, clock=change.after.number)
        }
        return [rung for rung in change.waiver_proposed if rung not in known]

    def _event(self, change: Change, state: _Case, wrote: dict[str, Json], told: tuple[AccountId, ...]) -> NewEvent:
        before, after = change.before, change.after
        return NewEvent(
            code="clock:recounted",
            occurred_at=self._now,
            recorded_at=self._now,
            actor=self._actor,
            data={
                "plan": self._plan,
                "clock": after.number,
                "name": after.name,
                "was": {"due_at": stamp(before.due_at), "policy": before.policy, "provisional": before.provisional},
                "is": {"due_at": stamp(after.due_at), "policy": after.policy, "provisional": after.provisional},
                "version": state.version,
                "wrote": wrote,
                "told": list(told),
            },
            key=f"{stamp(self._now)}:recounted:{change.book.case_id}.{after.number}",
        )


def _next_due(connection: Connection, case_id: int, moved: Mapping[int, datetime]) -> datetime | None:
    """The next due time of a case once these of its clocks have moved: that of its duties, else of any clock."""
    rows = _DUE.rows(connection, case_id=case_id)
    return next_due_at((Kind(kind), moved.get(number, due_at)) for number, kind, due_at in rows)
