"""The state x command matrix and the role matrix of a procedure as text, so that any change of a rule shows in a diff.

The committed tables are `matrix_<procedure>.txt` beside this file. After a change that is meant:
`python -m tests.workflow.matrix` writes them anew; the diff then belongs to the commit.
"""

from collections.abc import Iterable
from pathlib import Path

from workflow.model import Role, State
from workflow.procedures import PROCEDURES

HERE = Path(__file__).parent
NOTHING = "·"


def path_of(procedure: str) -> Path:
    return HERE / f"matrix_{procedure}.txt"


def matrix(procedure: str) -> str:
    """Both tables of a procedure. The first asks the machine, the second the rows of the procedure's own table."""
    return (
        f"{procedure}: where each command leads, by the state it is given in ({NOTHING}: it is not open there)\n\n"
        f"{_table(_targets(procedure))}\n"
        f"{procedure}: who may give it, and how they must stand to the case ({NOTHING}: not this role)\n\n"
        f"{_table(_roles(procedure))}"
    )


def _targets(procedure: str) -> list[list[str]]:
    states = list(PROCEDURES[procedure].machine.states)
    commands = dict.fromkeys(step.command.__name__ for step in PROCEDURES[procedure].steps)
    rows = [["", *states]]
    rows += [[command, *(_target(procedure, command, state) for state in states)] for command in commands]
    return rows


def _target(procedure: str, command: str, state: State) -> str:
    found = PROCEDURES[procedure].machine.steps_of(command, state)
    return str(found[0].target or state) if found else NOTHING


def _roles(procedure: str) -> list[list[str]]:
    rows = [["", *(role.value for role in Role)]]
    for step in PROCEDURES[procedure].steps:
        relations: dict[Role, list[str]] = {role: [] for role in Role}
        for role, relation in step.allowed:
            relations[role].append(relation.value)
        rows.append([step.command.__name__, *("+".join(relations[role]) or NOTHING for role in Role)])
    return rows


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(_line(row, widths) for row in rows)


def _line(row: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"


if __name__ == "__main__":
    for name in PROCEDURES:
        path_of(name).write_text(matrix(name), "utf-8")
        print(path_of(name))
