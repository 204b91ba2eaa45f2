"""What a step does to the clocks of its case."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from workflow import clocks as counting
from workflow.acts import happened, question_lights
from workflow.commands import Command
from workflow.definition import (
    AcknowledgeAll,
    Draft,
    Extend,
    FollowTasks,
    GoOn,
    PauseAll,
    PutBack,
    ResumeAll,
    Situation,
    Start,
    Step,
    Stop,
    StopAll,
    VoidAll,
)
from workflow.model import Clock, Kind, RecordNumber
from workflow.policy_rules import Rule
from workflow.procedures.every_case import rules
from workflow.records import Task

#: The outcome of a clock about something that nobody is asked for any more.
WITHDRAWN = "withdrawn"


def move_clocks(situation: Situation, command: Command, step: Step, draft: Draft) -> dict[RecordNumber, Clock]:
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
        case Stop() | StopAll() | VoidAll():
            return _ended(change, running, situation, command, draft)
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
        case PutBack():
            return _put_back(clocks, situation)
        case FollowTasks():
            return _with_their_tasks(running, draft, at=now)
        case AcknowledgeAll():
            mine = (clock for clock in running if situation.facts.is_charged_to(situation.actor, clock))
            return [replace(clock, acknowledged_at=now) for clock in mine if counting.waits_for_word(clock, at=now)]
        case Extend(names=names):
            return _extended(names, clocks, situation, command, draft)
        case GoOn(names=names):
            last = rules.that_can_go_on(clocks, names)
            assert last is not None, "guarded: there is a clock that can go on"
            return list(counting.go_on(last, draft.number(), policy.rule_of(last), policy.of(last), at=now))
    raise AssertionError(change)


def _ended(
    change: Stop | StopAll | VoidAll, running: list[Clock], situation: Situation, command: Any, draft: Draft
) -> list[Clock]:  # fmt: skip
    now = situation.now
    match change:
        case Stop(name=name, outcome=outcome):
            met = change.when is None or change.when(situation, command)
            ending = [clock for clock in running if met and clock.name == name]
            if change.about is not None:
                ending = [clock for clock in ending if clock.about == change.about(command)]
            return [_stopped(clock, outcome, situation, command, draft) for clock in ending]
        case StopAll(outcome=outcome):
            return [counting.stop(clock, at=now, outcome=outcome) for clock in running if clock.kind is Kind.DUTY]
        case VoidAll(unless=unless) if unless(situation, command):
            return [counting.stop(clock, at=now, outcome=counting.CASE_ENDED) for clock in running]
        case VoidAll():
            return [counting.void(clock, at=now) for clock in running]


def _extended(
    names: tuple[str, ...], clocks: tuple[Clock, ...], situation: Situation, command: Any, draft: Draft
) -> list[Clock]:  # fmt: skip
    clock = next(clock for clock in clocks if clock.stopped_at is None and clock.name in names)
    rule, under = situation.policy.rule_of(clock), situation.policy.of(clock)
    pair = counting.extend(clock, draft.number(), rule, under, at=situation.now, length=command.to_length)
    before = sum(1 for one in clocks if one.name == clock.name and one.outcome == "extended")
    ladder = under.ladder_of(rule)
    if ladder.red_after_extensions is not None and before + 1 > ladder.red_after_extensions:
        pair = pair[0], counting.lit_by_extensions(pair[1], ladder, at=situation.now)
    draft.data["extension"] = {"clock": clock.number, "successor": pair[1].number, "waived": pair[0].waived}
    return list(pair)


def _stopped(clock: Clock, outcome: str, situation: Situation, command: Any, draft: Draft) -> Clock:
    """When the act was done that ends it; what lit meanwhile is left to an assessor."""
    at = min(max(happened(situation, command), clock.started_at), situation.now)
    question_lights(clock, draft, at=at, now=situation.now)
    return counting.stop(clock, at=at, outcome=outcome)


def _put_back(clocks: tuple[Clock, ...], situation: Situation) -> list[Clock]:
    """What lit of them meanwhile is in the ledger and stays crossed."""
    last = situation.facts.last_step
    assert last is not None, "checked: there is a step to take back"
    crossed = {clock.number: clock.crossed_until for clock in clocks}
    before = [replace(clock, crossed_until=crossed[clock.number]) for clock in last.clocks]
    return before + [counting.void(clock, at=situation.now) for clock in clocks if clock.number in last.new]


def _with_their_tasks(running: Iterable[Clock], draft: Draft, *, at: datetime) -> list[Clock]:
    tasks = {one.number: one for one in draft.changed if isinstance(one, Task)}
    found = ((clock, tasks[clock.about]) for clock in running if clock.about in tasks)
    return [
        replace(clock, charged_unit=task.unit, charged_person=task.person)
        if task.until_at is None
        else counting.stop(clock, at=at, outcome=WITHDRAWN)
        for clock, task in found
    ]


def rule_to_start(start: Start, running: Iterable[Clock], situation: Situation, *, at: datetime) -> Rule | None:
    """The rule by which a clock would start; None if the profile leaves it out, its rule counts from elsewhere, or it runs."""
    policy = situation.policy
    rule = policy.rule(start.name, on=policy.calendar.local_day(at))
    starts = rule is not None and start.counts_for(rule)
    runs = start.about is None and any(one.name == start.name for one in running)
    return rule if starts and not runs else None


def _started(start: Start, running: list[Clock], situation: Situation, command: Any, draft: Draft) -> list[Clock]:
    """The clock, unless the profile leaves it out, its rule counts from elsewhere, it is not owed, or it runs already: the
    citizen's clock never restarts."""
    policy = situation.policy
    if start.when and not start.when(situation, command):
        return []
    began = start.at(situation, command) if start.at else happened(situation, command)
    rule = rule_to_start(start, running, situation, at=began)
    if rule is None:
        return []
    began = policy.deemed_received(began, rule) if start.on_receipt else began
    in_force = policy.rule(start.name, on=policy.calendar.local_day(began)) or rule
    about = start.about(situation, command, draft) if start.about else None
    return [counting.start(draft.number(), start.name, in_force, policy, at=began, about=about)]
