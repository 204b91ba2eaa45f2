"""The picture of a procedure, drawn by the library from the table that the engine runs."""

from typing import Any

from transitions.extensions import GraphMachine

from workflow.model import UNFILED
from workflow.procedure import Procedure


class _Drawn:
    """What the library hangs the picture on."""

    get_graph: Any


def diagram(table: Procedure) -> str:
    """The state diagram in Mermaid."""
    rows = [
        {"trigger": step.command.__name__, "source": str(source), "dest": str(step.target or source)}
        for step in table.steps
        for source in step.sources
    ]
    carrier = _Drawn()
    GraphMachine(
        model=carrier,
        states=list(dict.fromkeys(str(s) for step in table.steps for s in (*step.sources, step.target) if s)),
        initial=UNFILED,
        transitions=rows,
        auto_transitions=False,
        graph_engine="mermaid",
        title=table.name,
    )
    return str(carrier.get_graph().source)
