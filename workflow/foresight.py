"""Which due dates a command would move, told before it is taken: 45 months and 45 days look alike in a form.

Only for commands that move running time limits; what a step stops and starts besides is in `clock_moves.py`.
"""

from dataclasses import dataclass, replace

from workflow import clocks as counting
from workflow.commands import Command
from workflow.deciding import decide, with_crossings_recorded
from workflow.definition import Extend, GoOn, PauseAll, ResumeAll, Situation, Start, Step, Stop, StopAll, VoidAll
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
    running = [clock for clock in situation.facts.clocks if clock.stopped_at is None]
    named = {change.name for change in step.clocks if isinstance(change, Stop)}
    all_duties = any(isinstance(change, StopAll | VoidAll) for change in step.clocks)
    stops = (one.name for one in running if one.name in named or (all_duties and one.kind is Kind.DUTY))
    starts = (one.name for one in step.clocks if isinstance(one, Start) and _will_start(one, situation, running))
    return Foreseen(stops=tuple(dict.fromkeys(stops)), starts=tuple(dict.fromkeys(starts)), tells=step.tells)


def _will_start(start: Start, situation: Situation, running: list[Clock]) -> bool:
    policy = situation.policy
    rule = policy.rule(start.name, on=policy.calendar.local_day(situation.now))
    runs = any(clock.name == start.name for clock in running)
    return rule is not None and start.counts_for(rule) and start.when is None and not runs


def _if_granted(situation: Situation, command: Lengthening, names: tuple[str, ...]) -> Moved:
    clock = extendable_clock(situation, names)
    assert clock is not None, "guarded: there is a clock that may be extended"
    rule, under = situation.policy.rule_of(clock), situation.policy.of(clock)
    _, longer = counting.extend(
        clock, situation.facts.next_number, rule, under, at=situation.now, length=command.to_length
    )
    return Moved(before=clock, after=longer, asked=True)
