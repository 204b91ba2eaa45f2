"""Where each element of a drawing stands, and how its lines run: only across, up and down.

States stand side by side in the lane on top, and beneath each the steps that lead on from it, each in its lane. Lines leave a state
downwards and come to the next from the left; between the states and the first lane each line that has to go far has a row of its
own. Boxes of steps that leave the case where it is fill the lanes below, from the left.
"""

from collections.abc import Iterable

from gates.bpmn_model import BOX, END, GATEWAY, MILESTONE, START, STATES, TASK, Drawing, Flow, Node

LEFT, TOP = 160, 80
POOL_NAME, LANE_NAME = 30, 30
FIRST, COLUMN = 90, 340  #: from the name of a lane to the first state, and from state to state
STATE_ROW, TRACK = 90, 12  #: height above the tracks, and of one of them
TASK_SIZE, ROW = (150, 80), 110
IN_BOX, ROW_IN_BOX = (170, 48), 60
FOR_LIMIT = 78  #: below a task that has a time limit
BOX_WIDTH, BOX_NAME, GAP = 430, 40, 30
SIZES = {START: (36, 36), END: (36, 36), MILESTONE: (36, 36), GATEWAY: (50, 50)}
LIMIT, LIGHT = 36, 28


def lay_out(drawing: Drawing) -> None:
    """Gives every element its place and every flow its points."""
    tracks = {name: n for n, name in enumerate(_far(drawing))}
    top = _state_lane(drawing, tracks)
    for lane in _main_lanes(drawing):
        top = _main_lane(drawing, lane, top)
    for lane in (one for one in drawing.lanes if one.endswith("_beside")):
        top = _beside_lane(drawing, lane, top)
    rows = {name: TOP + STATE_ROW + 20 + n * TRACK for name, n in tracks.items()}
    for flow in drawing.flows:
        flow.points = _points(drawing, flow, rows)


def pool_bounds(drawing: Drawing) -> tuple[int, int, int, int]:
    """The box around all lanes."""
    bottom = max(top + height for _, top, _, height in drawing.bounds.values())
    return LEFT, TOP, POOL_NAME + _width(drawing), bottom - TOP


# -- places -----------------------------------------------------------------------------------------------------------


def _width(drawing: Drawing) -> int:
    return LANE_NAME + FIRST + len(drawing.states) * COLUMN


def _x(drawing: Drawing, state: str) -> int:
    return LEFT + POOL_NAME + LANE_NAME + FIRST + drawing.states.index(state) * COLUMN


def _far(drawing: Drawing) -> Iterable[str]:
    """What has a row of its own: each step that several states lead to, and each state."""
    steps = (flow.target for flow in drawing.flows if flow.box is None and flow.target.startswith("Step_"))
    named = [*steps]
    yield from dict.fromkeys(step for step in named if named.count(step) > 1)
    yield from (f"State_{state}" for state in drawing.states)


def _state_lane(drawing: Drawing, tracks: dict[str, int]) -> int:
    for state in drawing.states:
        node, x = drawing.nodes[f"State_{state}"], _x(drawing, state)
        _centre(node, x, TOP + 55, *SIZES[node.kind])
        if end := drawing.nodes.get(f"End_{state}"):
            _centre(end, x + 100, TOP + 55, *SIZES[END])
    return _close(drawing, STATES, TOP, STATE_ROW + 40 + len(tracks) * TRACK)


def _main_lanes(drawing: Drawing) -> list[str]:
    return [lane for lane in drawing.lanes if lane != STATES and not lane.endswith("_beside")]


def _main_lane(drawing: Drawing, lane: str, top: int) -> int:
    """The steps of a lane, those of one state one below the other."""
    heights: dict[int, int] = {}
    for task in (node for node in drawing.nodes.values() if node.lane == lane and node.kind == TASK):
        first = min(_x(drawing, one.source.removeprefix("State_")) for one in drawing.flows if one.target == task.id)
        y = top + 20 + heights.get(first, 0)
        task.at = (first + 80, y, *TASK_SIZE)
        _limits(drawing, task)
        heights[first] = heights.get(first, 0) + ROW + (FOR_LIMIT if drawing.attached(task.id) else 0)
    return _close(drawing, lane, top, max(heights.values()) + 20)


def _beside_lane(drawing: Drawing, lane: str, top: int) -> int:
    start = LEFT + POOL_NAME + LANE_NAME + GAP
    x, y, tallest = start, top + GAP, 0
    for box in (node for node in drawing.nodes.values() if node.lane == lane and node.kind == BOX):
        if x + BOX_WIDTH > LEFT + POOL_NAME + _width(drawing):
            x, y, tallest = start, y + tallest + GAP, 0
        tallest = max(tallest, _box(drawing, box, x, y))
        x += BOX_WIDTH + GAP
    return _close(drawing, lane, top, y + tallest + GAP - top)


def _box(drawing: Drawing, box: Node, x: int, y: int) -> int:
    inner = y + BOX_NAME
    within = drawing.within(box.id)
    for task in (node for node in within if node.kind == TASK):
        task.at = (x + 170, inner, *IN_BOX)
        _limits(drawing, task)
        inner += ROW_IN_BOX + (FOR_LIMIT if drawing.attached(task.id) else 0)
    height = inner - y + 10
    steps = [_left(node)[1] for node in within if node.kind == TASK]
    middle = (min(steps) + max(steps)) // 2
    for node in within:
        if node.kind == START:
            _centre(node, x + 40, middle, *SIZES[START])
        elif node.kind == GATEWAY:
            _centre(node, x + 110, middle, *SIZES[GATEWAY])
        elif node.kind == END and not node.lights:
            _centre(node, x + BOX_WIDTH - 35, middle, *SIZES[END])
    box.at = (x, y, BOX_WIDTH, height)
    return height


def _limits(drawing: Drawing, task: Node) -> None:
    """The time limits at the lower border of a step, each above its light."""
    left, top, _, height = task.at
    for n, limit in enumerate(drawing.attached(task.id)):
        x = left + 24 + n * 96
        _centre(limit, x, top + height, LIMIT, LIMIT)
        _centre(drawing.nodes[limit.id.replace("Limit_", "Light_")], x, top + height + 53, LIGHT, LIGHT)


def _close(drawing: Drawing, lane: str, top: int, height: int) -> int:
    drawing.bounds[lane] = (LEFT + POOL_NAME, top, _width(drawing), height)
    return top + height


def _centre(node: Node, x: int, y: int, width: int, height: int) -> None:
    node.at = (x - width // 2, y - height // 2, width, height)


# -- lines ------------------------------------------------------------------------------------------------------------


def _points(drawing: Drawing, flow: Flow, rows: dict[str, int]) -> list[tuple[int, int]]:
    source, target = drawing.nodes[flow.source], drawing.nodes[flow.target]
    if target.lights:
        return [_below(source), (_below(source)[0], target.at[1])]
    if flow.box is not None:
        return _in_box(source, target)
    if source.kind == TASK:
        return _to_state(source, target, rows)
    if target.kind == TASK:
        return _to_step(source, target, rows)
    return [_right(source), _left(target)]


def _to_step(state: Node, task: Node, rows: dict[str, int]) -> list[tuple[int, int]]:
    """Down from the state to the height of the step; from another column by the row of the step."""
    x, y = _below(state)
    left, middle = _left(task)
    own = left - 80
    if x == own:
        return [(x, y), (x, middle), (left, middle)]
    beside = own + 14 + 10 * (list(rows).index(task.id) % 5)
    return [(x, y), (x, rows[task.id]), (beside, rows[task.id]), (beside, middle + 14), (left, middle + 14)]


def _to_state(task: Node, state: Node, rows: dict[str, int]) -> list[tuple[int, int]]:
    """To the right of the step, up to the row of the state, and to it from the left."""
    x, y = _right(task)
    left, middle = _left(state)
    near = left - 24
    if 0 < near - x < COLUMN:
        return [(x, y), (near, y), (near, middle), (left, middle)]
    beside = x + 60 + 8 * (list(rows).index(state.id) % 6)
    return [(x, y), (beside, y), (beside, rows[state.id]), (near, rows[state.id]), (near, middle), (left, middle)]


def _in_box(source: Node, target: Node) -> list[tuple[int, int]]:
    (x, y), (left, middle) = _right(source), _left(target)
    if y == middle:
        return [(x, y), (left, middle)]
    if source.kind == GATEWAY:
        x = source.at[0] + source.at[2] // 2
        edge = source.at[1] if middle < y else source.at[1] + source.at[3]
        return [(x, edge), (x, middle), (left, middle)]
    if target.kind == TASK:
        return [(x, y), (x + 20, y), (x + 20, middle), (left, middle)]
    centre = target.at[0] + target.at[2] // 2
    return [(x, y), (centre, y), (centre, target.at[1] if y < middle else target.at[1] + target.at[3])]


def _left(node: Node) -> tuple[int, int]:
    return node.at[0], node.at[1] + node.at[3] // 2


def _right(node: Node) -> tuple[int, int]:
    return node.at[0] + node.at[2], node.at[1] + node.at[3] // 2


def _below(node: Node) -> tuple[int, int]:
    return node.at[0] + node.at[2] // 2, node.at[1] + node.at[3]
