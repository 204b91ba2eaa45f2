"""The case as the rules see it for the reader of a page."""

from sqlalchemy import Connection

from cases.facts import CaseName, load_facts, with_askers_known, with_records_known
from cases.situations import situation_for
from web.context import Context, NoSuchPage
from workflow.commands import Command
from workflow.deciding import may_take
from workflow.definition import Situation
from workflow.facts import CaseFacts
from workflow.model import Actor
from workflow.procedures import PROCEDURES


def situation_of(
    connection: Connection, ctx: Context, case_id: int, *, command: str = "", whole_page: bool = False
) -> tuple[Situation, CaseName]:
    """The case as the rules see it for this reader, with what only this command asks for, or with what every form of the page of
    the case does. Raises `NoSuchPage` if it does not exist for them."""
    loaded = load_facts(connection, case_id, actor=ctx.actor)
    if loaded is None:
        raise NoSuchPage
    facts, name = loaded
    asked = PROCEDURES[facts.procedure].commands.get(command)
    if asked:
        facts = with_askers_known(connection, with_records_known(connection, facts, asked.looks_at), asked.answers)
    of = {*(forms_of(facts, ctx.actor) if whole_page else ()), *((asked,) if asked else ())}
    return situation_for(connection, facts, of=of, actor=ctx.actor, now=ctx.now, office=ctx.office), name


def forms_of(facts: CaseFacts, actor: Actor) -> frozenset[type[Command]]:
    """The commands whose forms stand on the page of the case itself; all others have pages of their own."""
    steps = PROCEDURES[facts.procedure].machine.steps_from(facts.state)
    return frozenset(step.command for step in steps if not step.minor and may_take(step, actor, facts))
