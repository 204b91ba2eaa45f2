"""Taking a step: `decide` answers a command with a decision or a refusal; `available_steps` says what is open to whom.

The only importer of `transitions`. One shared Machine a procedure is built from its table and is the index that both
functions ask and the picture in `docs/procedures/`. Effects never live in its callbacks, and no case is ever its model.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from transitions import Machine, Transition
from transitions.extensions import GraphMachine

from workflow import clocks as counting
from workflow.commands import Command
from workflow.definition import (
    AcknowledgeAll,
    Draft,
    Extend,
    GoOn,
    PauseAll,
    Procedure,
    ResumeAll,
    Situation,
    Start,
    Step,
    Stop,
    StopAll,
    VoidAll,
)
from workflow.fields import codes_of, personal_fields, personal_texts
from workflow.model import (
    FINAL_STATES,
    Actor,
    CaseFacts,
    Clock,
    Decision,
    Json,
    Kind,
    Progress,
    Reason,
    RecordNumber,
    Refusal,
    Relation,
    Role,
    State,
)
from workflow.offers import not_offered
from workflow.procedures import PROCEDURES, rules


class StepTransition(Transition):
    """A transition that carries its row of the table."""

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = step


class StepMachine(Machine):
    transition_cls = StepTransition


class _Drawn:
    """What the library hangs the picture on."""

    get_graph: Any


@cache
def machine_of(procedure: str) -> StepMachine:
    """The one machine of a procedure: states by value, no model, no generated transitions."""
    table = PROCEDURES[procedure]
    machine = StepMachine(
        model=None, states=list(_states(table)), initial=State.UNFILED.value, auto_transitions=False, send_event=False
    )
    for step in table.steps:
        for source in step.sources:
            target = (step.target or source).value
            machine.add_transition(step.command.__name__, source.value, target, step=step)
    return machine


def diagram(procedure: str) -> str:
    """The state diagram in Mermaid, drawn by the library from the same table."""
    table = PROCEDURES[procedure]
    rows = [
        {"trigger": step.command.__name__, "source": source.value, "dest": (step.target or source).value}
        for step in table.steps
        for source in step.sources
    ]
    carrier = _Drawn()
    GraphMachine(
        model=carrier,
        states=list(_states(table)),
        initial=State.UNFILED.value,
        transitions=rows,
        auto_transitions=False,
        graph_engine="mermaid",
        title=procedure,
    )
    return str(carrier.get_graph().source)


def decide(situation: Situation, command: Command) -> Decision:
    """What the command changes. Raises `Refusal` with every reason at once."""
    step = _step(situation.facts, type(command))
    if not may_take(step, situation.actor, situation.facts):
        raise Refusal((Reason(code="step.not_yours"),))
    reasons = [reason for guard in step.guards if (reason := guard(situation))]
    reasons += [reason for check in step.checks if (reason := check(situation, command))]
    told = {reason.field for reason in reasons}  # a check says better than "not offered" what is wrong
    reasons += [reason for reason in not_offered(situation, command) if reason.field not in told]
    if reasons:
        raise Refusal(tuple(reasons))
    draft = Draft(situation.facts)
    for name, kind, text in personal_texts(command):
        draft.write_text(name, kind, text)
    step.writes(situation, command, draft)
    changed_clocks = _move_clocks(situation, command, step, draft)
    return Decision(
        event=step.event,
        data={"command": {"name": type(command).__name__, **_codes(command, draft)}, **draft.data},
        progress=_progress(situation, step, draft, changed_clocks),
        new=tuple(draft.new),
        changed=tuple(draft.changed),
        tells=step.tells,
    )


def available_steps(situation: Situation) -> tuple[tuple[Step, tuple[Reason, ...]], ...]:
    """The steps of this state that the actor's role may take, each with the reasons why it is closed (none: it is open).
    A quiet step is left out while it is closed."""
    facts = situation.facts
    machine = machine_of(facts.procedure)
    found = []
    for trigger in machine.get_triggers(facts.state.value):
        step = _step_of(machine.get_transitions(trigger, facts.state.value)[0])
        if may_take(step, situation.actor, facts):
            reasons = tuple(reason for guard in step.guards if (reason := guard(situation)))
            if not (step.quiet and reasons):
                found.append((step, reasons))
    return tuple(found)


def steps_of_others(situation: Situation) -> tuple[tuple[Step, tuple[Role, ...]], ...]:
    """The steps of this state that are not the actor's to take, with the roles whose they are."""
    facts = situation.facts
    machine = machine_of(facts.procedure)
    steps = (
        _step_of(machine.get_transitions(name, facts.state.value)[0])
        for name in machine.get_triggers(facts.state.value)
    )
    return tuple(
        (step, tuple(dict.fromkeys(role for role, _ in step.allowed)))
        for step in steps
        if not step.quiet and not may_take(step, situation.actor, facts)
    )


def may_take(step: Step, actor: Actor, facts: CaseFacts) -> bool:
    return any(actor.role is role and _stands(relation, actor, facts) for role, relation in step.allowed)


def _stands(relation: Relation, actor: Actor, facts: CaseFacts) -> bool:
    match relation:
        case Relation.ANYONE:
            return True
        case Relation.BY_CODE:
            return facts.id is not None and actor.case == facts.id
        case Relation.ASSIGNED:
            serving = {a.person for a in facts.appointments if a.until_at is None}
            return actor.account is not None and actor.account in serving | {facts.holder_person}
        case Relation.SAME_UNIT:
            return actor.unit is not None and actor.unit == facts.holder_unit
        case Relation.ABOVE:
            return facts.holder_unit in actor.units


def _states(table: Procedure) -> Iterable[str]:
    return dict.fromkeys(
        state.value for step in table.steps for state in (*step.sources, *([step.target] if step.target else []))
    )


def _step(facts: CaseFacts, command: type[Command]) -> Step:
    machine = machine_of(facts.procedure)
    if command.__name__ in machine.events:
        found = machine.events[command.__name__].transitions.get(facts.state.value)
        if found:
            return _step_of(found[0])
    raise Refusal((Reason(code="step.not_open", values={"state": facts.state.value}),))


def _step_of(transition: Transition) -> Step:
    assert isinstance(transition, StepTransition), "every transition of these machines is a row of a table"
    return transition.step


# -- the command as records and data ----------------------------------------------------------------------------------


def _codes(command: Command, draft: Draft) -> dict[str, Json]:
    """The command's fields for the ledger: texts by number, everything else as codes and figures."""
    texts: dict[str, Json] = {name: list(draft.texts.get(name, ())) for name in personal_fields(type(command))}
    return {**codes_of(command), **texts}


# -- clocks -----------------------------------------------------------------------------------------------------------


def _move_clocks(situation: Situation, command: Command, step: Step, draft: Draft) -> dict[RecordNumber, Clock]:
    """All clocks of the case after the step; new and changed ones are noted in the draft."""
    known = {clock.number: clock for clock in situation.facts.clocks}
    after = dict(known)
    for change in step.clocks:
        for clock in _changed(change, tuple(after.values()), situation, command, draft):
            after[clock.number] = clock
    for number, clock in after.items():
        if number not in known:
            draft.new.append(clock)
        elif clock is not known[number]:
            draft.changed.append(clock)
    return after


def _changed(change: Any, clocks: tuple[Clock, ...], situation: Situation, command: Any, draft: Draft) -> list[Clock]:
    now, policy = situation.now, situation.policy
    running = [clock for clock in clocks if clock.stopped_at is None]
    match change:
        case Start():
            return _started(change, running, situation, command, draft)
        case Stop(name=name, outcome=outcome):
            return [counting.stop(clock, at=now, outcome=outcome) for clock in running if clock.name == name]
        case StopAll(outcome=outcome):
            duties = (clock for clock in running if clock.kind is Kind.DUTY)
            return [counting.stop(clock, at=now, outcome=outcome) for clock in duties]
        case VoidAll(unless=unless):
            late = unless(situation, command)
            return [
                counting.stop(c, at=now, outcome=counting.CASE_ENDED) if late else counting.void(c, at=now)
                for c in running
            ]
        case PauseAll():
            until = policy.calendar.start_of(command.until)
            return [
                counting.pause(
                    clock, policy.rule_of(clock), policy.of(clock), at=now, until=until, ground=command.ground
                )
                for clock in rules.pausable(situation, ground=command.ground)
            ]
        case ResumeAll(when=when):
            paused = [clock for clock in running if counting.paused_until(clock, at=now)]
            ending = paused if when is None or when(situation, command) else []
            return [counting.resume(clock, policy.rule_of(clock), policy.of(clock), at=now) for clock in ending]
        case AcknowledgeAll():
            return [replace(clock, acknowledged_at=now) for clock in running if counting.waits_for_word(clock, at=now)]
        case Extend(names=names):
            clock = next(clock for clock in running if clock.name in names)
            rule, under = policy.rule_of(clock), policy.of(clock)
            pair = counting.extend(clock, draft.number(), rule, under, at=now, length=command.to_length)
            before = sum(1 for one in clocks if one.name == clock.name and one.outcome == "extended")
            ladder = under.ladder_of(rule)
            if ladder.red_after_extensions is not None and before + 1 > ladder.red_after_extensions:
                pair = pair[0], counting.lit_by_extensions(pair[1], ladder, at=now)
            draft.data["extension"] = {"clock": clock.number, "successor": pair[1].number, "waived": pair[0].waived}
            return list(pair)
        case GoOn(names=names):
            last = rules.that_can_go_on(clocks, names)
            assert last is not None, "guarded: there is a clock that can go on"
            return list(counting.go_on(last, draft.number(), policy.rule_of(last), policy.of(last), at=now))
    raise AssertionError(change)


def _started(start: Start, running: list[Clock], situation: Situation, command: Any, draft: Draft) -> list[Clock]:
    """The clock, unless the profile leaves it out, its rule counts from elsewhere, it is not owed, or it runs already: the
    citizen's clock never restarts."""
    policy = situation.policy
    began = start.at(situation, command) if start.at else situation.now
    rule = policy.rule(start.name, on=policy.calendar.local_day(began))
    if rule is None or not start.counts_for(rule) or any(clock.name == start.name for clock in running):
        return []
    if start.when and not start.when(situation, command):
        return []
    began = policy.deemed_received(began, rule) if start.on_receipt else began
    in_force = policy.rule(start.name, on=policy.calendar.local_day(began)) or rule
    return [counting.start(draft.number(), start.name, in_force, policy, at=began)]


def _progress(situation: Situation, step: Step, draft: Draft, clocks: dict[RecordNumber, Clock]) -> Progress:
    facts, now = situation.facts, situation.now
    running = [clock for clock in clocks.values() if clock.stopped_at is None]
    pauses = [until for clock in running if (until := counting.paused_until(clock, at=now))]
    custody = draft.custody or facts.custody
    assert custody is not None, "the step that opens a case takes it into custody"
    target = step.target or facts.state
    ended = target in FINAL_STATES and facts.state not in FINAL_STATES
    return Progress(
        state=target,
        milestones=(facts.milestones - step.forgets) | ({step.marks} if step.marks else set()) | draft.reached,
        next_number=draft.next_number,
        holder_unit=custody.unit,
        holder_person=custody.person,
        custody_number=custody.number,
        custody_from=custody.from_at,
        next_due_at=counting.next_due_at((clock.kind, clock.due_at) for clock in running),
        paused_until=max(pauses, default=None),
        extension_asked=draft.extension_asked,
        outcome=draft.outcome,
        closed_at=now if ended else facts.closed_at if target in FINAL_STATES else None,
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
    path = [State.UNFILED]
    while path[-1] not in FINAL_STATES:
        path.append(
            next(
                step.target
                for step in table.steps
                if path[-1] in step.sources and step.target and step.target not in path and not _is_side_exit(step)
            )
        )
    return tuple(path)


def usual_next(procedure: str, state: State) -> str | None:
    """The command that moves a matter on from a state, for lists; None at the end."""
    if state in FINAL_STATES:
        return None
    path = usual_path(procedure)
    passed = path[: path.index(state) + 1] if state in path else (state,)
    steps = (s for s in PROCEDURES[procedure].steps if state in s.sources and s.target and s.target not in passed)
    return next((step.command.__name__ for step in steps if not _is_side_exit(step)), None)


def _is_side_exit(step: Step) -> bool:
    """Refusing and terminating end a matter without an answer on its merits."""
    return step.target in (State.NOT_ACCEPTED, State.TERMINATED)
