"""Applies a plan: publishes the policy and moves the running clocks, all in one transaction, one event a clock.

The plan is worked out again under the write lock. If it does not come out the same to the last digit, the book has moved
since somebody read it, and nothing is done.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.sql import bindparam

from cases import tables
from cases.apply import DERIVED
from cases.ledger import Head, NewEvent, append_rows, chained
from cases.outbox import messages, post
from cases.planning import TOLD_OF_A_MOVE, Change, Plan, planned
from cases.policies import publish
from cases.rows import UPDATE, as_json, stamp, to_row, vouched
from cases.sweep import sweep
from infra.db import transaction
from infra.statements import Statement
from people.audiences import Roster
from workflow import model
from workflow.model import Actor, Clock, Json, Kind
from workflow.policy import Policy

Files = Mapping[str, bytes]

#: Changes that are written at a time.
BATCH = 500

_case = tables.Case.__table__.c  # type: ignore[attr-defined]
_clock = tables.Clock.__table__.c  # type: ignore[attr-defined]
_head = tables.StreamHead.__table__.c  # type: ignore[attr-defined]
_MOVE_CASE = Statement(
    update(tables.Case)
    .where(_case.id == bindparam("key_id"))
    .values(version=bindparam("version"), next_due_at=bindparam("next_due_at"))
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
        version = publish(connection, files, actor=actor, now=now, plan=plan)
        roster = Roster.whole(connection)
        mails = 0
        for first in range(0, len(changes), BATCH):
            batch = changes[first : first + BATCH]
            mails += _write(connection, batch, roster, actor=actor, now=now, plan=plan)
    return Applied(version=version, events=len(changes), mails=mails)


def _let_nothing_move(connection: Connection) -> None:
    """Waits for every command under way and lets no other begin. SQLite's one writer needs no such lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE stream_head IN EXCLUSIVE MODE"))


def _write(
    connection: Connection, changes: list[Change], roster: Roster, *, actor: Actor, now: datetime, plan: str
) -> int:
    """One event, one clock and one row of its case for each change. Returns how many mails were written."""
    heads = _lock_heads(connection, sorted({change.book.case_id for change in changes}))
    events: list[dict[str, Any]] = []
    mails: list[dict[str, Any]] = []
    cases: dict[int, dict[str, Any]] = {}
    moved: dict[int, list[Clock]] = defaultdict(list)
    clocks: list[dict[str, Any]] = []
    for change in changes:
        case_id = change.book.case_id
        row = to_row(change.after)
        known = cases.get(case_id)
        version = (known["version"] if known else change.book.version) + 1
        moved[case_id].append(change.after)
        due = _next_due(connection, case_id, moved[case_id])
        cases[case_id] = {"key_id": case_id, "version": version, "next_due_at": due}
        clocks.append({"key_case_id": case_id, "key_number": row.pop("number"), **row})
        event = _event(change, row, version, due, actor=actor, now=now, plan=plan)
        heads[case_id], written = chained(case_id, heads[case_id], event)
        events.append(written)
        if change.due_moves or change.light_before is not change.light_after:
            told = roster.told(TOLD_OF_A_MOVE, unit=change.book.unit, person=change.book.person)
            mails += messages(case_id, heads[case_id].seq, recorded_at=now, to=told)
    append_rows(connection, events, heads)
    UPDATE[model.Clock].run_many(connection, clocks)
    _MOVE_CASE.run_many(connection, list(cases.values()))
    post(connection, mails)
    return len(mails)


def _event(
    change: Change, row: dict[str, Any], version: int, due: datetime | None, *, actor: Actor, now: datetime, plan: str
) -> NewEvent:
    before, after = change.before, change.after
    wrote: dict[str, Json] = {
        "cases": {"next_due_at": as_json(due)},
        "clock": {str(after.number): vouched(row, without=DERIVED)},
    }
    return NewEvent(
        code="clock:recounted",
        occurred_at=now,
        recorded_at=now,
        actor=actor,
        data={
            "plan": plan,
            "clock": after.number,
            "name": after.name,
            "was": {"due_at": stamp(before.due_at), "policy": before.policy, "provisional": before.provisional},
            "is": {"due_at": stamp(after.due_at), "policy": after.policy, "provisional": after.provisional},
            "waiver_proposed": list(change.waiver_proposed),
            "version": version,
            "wrote": wrote,
        },
        key=f"{stamp(now)}:recounted:{change.book.case_id}.{after.number}",
    )


def _next_due(connection: Connection, case_id: int, moved: list[Clock]) -> datetime | None:
    """The next due time of a case once these of its clocks have moved: that of its duties, else of any clock."""
    new = {clock.number: clock.due_at for clock in moved}
    rows = _DUE.rows(connection, case_id=case_id)
    due = [(kind, new.get(number, due_at)) for number, kind, due_at in rows]
    ours = [at for kind, at in due if kind == Kind.DUTY.value]
    return min(ours or [at for _, at in due], default=None)


def _lock_heads(connection: Connection, cases: list[int]) -> dict[int, Head]:
    rows = connection.execute(
        select(_head.stream, _head.seq, _head.hash)
        .where(_head.stream.in_(cases))
        .order_by(_head.stream)
        .with_for_update()
    )
    return {stream: Head(seq, hash_) for stream, seq, hash_ in rows}
