"""Taking a step: `decide` answers a command with a decision or a refusal; `available_steps` says what is open to whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from workflow import clocks as counting
from workflow.acts import FIELD, faults, happened
from workflow.clock_moves import move_clocks
from workflow.commands import Command
from workflow.definition import Draft, Situation, Start, Step, Stop, always_first
from workflow.facts import CaseFacts, Decision, Progress
from workflow.fields import codes_of, personal_fields, personal_texts
from workflow.model import UNFILED, Actor, Clock, Json, Kind, Reason, RecordNumber, Refusal, Relation, Role, State
from workflow.offers import not_offered
from workflow.procedure import Procedure
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.tasks import end_tasks

#: Steps with the reasons why they are closed (none: it is open).
Available = tuple[tuple[Step, tuple[Reason, ...]], ...]


def decide(situation: Situation, command: Command) -> Decision:
    """What the command changes. Raises `Refusal` with every reason at once."""
    step = _step(situation.facts, type(command))
    if not may_take(step, situation.actor, situation.facts):
        raise Refusal((Reason(code="step.not_yours"),))
    reasons = [reason for guard in step.guards if (reason := guard(situation))]
    reasons += [reason for check in step.checks if (reason := check(situation, command))]
    reasons += faults(situation, step, command)
    told = {reason.field for reason in reasons}  # a check says better than "not offered" what is wrong
    reasons += [reason for reason in not_offered(situation, command) if reason.field not in told]
    if reasons:
        raise Refusal(tuple(reasons))
    draft = Draft(situation.facts)
    for name, kind, text in personal_texts(command):
        draft.write_text(name, kind, text)
    step.writes(situation, command, draft)
    if _is_the_end(situation.facts, step, draft):
        end_tasks(situation, draft)
    known = (situation.facts.outcome, *PROCEDURES[situation.facts.procedure].outcomes)
    assert draft.outcome is None or draft.outcome in known, f"undeclared outcome: {draft.outcome}"
    changed_clocks = move_clocks(situation, command, step, draft)
    return Decision(
        event=step.event,
        data={"command": {"name": type(command).__name__, **_codes(command, draft)}, **draft.data},
        progress=_progress(situation, step, draft, changed_clocks),
        new=tuple(draft.new),
        changed=tuple(draft.changed),
        tells=(*step.tells, *(whom for when, whom in step.tells_if if when(situation, command))),
        case=draft.case,
        occurred_at=happened(situation, command),
        recused=tuple(draft.recused),
        asked=tuple(draft.asked),
        beside={
            case: _beside(situation.others[case], step, other, now=situation.now)
            for case, other in draft.beside.items()
        },
    )


def available_steps(situation: Situation) -> Available:
    """The steps of this state that the actor's role may take, each with the reasons why it is closed (none: it is open).
    A quiet step is left out while it is closed."""
    facts = situation.facts
    found = []
    for step in PROCEDURES[facts.procedure].machine.steps_from(facts.state):
        if may_take(step, situation.actor, facts):
            reasons = tuple(reason for guard in step.guards if (reason := guard(situation)))
            if not (step.quiet and reasons):
                found.append((step, reasons))
    return tuple(found)


def steps_of_others(situation: Situation) -> tuple[tuple[Step, tuple[Role, ...]], ...]:
    """The steps of this state that are not the actor's to take, with the roles whose they are."""
    facts = situation.facts
    return tuple(
        (step, tuple(dict.fromkeys(role for role, _ in step.allowed)))
        for step in PROCEDURES[facts.procedure].machine.steps_from(facts.state)
        if _may_be_waited_for(step, situation) and not may_take(step, situation.actor, facts)
    )


def _may_be_waited_for(step: Step, situation: Situation) -> bool:
    """What a reader is told that somebody else may do. Of what is rarely needed, only what the matter waits for; of what the person
    does themselves, only what they still can: that does not depend on who reads."""
    if step.minor:
        return False
    if step.quiet:
        facts = situation.facts
        return step.command.__name__ == usual_next(facts.procedure, facts.state, facts.clocks_running)
    own = all(relation is Relation.BY_CODE for _, relation in step.allowed)
    return not (own and any(guard(situation) for guard in step.guards))


def may_take(step: Step, actor: Actor, facts: CaseFacts) -> bool:
    return any(actor.role is role and _stands(relation, actor, facts) for role, relation in step.allowed)


def _stands(relation: Relation, actor: Actor, facts: CaseFacts) -> bool:
    match relation:
        case Relation.ANYONE:
            return True
        case Relation.BY_CODE:
            return facts.id is not None and actor.case == facts.id
        case Relation.ASSIGNED:
            return bool(actor.accounts & facts.in_hand_of)
        case Relation.TAKES_PART:
            return any(one.person in actor.accounts for one in facts.taking_part)
        case Relation.ASKED:
            return bool(facts.tasks_of(actor))
        case Relation.SAME_UNIT:
            return actor.unit is not None and actor.unit == facts.holder_unit
        case Relation.ABOVE:
            return facts.holder_unit in actor.units


def _step(facts: CaseFacts, command: type[Command]) -> Step:
    for step in PROCEDURES[facts.procedure].machine.steps_of(command.__name__, facts.state):
        return step
    raise Refusal((Reason(code="step.not_open", values={"state": facts.state}),))


# -- the command as records and data ----------------------------------------------------------------------------------


def _codes(command: Command, draft: Draft) -> dict[str, Json]:
    """The command's fields for the ledger: texts by number, everything else as codes and figures."""
    texts: dict[str, Json] = {name: list(draft.texts.get(name, ())) for name in personal_fields(type(command))}
    codes = {name: value for name, value in codes_of(command).items() if (name, value) != (FIELD, None)}
    return {**codes, **texts}


def _beside(facts: CaseFacts, step: Step, draft: Draft, *, now: datetime) -> Decision:
    """What a step writes of another case: records, and nothing of where that one stands."""
    progress = _standing(facts, draft, facts.clocks_running, now=now, state=facts.state, closed_at=facts.closed_at)
    progress = replace(progress, milestones=facts.milestones | draft.reached)
    new, changed = tuple(draft.new), tuple(draft.changed)
    return Decision(event=step.event, data=draft.data, progress=progress, new=new, changed=changed, tells=())


def _target(facts: CaseFacts, step: Step, draft: Draft) -> State:
    return str(draft.state or step.target or facts.state)


def _is_the_end(facts: CaseFacts, step: Step, draft: Draft) -> bool:
    final = PROCEDURES[facts.procedure].final
    return _target(facts, step, draft) in final and facts.state not in final


def _progress(situation: Situation, step: Step, draft: Draft, clocks: dict[RecordNumber, Clock]) -> Progress:
    facts, now = situation.facts, situation.now
    target, final = _target(facts, step, draft), PROCEDURES[facts.procedure].final
    ended = _is_the_end(facts, step, draft)
    closed_at = now if ended else facts.closed_at if target in final else None
    running = tuple(clock for clock in clocks.values() if clock.stopped_at is None)
    progress = _standing(facts, draft, running, now=now, state=target, closed_at=closed_at)
    reached = {step.reaches} if step.reaches else set()
    return replace(progress, milestones=(facts.milestones - step.forgets - draft.lost) | reached | draft.reached)


def _standing(
    facts: CaseFacts, draft: Draft, running: tuple[Clock, ...], *, now: datetime, state: State, closed_at: datetime | None
) -> Progress:  # fmt: skip
    pauses = [until for clock in running if (until := counting.paused_until(clock, at=now))]
    custody = draft.custody or facts.custody
    assert custody is not None, "the step that opens a case takes it into custody"
    return Progress(
        state=state,
        milestones=facts.milestones,
        next_number=draft.next_number,
        holder_unit=custody.unit,
        holder_person=custody.person,
        custody_number=custody.number,
        custody_from=custody.from_at,
        next_due_at=counting.next_due_at((clock.kind, clock.due_at) for clock in running),
        paused_until=max(pauses, default=None),
        extension_asked=draft.extension_asked,
        outcome=draft.outcome,
        closed_at=closed_at,
    )


def with_crossings_recorded(facts: CaseFacts, *, until: datetime) -> CaseFacts:
    """The facts after every crossing up to `until` has been written to the ledger."""
    return replace(
        facts,
        clocks=tuple(counting.settled(clock, until=until) for clock in facts.clocks),
    )


@cache
def usual_path(procedure: str) -> tuple[State, ...]:
    """The states that a matter goes through when nothing special happens: first moving steps of the table, in order."""
    table = PROCEDURES[procedure]
    path = [UNFILED]
    while path[-1] not in table.final:
        path.append(
            next(
                step.target
                for step in table.steps
                if path[-1] in step.sources and step.target and step.target not in path and not step.aside
            )
        )
    return tuple(path)


def usual_next(procedure: str, state: State, running: Iterable[Clock] = ()) -> str | None:
    """The command that comes next, for lists: what somebody waits for in that state, what ends whichever duty of the matter is due
    next, or what moves it on along the usual path; None at the end. What only a look into the case could open is not guessed."""
    usual, ending, waited_for = _of_state(procedure, state)
    if usual and usual.first_when is always_first:
        return usual.command.__name__
    running = tuple(running)
    if waits := next((waited_for[one.name] for one in running if one.name in waited_for), None):
        return waits
    duties = (one for one in running if one.name in ending and one.about is None and one.kind is Kind.DUTY)
    due = min(duties, key=lambda one: (one.due_at, one.number), default=None)
    if due is not None:
        return ending[due.name]
    return usual.command.__name__ if usual else None


@cache
def _of_state(procedure: str, state: State) -> tuple[Step | None, Mapping[str, str], Mapping[str, str]]:
    """For lists: the step that moves a matter on from a state, of each clock the command that ends it, without a look into
    the case, and of those that run only while somebody waits. Nothing at the end."""
    table = PROCEDURES[procedure]
    if state in table.final:
        return None, {}, {}
    usual = _moves_on(table, state)
    ending: dict[str, str] = {}
    waited_for: dict[str, str] = {}
    for step in table.machine.steps_from(state):
        if (step is usual or not step.guards) and not step.cannot_be_undone:
            for name in _ended_by(step):
                ending.setdefault(name, step.command.__name__)
        if step.first_when is always_first:
            waited_for |= dict.fromkeys(_ended_by(step), step.command.__name__)
    return usual, ending, waited_for


def _ended_by(step: Step) -> frozenset[str]:
    """The clocks that it ends whatever is typed, and without beginning them anew for somebody else."""
    begins = {one.name for one in step.clocks if isinstance(one, Start)}
    return frozenset(one.name for one in step.clocks if isinstance(one, Stop) and one.is_sure) - begins


def _moves_on(table: Procedure, state: State) -> Step | None:
    path = usual_path(table.name)
    passed = path[: path.index(state) + 1] if state in path else (state,)
    steps = (s for s in table.steps if state in s.sources and s.target and s.target not in passed)
    return next((step for step in steps if not step.aside), None)


def _ends_what_is_due(steps: Sequence[Step], running: Iterable[Clock]) -> Step | None:
    """The step that surely ends the duty that is due next, and can be taken back; of several that are due at once, the step that
    ends the first which began."""
    duties = (clock for clock in running if clock.stopped_at is None and clock.kind is Kind.DUTY)
    for clock in sorted(duties, key=lambda one: (one.due_at, one.number)):
        for step in steps:
            if not step.cannot_be_undone and clock.name in _ended_by(step):
                return step
    return None


def likeliest_of(situation: Situation, available: Available) -> Step | None:
    """The step that stands on top for the actor: one that somebody waits for; else what lists call the next one. None where that
    is somebody else's, or is closed: the page says whose, or why."""
    facts = situation.facts
    open_ones = [step for step, reasons in available if not reasons and not step.minor]
    if waited_for := next((step for step in open_ones if step.first_when(situation)), None):
        return waited_for
    mine = [one for one in facts.clocks_running if facts.is_charged_to(situation.actor, one)]
    if due := _ends_what_is_due(open_ones, mine):
        return due
    usual = usual_next(facts.procedure, facts.state)
    return next((step for step in open_ones if step.command.__name__ == usual), None)
