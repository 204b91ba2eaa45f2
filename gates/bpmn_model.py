"""A procedure in the terms of BPMN 2.0: which elements there are and what leads where, without a place on paper.

- A state of a case is a gateway where several steps lead on, an intermediate event where one does, an end event where none does.
- A step that moves the case is a task between states, in the lane of whoever is named first among those who may take it.
- Steps that leave the case where it is stand in event sub-processes, which do not interrupt: one for each group that the same
  people may take in the same states; the condition of its start names these.
- A time limit is a timer at the border of the first step that is sure to stop it, and leads to its light.

Where these stand is in `bpmn_layout.py`, the file in `bpmn.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gates.official_pages import said_of
from infra.i18n import translator
from workflow.definition import Start, Step, Stop
from workflow.model import UNFILED, Role, State
from workflow.procedure import Procedure

#: What the drawings say themselves; they are documentation and shown by no page of the program.
SAID = {
    "zh_CN": {
        "states": "事项状态", "beside": "{}：不改变状态的环节", "always": "任何时候", "until": "办结之前", "while": "状态为：{}", "comma": "、",
        "end": "到此结束", "starts": "开始于：{}", "stops": "停止于：{}", "length": "期限长短由事项类别的规则确定。",
    },
    "en": {
        "states": "where the matter stands", "beside": "{}: leaves it where it is", "always": "at any time", "until": "until it has ended",
        "while": "while it is: {}", "comma": ", ", "end": "the end", "starts": "Starts with: {}", "stops": "Stops with: {}",
        "length": "How long it is, the rule of the matter's profile says.",
    },
}  # fmt: skip
STATES = "states"
START, END, MILESTONE, GATEWAY, TASK, TIMER, BOX = "start", "end", "milestone", "gateway", "task", "timer", "box"


@dataclass(slots=True, kw_only=True)
class Node:
    """`lane` of whatever stands in no box. `at`: left, top, width, height, once it is laid out."""

    id: str
    kind: str
    name: str = ""
    about: str = ""
    lane: str | None = None
    box: str | None = None
    attached_to: str | None = None
    automatic: bool = False
    lights: bool = False  #: an end at which a light is shown
    condition: str = ""
    at: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(slots=True, kw_only=True)
class Flow:
    source: str
    target: str
    box: str | None = None
    points: list[tuple[int, int]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"Flow_{self.source}_{self.target}"


@dataclass(slots=True, kw_only=True)
class Drawing:
    """`lanes`: their ids in order from the top, with their names. `states`: in order from the left."""

    name: str
    states: tuple[State, ...]
    lanes: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    #: Left, top, width, height of each lane, once it is laid out.
    bounds: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)

    def within(self, box: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.box == box]

    def attached(self, task: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.attached_to == task]


def drawing_of(table: Procedure, language: str) -> Drawing:
    """The elements of a procedure, in the words of one language."""
    return _Maker(table, language).made()


def limit_steps(table: Procedure) -> Mapping[str, int]:
    """Of each time limit, the place in the table of the step that it is drawn at: the first that is sure to stop it, rather one
    that the case waits for and that does not begin it anew."""
    found = {}
    for clock in table.clocks:
        stopping = [
            (step.minor, _begins(step, clock), not change.is_sure, place)
            for place, step in enumerate(table.steps)
            for change in step.clocks
            if isinstance(change, Stop) and change.name == clock
        ]
        found[clock] = min(stopping)[-1]
    return found


def _begins(step: Step, clock: str) -> bool:
    return any(isinstance(change, Start) and change.name == clock for change in step.clocks)


def task_id(table: Procedure, place: int) -> str:
    """Of a step, by its command; one command may be several steps."""
    command = table.steps[place].command
    alike = [n for n, step in enumerate(table.steps) if step.command is command]
    return f"Step_{command.__name__}" + (f"_{alike.index(place) + 1}" if len(alike) > 1 else "")


def groups_of(table: Procedure) -> dict[tuple[Role, tuple[State, ...]], list[int]]:
    """The steps that leave the case where it is, by who is named first among those who may take them and the states they are open in."""
    found: dict[tuple[Role, tuple[State, ...]], list[int]] = {}
    for place, step in enumerate(table.steps):
        if step.target is None:
            found.setdefault((step.allowed[0][0], tuple(map(str, step.sources))), []).append(place)
    return found


class _Maker:
    def __init__(self, table: Procedure, language: str) -> None:
        self._table, self._language = table, language
        self._say, self._said = translator(language), SAID[language]
        self._limits = limit_steps(table)
        states = (UNFILED, *(state.value for state in table.states))
        self._drawing = Drawing(name=self._say(f"procedure.{table.name}"), states=states)

    def made(self) -> Drawing:
        self._lanes()
        for state in self._drawing.states:
            self._state(state)
        for place, step in enumerate(self._table.steps):
            if step.target is not None:
                self._moving(place, step)
        for number, ((role, states), places) in enumerate(groups_of(self._table).items(), start=1):
            self._group(f"Beside_{number}", role, states, places)
        return self._drawing

    def _lanes(self) -> None:
        lanes = self._drawing.lanes
        lanes[STATES] = self._said["states"]
        for moving in (True, False):
            first = {step.allowed[0][0] for step in self._table.steps if (step.target is not None) is moving}
            for role in (one for one in Role if one in first):
                name = self._say(f"role.{role}")
                lanes[role if moving else f"{role}_beside"] = name if moving else self._said["beside"].format(name)

    def _state(self, state: State) -> None:
        leading = sum(state in step.sources and step.target is not None for step in self._table.steps)
        ends = state in self._table.final
        kind = {0: END, 1: MILESTONE}.get(leading + (1 if ends and leading else 0), GATEWAY)
        self._add(f"State_{state}", START if state == UNFILED else kind, name=self._say(f"state.{state}"), lane=STATES)
        if ends and leading:
            self._add(f"End_{state}", END, name=self._said["end"], lane=STATES)
            self._lead(f"State_{state}", f"End_{state}")

    def _moving(self, place: int, step: Step) -> None:
        task = self._task(place, step, lane=str(step.allowed[0][0]))
        for source in step.sources:
            self._lead(f"State_{source}", task)
        self._lead(task, f"State_{step.target}")

    def _group(self, box: str, role: Role, states: tuple[State, ...], places: list[int]) -> None:
        name, start, which, end = self._when(states), f"{box}_start", f"{box}_which", f"{box}_end"
        self._add(box, BOX, name=name, lane=f"{role}_beside")
        self._add(start, START, box=box, condition=f"state in {', '.join(states)}")
        if len(places) > 1:
            self._add(which, GATEWAY, box=box)
            self._lead(start, which, box=box)
        for place in places:
            task = self._task(place, self._table.steps[place], box=box)
            self._lead(which if len(places) > 1 else start, task, box=box)
            self._lead(task, end, box=box)
        self._add(end, END, box=box)

    def _when(self, states: tuple[State, ...]) -> str:
        filed, final = set(self._drawing.states) - {UNFILED}, set(map(str, self._table.final))
        if set(states) == filed:
            return self._said["always"]
        if set(states) == filed - final:
            return self._said["until"]
        return self._said["while"].format(self._named(f"state.{state}" for state in states))

    def _task(self, place: int, step: Step, *, lane: str | None = None, box: str | None = None) -> str:
        task = task_id(self._table, place)
        about = "\n".join(f"{name}: {words}" for name, words in said_of(step, self._table, self._language))
        automatic = {role for role, _ in step.allowed} == {Role.SYSTEM}
        name = self._say(f"command.{step.command.__name__}")
        self._add(task, TASK, name=name, about=about, lane=lane, box=box, automatic=automatic)
        for clock in (clock for clock, at in self._limits.items() if at == place):
            limit, light = f"Limit_{clock}", f"Light_{clock}"
            self._add(
                limit, TIMER, name=self._say(f"clock.{clock}"), about=self._about(clock), lane=lane, box=box,
                attached_to=task, condition=f"limit.{clock}",
            )  # fmt: skip
            self._add(light, END, lane=lane, box=box, lights=True)
            self._lead(limit, light, box=box)
        return task

    def _about(self, clock: str) -> str:
        starts, stops = (self._named(self._commands(clock, kind)) for kind in (Start, Stop))
        return "\n".join((self._said["starts"].format(starts), self._said["stops"].format(stops), self._said["length"]))

    def _commands(self, clock: str, kind: type[Start | Stop]) -> Iterator[str]:
        for step in self._table.steps:
            if any(isinstance(change, kind) and change.name == clock for change in step.clocks):
                yield f"command.{step.command.__name__}"

    def _named(self, codes: Iterable[str]) -> str:
        return self._said["comma"].join(self._say(code) for code in dict.fromkeys(codes))

    def _add(self, name_of: str, kind: str, /, **said: object) -> None:
        self._drawing.nodes[name_of] = Node(id=name_of, kind=kind, **said)  # type: ignore[arg-type]  # fields of a node

    def _lead(self, source: str, target: str, *, box: str | None = None) -> None:
        self._drawing.flows.append(Flow(source=source, target=target, box=box))
