"""The case as the rules see it for the reader of a page."""

from sqlalchemy import Connection

from cases.facts import CaseName, load_colleagues, load_facts, load_people, with_askers_known, with_records_known
from web.context import Context, NoSuchPage
from workflow.definition import Situation
from workflow.facts import missing
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import Recuse


def situation_of(
    connection: Connection, ctx: Context, case_id: int, *, command: str = ""
) -> tuple[Situation, CaseName]:
    """The case as the rules see it for this reader, with what only this command asks for. Raises `NoSuchPage` if it does not
    exist for them."""
    loaded = load_facts(connection, case_id, actor=ctx.actor)
    if loaded is None:
        raise NoSuchPage
    facts, name = loaded
    asked = PROCEDURES[facts.procedure].commands.get(command)
    if asked:
        facts = with_askers_known(connection, with_records_known(connection, facts, asked.looks_at), asked.answers)
    situation = Situation(
        facts=facts, actor=ctx.actor, now=ctx.now, policy=ctx.office.policy.for_profile(facts.profile),
        people=load_people(connection, case_id, actor=ctx.actor), closed_years=ctx.office.closed_years,
        colleagues=load_colleagues(connection, case_id) if command == Recuse.__name__ else missing("colleagues"),
    )  # fmt: skip
    return situation, name
