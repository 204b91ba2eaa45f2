"""Writes a procedure as a BPMN 2.0 file, with its drawing, for any modeller: `docs/procedures/*/zh.bpmn` and `en.bpmn`.

What the file says is in `bpmn_model.py`, where it stands in `bpmn_layout.py`. Nothing runs by it: the engine runs the table.

Source: OMG, Business Process Model and Notation 2.0.2, formal/2013-12-09; ISO/IEC 19510.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from gates.bpmn_layout import lay_out, pool_bounds
from gates.bpmn_model import BOX, END, GATEWAY, MILESTONE, START, STATES, TASK, TIMER, Drawing, Flow, Node, drawing_of
from workflow.procedures import PROCEDURES

NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
ELEMENTS = {
    START: "startEvent", END: "endEvent", MILESTONE: "intermediateThrowEvent", GATEWAY: "exclusiveGateway", TASK: "userTask",
    TIMER: "boundaryEvent", BOX: "subProcess",
}  # fmt: skip
TARGET = "urn:huiyin:procedures"


def bpmn(procedure: str, language: str) -> str:
    """The file of one procedure in the words of one language."""
    drawing = drawing_of(PROCEDURES[procedure], language)
    lay_out(drawing)
    for prefix, address in NAMESPACES.items():
        ET.register_namespace(prefix, address)
    root = ET.Element(_tag("bpmn:definitions"), {"id": "Definitions", "targetNamespace": f"{TARGET}:{procedure}"})
    _collaboration(root, drawing, procedure)
    _process(root, drawing, procedure)
    _diagram(root, drawing)
    ET.indent(root)
    comment = "<!-- Written by `python -m gates.diagrams`. Do not edit. -->"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{comment}\n{ET.tostring(root, encoding="unicode")}\n'


# -- what there is ----------------------------------------------------------------------------------------------------


def _collaboration(root: ET.Element, drawing: Drawing, procedure: str) -> None:
    made = _add(root, "bpmn:collaboration", id="Collaboration")
    _add(made, "bpmn:participant", id="Pool", name=drawing.name, processRef=procedure)


def _process(root: ET.Element, drawing: Drawing, procedure: str) -> None:
    process = _add(root, "bpmn:process", id=procedure, name=drawing.name, isExecutable="false")
    lanes = _add(process, "bpmn:laneSet", id="Lanes")
    for lane, name in drawing.lanes.items():
        made = _add(lanes, "bpmn:lane", id=f"Lane_{lane}", name=name)
        for node in (one for one in drawing.nodes.values() if one.lane == lane):
            _add(made, "bpmn:flowNodeRef").text = node.id
    _elements(process, drawing, None)


def _elements(parent: ET.Element, drawing: Drawing, box: str | None) -> None:
    """The nodes and flows that stand in a box, or in the process itself."""
    for node in (one for one in drawing.nodes.values() if one.box == box):
        made = _node(parent, drawing, node)
        if node.kind == BOX:
            _elements(made, drawing, node.id)
    for flow in (one for one in drawing.flows if one.box == box):
        made = _add(parent, "bpmn:sequenceFlow", id=flow.id, sourceRef=flow.source, targetRef=flow.target)
        if drawing.nodes[flow.source].kind == GATEWAY and drawing.nodes[flow.target].kind == TASK:
            _expression(made, "conditionExpression", f"step == '{flow.target.removeprefix('Step_')}'")


def _node(parent: ET.Element, drawing: Drawing, node: Node) -> ET.Element:
    said = {"id": node.id, "name": node.name} if node.name else {"id": node.id}
    element = "serviceTask" if node.automatic else ELEMENTS[node.kind]
    made = _add(parent, f"bpmn:{element}", **said)
    if node.kind == BOX:
        made.set("triggeredByEvent", "true")
    if node.kind == GATEWAY and (end := next((one for one in drawing.flows if _ends(drawing, node, one)), None)):
        made.set("default", end.id)
    if node.kind == TIMER:
        made.set("attachedToRef", str(node.attached_to))
        made.set("cancelActivity", "false")
    if node.about:
        _add(made, "bpmn:documentation").text = node.about
    for tag, flows in (
        ("incoming", (flow.id for flow in drawing.flows if flow.target == node.id)),
        ("outgoing", (flow.id for flow in drawing.flows if flow.source == node.id)),
    ):
        for flow in flows:
            _add(made, f"bpmn:{tag}").text = flow
    _definition(made, node)
    return made


def _ends(drawing: Drawing, node: Node, flow: Flow) -> bool:
    """Whether the matter stays ended by it unless a step is taken."""
    return flow.source == node.id and drawing.nodes[flow.target].kind == END


def _definition(made: ET.Element, node: Node) -> None:
    """What an event is about."""
    if node.kind == TIMER:
        _expression(_add(made, "bpmn:timerEventDefinition", id=f"{node.id}_timer"), "timeDuration", node.condition)
    elif node.kind == START and node.condition:
        made.set("isInterrupting", "false")
        of = _add(made, "bpmn:conditionalEventDefinition", id=f"{node.id}_condition")
        _expression(of, "condition", node.condition)
    elif node.lights:
        _add(made, "bpmn:escalationEventDefinition", id=f"{node.id}_escalation")


def _expression(parent: ET.Element, name: str, text: str) -> None:
    made = _add(parent, f"bpmn:{name}")
    made.set(_tag("xsi:type"), "bpmn:tFormalExpression")
    made.text = text


# -- where it stands --------------------------------------------------------------------------------------------------


def _diagram(root: ET.Element, drawing: Drawing) -> None:
    diagram = _add(root, "bpmndi:BPMNDiagram", id="Diagram")
    plane = _add(diagram, "bpmndi:BPMNPlane", id="Plane", bpmnElement="Collaboration")
    _shape(plane, "Pool", pool_bounds(drawing)).set("isHorizontal", "true")
    for lane in drawing.lanes:
        _shape(plane, f"Lane_{lane}", drawing.bounds[lane]).set("isHorizontal", "true")
    for node in drawing.nodes.values():
        made = _shape(plane, node.id, node.at)
        if node.kind == BOX:
            made.set("isExpanded", "true")
        if node.kind == GATEWAY:
            made.set("isMarkerVisible", "true")
        if label := _label(node):
            _bounds(_add(made, "bpmndi:BPMNLabel"), label)
    for flow in drawing.flows:
        _edge(plane, flow)


def _shape(plane: ET.Element, of: str, at: tuple[int, int, int, int]) -> ET.Element:
    made = _add(plane, "bpmndi:BPMNShape", id=f"{of}_di", bpmnElement=of)
    _bounds(made, at)
    return made


def _bounds(parent: ET.Element, at: Iterable[int]) -> None:
    _add(parent, "dc:Bounds", **dict(zip(("x", "y", "width", "height"), map(str, at), strict=True)))


def _label(node: Node) -> tuple[int, int, int, int] | None:
    """Where the name of a small element stands: of a state above it, of a time limit beside it."""
    left, top, width, height = node.at
    if not node.name or node.kind in (TASK, BOX):
        return None
    if node.lane == STATES:
        return left + width // 2 - 60, top - 24, 120, 16
    return left + width + 2, top + height - 14, 56, 14


def _edge(plane: ET.Element, flow: Flow) -> None:
    made = _add(plane, "bpmndi:BPMNEdge", id=f"{flow.id}_di", bpmnElement=flow.id)
    for x, y in flow.points:
        _add(made, "di:waypoint", x=str(x), y=str(y))


def _add(parent: ET.Element, tag: str, /, **said: str) -> ET.Element:
    return ET.SubElement(parent, _tag(tag), said)


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"
