"""The only door: `open_case` and `execute` turn a command into a decision, its event and its messages, all or nothing.

The caller owns the transaction (`infra.db.transaction`) and builds its answer only after it is committed. Order of
things: wait for a year that is being closed, lock the chain's head, has this form been taken already, load what the actor
may see, compare the version, settle the lights that are due, decide, apply, tell, append.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from cases import filed, tracking
from cases.acts import with_acts_known
from cases.apply import apply, apply_records, progress_row
from cases.crossings import DueClock, record_crossings
from cases.facts import load_facts, with_askers_known, with_lights_known, with_records_known
from cases.finding import index_case
from cases.last_step import with_last_step
from cases.linking import named_in, others_of
from cases.numbers import issue_number
from cases.office import OfficeContext, load_closed_years
from cases.repeats import FormWasUsed, taken_before
from cases.rows import vouched
from cases.situations import situation_for
from cases.tables import Case
from ledger import chain
from ledger.chain import Head, NewEvent, key_is_taken
from ledger.outbox import messages, post
from people.audiences import Roster
from people.directory import TREE, closed_units
from workflow.acts import entered
from workflow.clocks import crossed
from workflow.commands import Command, Intake
from workflow.deciding import decide, with_crossings_recorded
from workflow.definition import Situation
from workflow.facts import CaseFacts, Decision
from workflow.fields import OF_UNITS, choices_in
from workflow.foresight import Moved, moved_dates
from workflow.model import UNFILED, AccountId, Actor, Audience, CaseId, Charge, Json
from workflow.procedures.every_case.commands import RenewCode, TakeBack

_case = Case.__table__.c  # type: ignore[attr-defined]  # SQLModel sets it


class CaseNotFound(Exception):
    """There is no such case for this actor, whether or not there is one for somebody else."""


class CaseHasMoved(Exception):
    """The form was opened on another version of the case. Carries both."""

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(f"expected version {expected}, found {found}")
        self.expected = expected
        self.found = found


class DatesWouldMove(Exception):
    """The step would move due dates that nobody has agreed to. Carries them as they are and as they would be."""

    def __init__(self, moved: tuple[Moved, ...]) -> None:
        super().__init__(f"{len(moved)} due dates")
        self.moved = moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a command. `repeated`: the same form had been taken before, and this is what came of it then."""

    case_id: int
    seq: int
    version: int
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    case_id: int
    public_id: str
    code: str  #: the petitioner's tracking code, to be shown once
    proof: str  #: what the receipt shows of the filing event's hash (`cases/filed.py`)
    repeated: bool = False


def execute(
    connection: Connection,
    case_id: int,
    command: Command,
    *,
    actor: Actor,
    now: datetime,
    expected_version: int | None,
    office: OfficeContext,
    request: str,
    seen_by: Actor | None = None,
    agreed: Callable[[tuple[Moved, ...]], bool] | None = None,
) -> Done:
    """Takes one step of a case. `expected_version` None means: whatever the version is (replays, not people). `seen_by`
    finds the case with other eyes than the actor's (`cases.facts.load_facts`); whether the step is theirs, the rules say.
    `agreed` is asked before due dates move, with what they would be.

    Raises `CaseNotFound`, `FormWasUsed`, `CaseHasMoved`, `DatesWouldMove`, or `workflow.model.Refusal` with every reason.
    """
    late, actor = _waited(connection, command, actor, now, office)
    named = named_in(connection, case_id, command)
    heads = _locked(connection, case_id, named)
    head = heads.get(case_id)
    if head and (done := taken_before(connection, request, command, actor=actor, case_id=case_id)):
        return Done(case_id=case_id, seq=done.seq, version=done.data["version"], repeated=True)
    loaded = load_facts(connection, case_id, actor=actor, seen_by=seen_by) if head else None
    if head is None or loaded is None:
        raise CaseNotFound
    now = chain.not_before(now, head)
    facts, _ = loaded
    if expected_version is not None and facts.version != expected_version:
        raise CaseHasMoved(expected=expected_version, found=facts.version)
    before, (head, facts) = head, _settle(connection, head, facts, now=now)
    if head != before:  # a light may have been recorded just now, to be appealed against
        facts = with_lights_known(connection, facts, actor=actor)
    situation = situation_for(
        connection, _with_past_known(connection, facts, command), of=[type(command)], actor=actor, now=now, office=office,
        closed_years=load_closed_years(connection) if late else None,
        others=others_of(connection, named & heads.keys(), command, actor=actor) if named else {},
    )  # fmt: skip
    if agreed and (moved := moved_dates(situation, command)) and not agreed(moved):
        raise DatesWouldMove(moved)
    decision = decide(situation, command)
    wrote = apply(connection, case_id, decision, version=facts.version)
    if isinstance(command, RenewCode):
        wrote["tracking"] = dict(tracking.renew(connection, tracking.code_for(request), case_id=case_id))
    try:
        head = _append(
            connection, head, decision, facts, actor=actor, now=now, wrote=wrote, key=chain.request_key(request)
        )
    except IntegrityError as error:
        if not key_is_taken(error):
            raise
        raise FormWasUsed from error  # for another case, at this moment: nobody waited, because their locks differ
    _write_beside(connection, decision, situation.others, heads, actor=actor, now=now)
    return Done(case_id=case_id, seq=head.seq, version=facts.version + 1)


def touches_last_year(command: Command, now: datetime, office: OfficeContext) -> bool:
    """Whether a year that is being closed at this moment could forbid it."""
    local_day, at = office.policy.calendar.local_day, entered(command)
    return command.is_of_a_year or (at is not None and local_day(at).year < local_day(now).year)


def _waited(
    connection: Connection, command: Command, actor: Actor, now: datetime, office: OfficeContext
) -> tuple[bool, Actor]:
    """Whether a year that is being closed could forbid it, and the actor with the units that are closed: while nobody closes
    either. Before any head is locked: whoever closes one takes heads after it."""
    late = touches_last_year(command, now, office)
    if late:
        chain.wait_for_key(connection, chain.CLOSING)
    if not OF_UNITS.isdisjoint(choices_in(type(command)).values()):
        chain.wait_for_key(connection, TREE)
        actor = replace(actor, closed_units=closed_units(connection))
    return late, actor


def _with_past_known(connection: Connection, facts: CaseFacts, command: Command) -> CaseFacts:
    """With what the rules ask of the case's past, if they ask."""
    if isinstance(command, TakeBack):
        return with_last_step(connection, facts)
    facts = with_askers_known(connection, with_records_known(connection, facts, command.looks_at), command.answers)
    return with_acts_known(connection, facts, command)


def _locked(connection: Connection, case_id: int, named: frozenset[CaseId]) -> Mapping[int, Head]:
    """The heads of the case and of those that the step is about, as far as there are such."""
    if named:
        return chain.lock_heads(connection, {case_id, *named})
    head = chain.lock_head(connection, case_id)
    return {case_id: head} if head else {}


def _write_beside(
    connection: Connection, decision: Decision, others: Mapping[CaseId, CaseFacts], heads: Mapping[int, Head], *,
    actor: Actor, now: datetime,
) -> None:  # fmt: skip
    """What the step changes of other cases, each with an event of its own, after the lights that are due there."""
    for case, beside in decision.beside.items():
        at = chain.not_before(now, heads[case])
        head, facts = _settle(connection, heads[case], others[case], now=at)
        wrote = apply(connection, case, beside, version=facts.version)
        _append(connection, head, beside, facts, actor=actor, now=at, wrote=wrote, key=None)


def open_case(
    connection: Connection,
    command: Intake,
    *,
    profile: str,
    actor: Actor,
    now: datetime,
    office: OfficeContext,
    request: str,
) -> Opened:
    """Opens a case: number, first custody, first clocks, tracking code. Raises `FormWasUsed`, `workflow.model.Refusal`."""
    key = chain.request_key(request)
    code = tracking.code_for(request)
    chain.wait_for_key(connection, key)  # there is no case yet whose lock would make a second post wait
    if done := taken_before(connection, request, command, actor=actor, profile=profile):
        public_id, proof = done.data["wrote"]["cases"]["public_id"], filed.proof_of(connection, done.stream)
        return Opened(case_id=done.stream, public_id=public_id, code=code, proof=proof, repeated=True)
    policy = office.policy.for_profile(profile)
    facts = CaseFacts(id=None, procedure=policy.profile.procedure, profile=profile, state=UNFILED)
    decision = decide(Situation(facts=facts, actor=actor, now=now, policy=policy), command)
    year = policy.calendar.local_day(now).year
    row: dict[str, Any] = {
        "public_id": secrets.token_hex(16),
        "procedure": facts.procedure,
        "profile": profile,
        "series": policy.profile.series,
        "year": year,
        "serial": issue_number(connection, series=policy.profile.series, year=year),
        "channel": command.channel,
        "dispute_type": command.dispute_type,
        "received_at": command.received_at or now,
        "registered_at": now,
        "intake_unit": actor.unit,
        **progress_row(decision.progress),
    }
    case_id = connection.execute(insert(Case).values(version=1, **row).returning(_case.id)).scalar_one()
    index_case(connection, case_id, row)
    wrote: dict[str, Json] = {
        "cases": vouched(row, without=frozenset()),
        **apply_records(connection, case_id, decision),
    }
    wrote["tracking"] = dict(tracking.remember(connection, code, case_id=case_id))
    head = chain.begin_stream(connection, case_id)
    filed_facts = replace(facts, id=CaseId(case_id))
    head = _append(connection, head, decision, filed_facts, actor=actor, now=now, wrote=wrote, key=key)
    return Opened(case_id=case_id, public_id=row["public_id"], code=code, proof=filed.proof(head.hash))


def _settle(connection: Connection, head: Head, facts: CaseFacts, *, now: datetime) -> tuple[Head, CaseFacts]:
    """Records the crossings of this case that are due and not yet recorded, so that no change ever outruns a light."""
    assert facts.id is not None
    due = [clock for clock in facts.clocks if crossed(clock, until=now)]
    if not due:
        return head, facts
    rows = [
        DueClock(
            case_id=facts.id,
            number=clock.number,
            name=clock.name,
            rule=clock.rule,
            due_at=clock.due_at,
            rungs=clock.rungs,
            crossed_until=clock.crossed_until,
            acknowledged_at=clock.acknowledged_at,
            unit=charge.unit,
            person=charge.person,
            recused=facts.recused,
        )
        for clock in due
        for charge in (facts.charge_of(clock),)
    ]
    roster = Roster.around(connection, *{row.unit for row in rows})
    moved = record_crossings(connection, rows, {facts.id: head}, roster, now=now)
    return moved[facts.id], with_crossings_recorded(facts, until=now)


def _append(
    connection: Connection, head: Head, decision: Decision, facts: CaseFacts, *, actor: Actor, now: datetime,
    wrote: dict[str, Json], key: str | None,
) -> Head:  # fmt: skip
    """The event of the decision at the end of the chain of a case that stood as `facts` says, and a message to everyone who
    is told."""
    assert facts.id is not None, "it has a chain"
    told = _told(connection, decision, actor, recused=facts.recused)
    event = NewEvent(
        code=decision.event,
        occurred_at=decision.occurred_at or now,
        recorded_at=now,
        actor=actor,
        data={**decision.data, "version": facts.version + 1, "wrote": wrote, "told": list(told)},
        key=key,
    )
    head = chain.append(connection, facts.id, head, event)
    if told:
        post(connection, messages(facts.id, head.seq, recorded_at=head.at, to=told))
    return head


def _told(
    connection: Connection, decision: Decision, actor: Actor, *, recused: frozenset[AccountId]
) -> tuple[AccountId, ...]:
    if not decision.tells:
        return ()
    holder = Charge(decision.progress.holder_unit, decision.progress.holder_person)
    recused |= frozenset(decision.recused)
    asked = [(charge, (Audience.HOLDER,)) for charge in decision.asked]
    roster = Roster.around(connection, *dict.fromkeys((holder.unit, *(charge.unit for charge in decision.asked))))
    told = {
        account
        for charge, audiences in ((holder, decision.tells), *asked)
        for account in roster.told(
            audiences, unit=charge.unit, person=charge.person, but_not=actor.account, recused=recused
        )
    }
    return tuple(sorted(told))
