"""A case as the rules see it for one actor: its facts, and beside them what the commands in question ask for.

The door (`execute.py`) and every page build it here, so that no rule sees more or less because of who asks.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from cases.facts import load_colleagues, load_people
from cases.office import OfficeContext
from people.directory import open_units
from workflow.commands import Command
from workflow.definition import Situation
from workflow.facts import CaseFacts, missing
from workflow.fields import BROUGHT_IN, choices_in
from workflow.model import Actor, CaseId


def situation_for(
    connection: Connection, facts: CaseFacts, *, of: Iterable[type[Command]], actor: Actor, now: datetime,
    office: OfficeContext, closed_years: frozenset[int] | None = None, others: Mapping[CaseId, CaseFacts] | None = None,
) -> Situation:  # fmt: skip
    """What these commands are decided on. `closed_years`: where the office may have closed one since the request began;
    `others`: the cases that a command names."""
    assert facts.id is not None, "a case that has steps exists"
    asked = {choice for command in of for choice in choices_in(command).values()}
    return Situation(
        facts=facts, actor=actor, now=now, policy=office.policy.for_profile(facts.profile),
        people=missing("people") if BROUGHT_IN.isdisjoint(asked) else load_people(connection, facts.id, actor=actor),
        colleagues=load_colleagues(connection, facts.id) if "recusable" in asked else missing("colleagues"),
        co_units=open_units(connection) - {facts.holder_unit} if "co_units" in asked else missing("co_units"),
        closed_years=office.closed_years if closed_years is None else closed_years, others=others or {},
    )  # fmt: skip
