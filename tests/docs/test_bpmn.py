"""The drawings say what the procedures say: read by somebody else's program, held against the tables that the engine runs.

SpiffWorkflow checks a file against the schema of the OMG and reads the process; what leads where is then looked up in its reading,
and not in the text of the file. Its own rule that only an executable process is read is met by saying so to it alone.
"""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser, BpmnValidator

from gates.bpmn import NAMESPACES
from gates.bpmn_model import groups_of, task_id
from gates.diagrams import FOLDER
from gates.official_pages import LANGUAGES
from infra.i18n import translator
from workflow.definition import Stop
from workflow.model import UNFILED, Role
from workflow.procedures import PROCEDURES

Read = tuple[Any, dict[str, Any]]
FILES = [(procedure, language) for procedure in sorted(PROCEDURES) for language in LANGUAGES]
each_file = pytest.mark.parametrize(("procedure", "language"), FILES)


def text_of(procedure: str, language: str) -> bytes:
    return (FOLDER / procedure / f"{LANGUAGES[language]}.bpmn").read_bytes()


def read(procedure: str, language: str) -> Read:
    """The process as SpiffWorkflow has it, and its event sub-processes by name."""
    parser = BpmnParser(validator=BpmnValidator())
    parser.add_bpmn_str(text_of(procedure, language).replace(b'isExecutable="false"', b'isExecutable="true"'))
    return parser.get_spec(procedure), parser.get_subprocess_specs(procedure)


def find(text: bytes, path: str) -> list[Any]:
    return list(etree.fromstring(text).iterfind(f".//{path}", NAMESPACES))


def after(spec: Any, name: str) -> set[str]:
    """What follows an element, past what SpiffWorkflow puts around a step with a time limit."""
    found = set()
    for one in (output.name for output in spec.task_specs[name].outputs):
        found |= after(spec, one) if one.endswith("Join") else {one.removesuffix(".BoundaryEventSplit")}
    return found


@each_file
def test_every_state_is_there_and_leads_to_the_steps_that_lead_on_from_it(procedure: str, language: str) -> None:
    spec, _ = read(procedure, language)
    table = PROCEDURES[procedure]
    states = {UNFILED, *(state.value for state in table.states)}
    assert {name for name in spec.task_specs if name.startswith("State_")} == {f"State_{state}" for state in states}
    for state in states:
        moving = {
            task_id(table, place)
            for place, step in enumerate(table.steps)
            if state in step.sources and step.target is not None
        }
        found = {name for name in after(spec, f"State_{state}") if name.startswith("Step_")}
        assert found == moving
        ends = {name for name in after(spec, f"State_{state}") if not name.startswith("Step_")}
        assert bool(ends) is (state in table.final), "it ends there, and nowhere else"


@each_file
def test_every_step_that_moves_a_case_leads_where_the_table_says(procedure: str, language: str) -> None:
    spec, _ = read(procedure, language)
    table = PROCEDURES[procedure]
    moving = {task_id(table, place): step for place, step in enumerate(table.steps) if step.target is not None}
    drawn = {name for name in spec.task_specs if name.startswith("Step_") and "Boundary" not in name}
    assert drawn == set(moving)
    for task, step in moving.items():
        assert after(spec, task) == {f"State_{step.target}"}


@each_file
def test_every_other_step_stands_among_those_that_are_open_in_the_same_states(procedure: str, language: str) -> None:
    spec, boxes = read(procedure, language)
    table, found = PROCEDURES[procedure], {}
    for name, box in boxes.items():
        (start,) = (one for one in box.task_specs.values() if one.name.endswith("_start"))
        assert name in spec.task_specs
        states = start.event_definition.expression.removeprefix("state in ").split(", ")
        inside = {one for one in box.task_specs if one.startswith("Step_") and "Boundary" not in one}
        for task in inside:
            assert task not in found
            found[task] = set(states)
    staying = {
        task_id(table, place): set(map(str, step.sources))
        for place, step in enumerate(table.steps)
        if step.target is None
    }
    assert found == staying


@each_file
def test_every_time_limit_is_a_timer_at_a_step_that_stops_it(procedure: str, language: str) -> None:
    text, table, say = text_of(procedure, language), PROCEDURES[procedure], translator(language)
    steps = {task_id(table, place): step for place, step in enumerate(table.steps)}
    timers = find(text, "bpmn:boundaryEvent")
    assert [one.get("cancelActivity") for one in timers] == ["false"] * len(timers)
    assert {one.get("id"): one.get("name") for one in timers} == {
        f"Limit_{clock}": say(f"clock.{clock}") for clock in table.clocks
    }
    for one in timers:
        stopped = {change.name for change in steps[one.get("attachedToRef")].clocks if isinstance(change, Stop)}
        assert one.get("id").removeprefix("Limit_") in stopped


@each_file
def test_a_step_stands_in_the_lane_of_somebody_who_may_take_it(procedure: str, language: str) -> None:
    text, table, say = text_of(procedure, language), PROCEDURES[procedure], translator(language)
    lanes = {one.text: lane.get("name") for lane in find(text, "bpmn:lane") for one in lane}
    for place, step in enumerate(table.steps):
        if step.target is not None:
            role = next(role for role, _ in step.allowed)
            assert lanes[task_id(table, place)] == say(f"role.{role}")
    for number, (role, _) in enumerate(groups_of(table), start=1):
        assert lanes[f"Beside_{number}"].startswith(say(f"role.{role}"))
    automatic = {one.get("id") for one in find(text, "bpmn:serviceTask")}
    assert automatic == {
        task_id(table, place)
        for place, step in enumerate(table.steps)
        if {role for role, _ in step.allowed} == {Role.SYSTEM}
    }


@each_file
def test_names_are_those_of_the_program_and_no_code_is_left_between_them(procedure: str, language: str) -> None:
    text, table, say = text_of(procedure, language), PROCEDURES[procedure], translator(language)
    names = {one.get("id"): one.get("name") for one in etree.fromstring(text).iter() if one.get("id")}
    for place, step in enumerate(table.steps):
        assert names[task_id(table, place)] == say(f"command.{step.command.__name__}")
    for state in (UNFILED, *table.states):
        assert names[f"State_{state}"] == say(f"state.{state}")
    said = [*filter(None, names.values()), *(one.text for one in find(text, "bpmn:documentation"))]
    assert not [one for one in said if re.search(r"\b(state|command|role|clock|reason|audience)\.[a-zA-Z_]+", one)]


# -- the picture ------------------------------------------------------------------------------------------------------


def shapes(text: bytes) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    for shape in find(text, "bpmndi:BPMNShape"):
        bounds = shape.find("dc:Bounds", NAMESPACES)
        x, y, width, height = (int(bounds.get(name)) for name in ("x", "y", "width", "height"))
        yield shape.get("bpmnElement"), (x, y, x + width, y + height)


@each_file
def test_everything_is_drawn_once_and_within_its_lane(procedure: str, language: str) -> None:
    text = text_of(procedure, language)
    drawn = [one.get("bpmnElement") for path in ("BPMNShape", "BPMNEdge") for one in find(text, f"bpmndi:{path}")]
    assert len(drawn) == len(set(drawn))
    tags = ("participant", "lane", "startEvent", "endEvent", "intermediateThrowEvent", "exclusiveGateway", "userTask",
            "serviceTask", "subProcess", "boundaryEvent", "sequenceFlow")  # fmt: skip
    assert set(drawn) == {one.get("id") for tag in tags for one in find(text, f"bpmn:{tag}")}
    places = dict(shapes(text))
    for lane in find(text, "bpmn:lane"):
        assert all(_is_within(places[one.text], places[lane.get("id")]) for one in lane)
    for box in find(text, "bpmn:subProcess"):
        inside = [one.get("id") for one in box if one.get("id") in places]
        assert all(_is_within(places[one], places[box.get("id")]) for one in inside)


@each_file
def test_no_two_steps_lie_on_one_another_and_no_line_runs_through_a_step(procedure: str, language: str) -> None:
    text = text_of(procedure, language)
    solid = {name: at for name, at in shapes(text) if re.fullmatch(r"(Step|State)_\w+|Beside_\d+", name)}
    boxes = {name for name in solid if name.startswith("Beside_")}
    for (one, at), (other, of) in combinations(solid.items(), 2):
        if (one in boxes) == (other in boxes):  # a step may lie in a box
            assert not _overlap(at, of), (one, other)
    steps = {name: at for name, at in solid.items() if name not in boxes}
    for edge in find(text, "bpmndi:BPMNEdge"):
        points = [(int(p.get("x")), int(p.get("y"))) for p in edge.iterfind("di:waypoint", NAMESPACES)]
        for (x, y), (to_x, to_y) in pairwise(points):
            assert x == to_x or y == to_y, "only across, up and down"
            line = (min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y))
            crossed = [
                name for name, at in steps.items() if _overlap(line, (at[0] + 1, at[1] + 1, at[2] - 1, at[3] - 1))
            ]
            assert crossed == [], edge.get("bpmnElement")


def _is_within(inner: tuple[int, ...], outer: tuple[int, ...]) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _overlap(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
