"""Writes `docs/procedures/*/`: each procedure in sentences (`official_pages.py`) and drawn for any modeller (`bpmn.py`), in both
languages, and as the tables that the engine runs.

`python -m gates.diagrams` writes the pages anew; a test compares the committed ones with what it would write. Names come
from both catalogues; the sentences here are documentation and are shown by no page of the program.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gates.bpmn import bpmn
from gates.mermaid import mermaid
from gates.official_pages import LANGUAGES, official_page
from infra.i18n import translator
from workflow.definition import (
    AcknowledgeAll,
    ClockChange,
    Extend,
    FollowTasks,
    GoOn,
    PauseAll,
    PutBack,
    ResumeAll,
    Start,
    Step,
    Stop,
    StopAll,
    VoidAll,
)
from workflow.model import Relation, State
from workflow.procedure import Procedure
from workflow.procedures import PROCEDURES

FOLDER = Path(__file__).parent.parent / "docs" / "procedures"
CHINESE, ENGLISH = translator("zh_CN"), translator("en")

#: How an actor must stand to a case; the codes are in the column "who".
RELATIONS = {
    Relation.ASSIGNED: "holds the case, or is one of its mediators",
    Relation.TAKES_PART: "was brought into the case beside them",
    Relation.ASKED: "was asked for something about the case, or answers for a unit that was",
    Relation.SAME_UNIT: "belongs to the unit that holds it",
    Relation.ABOVE: "belongs to the unit that holds it, or to one above that unit",
    Relation.BY_CODE: "came with the case's tracking code",
    Relation.ANYONE: "opens it",
}


def write_procedures(folder: Path) -> tuple[Path, ...]:
    """The pages and drawings of all procedures in `folder`, which is made if need be."""
    written = []
    for name in PROCEDURES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        pages = {f"{short}.md": official_page(name, language) for language, short in LANGUAGES.items()}
        drawings = {f"{short}.bpmn": bpmn(name, language) for language, short in LANGUAGES.items()}
        for file, text in {**pages, "table.md": page(name), **drawings}.items():
            path = folder / name / file
            path.write_text(text, "utf-8")
            written.append(path)
    return tuple(written)


def page(procedure: str) -> str:
    """The Markdown page with the tables of one procedure."""
    table = PROCEDURES[procedure]
    parts = (
        f"# {_both(f'procedure.{procedure}')}",
        f"<!-- Written by `python -m gates.diagrams` from `workflow/procedures/{procedure}/steps.py`. Do not edit. -->",
        "Which clocks of these run in an office, and how long, its profile says (`workflow/policies/`).",
        f"```mermaid\n{mermaid(table)}\n```",
        "## States",
        _table(("state", "name", "end"), _states(table)),
        "## Steps",
        "A guard decides whether a step is open, a check whether what was asked is acceptable; each gives a reason.",
        _table(("command", "event", "from", "to", "who", "guards", "checks", "clocks", "milestone"), _steps(table)),
        "## Who",
        _table(("relation", "the actor"), ((f"`{relation}`", words) for relation, words in RELATIONS.items())),
        "## Clocks",
        _table(("clock", "name"), _clocks(table)),
    )
    return "\n\n".join(parts) + "\n"


def _states(table: Procedure) -> Iterator[tuple[str, ...]]:
    for state in _in_order(table):
        yield f"`{state}`", _both(f"state.{state}"), "yes" if state in table.final else ""


def _in_order(table: Procedure) -> Iterable[State]:
    return dict.fromkeys(
        state for step in table.steps for state in (*step.sources, *([step.target] if step.target else []))
    )


def _steps(table: Procedure) -> Iterator[tuple[str, ...]]:
    for step in table.steps:
        name = step.command.__name__
        yield (
            f"`{name}`<br>{_both(f'command.{name}')}",
            f"`{step.event}`",
            _lines(step.sources),
            f"`{step.target}`" if step.target else "(stays)",
            _who(step),
            _lines(rule_name(guard) for guard in step.guards),
            _lines(rule_name(check) for check in step.checks),
            "<br>".join(_moved(change) for change in step.clocks),
            f"`{step.reaches}`" if step.reaches else "",
        )


def _who(step: Step) -> str:
    return "<br>".join(f"{_both(f'role.{role}')}: `{relation}`" for role, relation in step.allowed)


def rule_name(rule: Callable[..., object]) -> str:
    """A guard or check by name; one that was made for a field or for clocks names them: `every_party_in(signed_by)`."""
    maker, _, made = rule.__qualname__.partition(".<locals>.")
    if not made:
        return maker
    given = inspect.getclosurevars(rule).nonlocals.values()
    flat = (one for value in given for one in (value if isinstance(value, tuple) else (value,)))
    return f"{maker}({', '.join(map(str, flat))})"


#: What needs no figures to be said.
PLAIN = {
    FollowTasks: "those about what others were asked for go where that goes",
    PutBack: "puts all back as they were",
    AcknowledgeAll: "acknowledges those that are lit",
    PauseAll: "pauses those whose rule knows the ground",
}


def _moved(change: ClockChange) -> str:
    match change:
        case Start():
            return _started(change)
        case Stop(name=name, outcome=outcome, when=when, about=about):
            of_one = " about the record that is named" if about else ""
            return f"stops `{name}` ({outcome}){of_one}" + (f" when `{rule_name(when)}`" if when else "")
        case StopAll(outcome=outcome):
            return f"stops all ({outcome})"
        case VoidAll(unless=unless):
            return f"voids all, unless `{rule_name(unless)}`"
        case ResumeAll(when=None):
            return "resumes all"
        case ResumeAll(when=when):
            assert when is not None
            return f"resumes all when `{rule_name(when)}`"
        case Extend(names=names):
            return f"extends {' or '.join(f'`{name}`' for name in names)}"
        case GoOn(names=names):
            return f"lets {' or '.join(f'`{name}`' for name in names)} go on"
        case _:
            return PLAIN[type(change)]


def _started(start: Start) -> str:
    at = f" at `{rule_name(start.at)}`" if start.at else ""
    when = f" when `{rule_name(start.when)}`" if start.when else ""
    other = "" if start.usual else f" if its rule counts from `{start.event}`"
    return f"starts `{start.name}`{at}{when}{other}"


def _clocks(table: Procedure) -> Iterator[tuple[str, ...]]:
    started = (change.name for step in table.steps for change in step.clocks if isinstance(change, Start))
    for name in dict.fromkeys(started):
        yield f"`{name}`", _both(f"clock.{name}")


def _both(code: str) -> str:
    return f"{CHINESE(code)} · {ENGLISH(code)}"


def _lines(codes: Iterable[str]) -> str:
    return "<br>".join(f"`{code}`" for code in codes)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (header, tuple("---" for _ in header), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: list[str]) -> int:
    """Writes the pages to the folder that is named, or to `docs/procedures`."""
    for path in write_procedures(Path(arguments[0]) if arguments else FOLDER):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
