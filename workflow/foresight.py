"""Which due dates a command would move, told before it is taken: 45 months and 45 days look alike in a form.

Only for commands that move running time limits; what a step stops and starts besides is in `clock_moves.py`.
"""

from dataclasses import dataclass, replace

from workflow import clocks as counting
from workflow.clock_moves import rule_to_start
from workflow.commands import Command
from workflow.deciding import decide, with_crossings_recorded
from workflow.definition import (
    ClockChange,
    Extend,
    GoOn,
    PauseAll,
    ResumeAll,
    Situation,
    Start,
    Step,
    Stop,
    StopAll,
    VoidAll,
)
from workflow.model import Audience, Clock, Kind
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import Lengthening
from workflow.procedures.every_case.rules import extendable_clock

MOVING = (Extend, PauseAll, ResumeAll, GoOn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A running time limit before and after the command; `asked`: after somebody else has agreed to it."""

    before: Clock
    after: Clock
    asked: bool = False


def moved_dates(situation: Situation, command: Command) -> tuple[Moved, ...]:
    """The time limits whose due time the command would move. Raises `workflow.model.Refusal` where it would be refused."""
    table = PROCEDURES[situation.facts.procedure]
    moves = any(isinstance(c, MOVING) for s in table.steps if s.command is type(command) for c in s.clocks)
    asks = isinstance(command, Lengthening) and not moves
    if not moves and not asks:
        return ()
    facts = with_crossings_recorded(situation.facts, until=situation.now)
    situation = replace(situation, facts=facts)
    decision = decide(situation, command)
    if isinstance(command, Lengthening) and asks:
        return (_if_granted(situation, command, table.deciding),)
    known = {clock.number: clock for clock in facts.clocks}
    running = (one for one in (*decision.new, *decision.changed) if isinstance(one, Clock) and one.stopped_at is None)
    # A clock that an earlier extension opened is known by its own number; one that is opened now, by the one before it.
    pairs = ((known.get(clock.number) or known.get(clock.extends or clock.number), clock) for clock in running)
    return tuple(Moved(before=old, after=new) for old, new in pairs if old and old.due_at != new.due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a step will do, as far as it is known before its form is filled in: time limits by name, and audiences."""

    stops: tuple[str, ...]
    starts: tuple[str, ...]
    tells: tuple[Audience, ...]


def foreseen(situation: Situation, step: Step) -> Foreseen:
    """What it stops of what runs now, and what it starts under the rules in force; not what depends on what is typed."""
    running = situation.facts.clocks_running
    stops = (one.name for one in running if any(_stops(change, one) for change in step.clocks))
    starts = (one.name for one in step.clocks if isinstance(one, Start) and _will_start(one, situation))
    return Foreseen(stops=tuple(dict.fromkeys(stops)), starts=tuple(dict.fromkeys(starts)), tells=step.tells)


def _stops(change: ClockChange, clock: Clock) -> bool:
    match change:
        case Stop(name=name):
            return clock.name == name and change.is_sure
        case StopAll():
            return clock.kind is Kind.DUTY
        case _:
            return isinstance(change, VoidAll)


def _will_start(start: Start, situation: Situation) -> bool:
    running = situation.facts.clocks_running
    return start.when is None and rule_to_start(start, running, situation, at=situation.now) is not None


def _if_granted(situation: Situation, command: Lengthening, names: tuple[str, ...]) -> Moved:
    clock = extendable_clock(situation, names)
    assert clock is not None, "guarded: there is a clock that may be extended"
    rule, under = situation.policy.rule_of(clock), situation.policy.of(clock)
    _, longer = counting.extend(
        clock, situation.facts.next_number, rule, under, at=situation.now, length=command.to_length
    )
    return Moved(before=clock, after=longer, asked=True)
