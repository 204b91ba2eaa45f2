"""Cases beside the one that a step is taken in: which ones a command names, what the rules know of them, what is written."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from cases.facts import load_facts
from cases.tables import Link
from workflow.commands import Command
from workflow.facts import CaseFacts
from workflow.fields import cases_named_by
from workflow.model import TIMERS, Actor, CaseId
from workflow.procedures.every_case.commands import Unlink
from workflow.procedures.every_case.linking import LEADING

_link = Link.__table__.c  # type: ignore[attr-defined]


def named_in(connection: Connection, case_id: int, command: Command) -> frozenset[CaseId]:
    """The other cases that a step is about: their heads are locked with that of its own."""
    if isinstance(command, Unlink):
        query = select(_link.other).where(_link.case_id == case_id, _link.number == command.link)
        return frozenset(CaseId(other) for other in connection.execute(query).scalars())
    return cases_named_by(command) - {CaseId(case_id)}


def others_of(
    connection: Connection, named: frozenset[CaseId], command: Command, *, actor: Actor
) -> Mapping[CaseId, CaseFacts]:
    """What the rules may look at of these; what does not exist for the actor is left out. A link is taken away also where the
    actor sees only this end of it."""
    eyes = TIMERS if isinstance(command, Unlink) else actor
    found = {}
    for other in sorted(named):
        if loaded := load_facts(connection, other, actor=actor, seen_by=eyes, leads_to=leads_to(connection, other)):
            found[other] = loaded[0]
    return found


def leads_to(connection: Connection, case_id: int) -> frozenset[CaseId]:
    """Every case that its links lead to, from one to the next."""
    standing = (_link.until_at.is_(None), _link.kind.in_(sorted(LEADING)))
    begin = select(_link.other).where(_link.case_id == case_id, *standing).cte("led_to", recursive=True)
    further = begin.union(select(_link.other).where(_link.case_id == begin.c.other, *standing))
    return frozenset(CaseId(other) for other in connection.execute(select(further.c.other)).scalars())
