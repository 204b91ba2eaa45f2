"""A whole procedure: its table of steps, and what everybody else has to ask of it instead of knowing it by name.

The only importer of `transitions` beside the picture (`picture.py`). The machine that is built from a table is its one
index: what may follow, what a command means in a state, and what a sound table proves when it is built. Effects never live
in its callbacks, and no case is ever its model.

    ProcedureIsUnsound    a table that would strand a case, or that answers one question twice
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from transitions import Machine, Transition

from workflow.commands import Command, Intake
from workflow.definition import ANSWERED, PauseAll, Start, Step, Stop, VoidAll
from workflow.model import UNFILED, Record, Relation, Role, State


class Part(StrEnum):
    """What a time limit is in the work of a case. Many are nothing of this."""

    ACCEPTS = "accepts"  #: acceptance, contact or first response
    REPORTS = "reports"  #: the report of a crisis: a matter that has it is one
    AT_ONCE = "at_once"  #: owed at once in a crisis
    LISTED = "listed"  #: has its columns in a closure report


NOTHING: frozenset[Part] = frozenset()


class StepTransition(Transition):
    """A transition that carries its row of the table."""

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = step


class StepMachine(Machine):
    """States by value, no model, no generated transitions."""

    transition_cls = StepTransition

    def steps_of(self, command: str, state: State) -> tuple[Step, ...]:
        """What a command means in a state: one step, or none."""
        found = self.events[command].transitions.get(state, ()) if command in self.events else ()
        return tuple(one.step for one in found if isinstance(one, StepTransition))

    def steps_from(self, state: State) -> tuple[Step, ...]:
        """Every step of a state, in the order of the table."""
        return tuple(step for command in self.get_triggers(str(state)) for step in self.steps_of(command, state))

    def moves(self) -> list[tuple[State, State]]:
        """From where to where its steps lead."""
        found = (one for event in self.events.values() for of_state in event.transitions.values() for one in of_state)
        return [(one.source, one.dest) for one in found if one.dest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page of a case shows beyond what every case has: templates of `templates/procedures/`, in the wide column and
    beside it; milestones that whoever opens the case has to know; whether the parties' consent is asked for; the event from which
    on the parties are bound, and are told of other ways than before."""

    main: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    consent: bool = False
    binding: str | None = None


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """A procedure. It proves itself when it is built: see `prove`.

    `clocks` has every time limit that its steps start, with what it is in the work of a case. `deciding` are those that say
    how long a matter took, in the order in which they are looked for: they are extended, and go on after a reopening.
    `records` are the kinds that only its cases have. `figures` are the lines of its section in a
    bulletin, which has none of a procedure without. `outcomes` are the codes of how its cases end. `channel_of` says by which
    channel an order of some kind comes in; `unsigned` are the states in which a matter waits for somebody of the unit to sign
    for it.
    """

    name: str
    states: type[StrEnum]
    steps: tuple[Step, ...]
    final: frozenset[State]
    clocks: Mapping[str, frozenset[Part]] = field(default_factory=dict)
    deciding: tuple[str, ...] = ()
    records: tuple[type[Record], ...] = ()
    shown: Shown = Shown()
    figures: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    channel_of: Mapping[str, str] = field(default_factory=dict)
    unsigned: frozenset[State] = frozenset()
    machine: StepMachine = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "machine", _machine(self))
        prove(self)

    @property
    def opening(self) -> Step:
        """The step that opens a case."""
        return next(step for step in self.steps if UNFILED in step.sources)

    @property
    def opens(self) -> type[Intake]:
        """The command that opens a case."""
        command = self.opening.command
        assert issubclass(command, Intake)
        return command

    @property
    def is_filed_online(self) -> bool:
        """Whether a person may open a case by themselves."""
        return any(role is Role.PETITIONER for role, _ in self.opening.allowed)

    @property
    def commands(self) -> dict[str, type[Command]]:
        """Everything that may be asked of its cases, by name."""
        return {step.command.__name__: step.command for step in self.steps}

    @cached_property
    def answers(self) -> frozenset[str]:
        """The events that give the person the answer."""
        return frozenset(step.event for step in self.steps if step.reaches == ANSWERED)

    @cached_property
    def in_order(self) -> frozenset[str]:
        """The events of steps that follow one upon another; a note, a correction, a word to a light may come at any time."""
        return frozenset(step.event for step in self.steps if not step.minor and not step.answers_light)

    @cached_property
    def irrevocable(self) -> frozenset[str]:
        """The commands of the steps that say of themselves that they cannot be undone, by name."""
        return frozenset(step.command.__name__ for step in self.steps if step.cannot_be_undone)

    @cached_property
    def counted(self) -> Mapping[str, str]:
        """The figure of a bulletin that an event counts in."""
        return {step.event: step.counted_as for step in self.steps if step.counted_as}

    @cached_property
    def pauses(self) -> frozenset[str]:
        """The commands that pause its clocks, by name."""
        return self._that_change(PauseAll)

    @cached_property
    def voids(self) -> frozenset[str]:
        """The commands that say that the matter was never ours, by name."""
        return self._that_change(VoidAll)

    @cached_property
    def likened(self) -> frozenset[str]:
        """The commands whose answers are held against each other, by name."""
        return frozenset(step.command.__name__ for step in self.steps if step.likened)

    def _that_change(self, change: type[PauseAll | VoidAll]) -> frozenset[str]:
        return frozenset(
            step.command.__name__ for step in self.steps if any(isinstance(one, change) for one in step.clocks)
        )

    def parts_of(self, clock: str) -> frozenset[Part]:
        """What a time limit is; nothing of one that an earlier table had."""
        return self.clocks.get(clock, NOTHING)

    def clocks_that(self, part: Part) -> tuple[str, ...]:
        return tuple(name for name, parts in self.clocks.items() if part in parts)


def _machine(table: Procedure) -> StepMachine:
    states = [UNFILED, *(state.value for state in table.states)]
    machine = StepMachine(model=None, states=states, initial=UNFILED, auto_transitions=False, send_event=False)
    for step in table.steps:
        for source in step.sources:
            machine.add_transition(step.command.__name__, str(source), str(step.target or source), step=step)
    return machine


# -- what a sound table proves ----------------------------------------------------------------------------------------


class ProcedureIsUnsound(Exception):
    """A table of steps that would strand a case, or that answers one question twice."""


def prove(table: Procedure) -> None:
    """Raises `ProcedureIsUnsound` unless every state can be reached and left, each command means one step in each state,
    somebody can act in every state when the person who had the matter is gone, and every clock is declared, started, and
    stopped by a step of its own, not only by the end of the case."""
    machine, moves = table.machine, table.machine.moves()
    states = [UNFILED, *(state.value for state in table.states)]
    for state in states:
        for command in machine.get_triggers(state):
            if len(machine.steps_of(command, state)) > 1:
                raise ProcedureIsUnsound(f"{command} means two steps in {state}")
    if missing := set(states) - _closure({UNFILED}, moves):
        raise ProcedureIsUnsound(f"never reached: {sorted(missing)}")
    if stuck := set(states) - _closure(set(table.final), [(target, source) for source, target in moves]):
        raise ProcedureIsUnsound(f"no way to an end from: {sorted(stuck)}")
    if stranded := [state for state in states if state not in table.final and not _goes_on_without(table, state)]:
        raise ProcedureIsUnsound(f"nobody can act when whoever had the matter is gone: {sorted(stranded)}")
    started = {change.name for step in table.steps for change in step.clocks if isinstance(change, Start)}
    stopped = {change.name for step in table.steps for change in step.clocks if isinstance(change, Stop)}
    if started != stopped:
        raise ProcedureIsUnsound(f"started or stopped only: {sorted(started ^ stopped)}")
    if started != set(table.clocks):
        raise ProcedureIsUnsound(f"declared or started only: {sorted(started ^ set(table.clocks))}")
    if unknown := set(table.deciding) - started:
        raise ProcedureIsUnsound(f"deciding, and never started: {sorted(unknown)}")


def _goes_on_without(table: Procedure, state: State) -> bool:
    """Whether somebody who neither holds the matter nor serves in it can move it on, or give it to another person."""
    return any(
        (step.brings_in or (step.target and step.target != state)) and _is_open_to_others(step)
        for step in table.machine.steps_from(state)
    )


def _is_open_to_others(step: Step) -> bool:
    return any(
        relation not in (Relation.ASSIGNED, Relation.BY_CODE) and role is not Role.SYSTEM
        for role, relation in step.allowed
    )


def _closure(reached: set[State], moves: Iterable[tuple[State, State]]) -> set[State]:
    while more := {target for source, target in moves if source in reached} - reached:
        reached = reached | more
    return reached
