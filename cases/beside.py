"""A new case that has to do with another: opened and linked in one transaction, or neither."""

from datetime import datetime

from sqlalchemy import Connection

from cases.execute import Opened, execute, open_case
from cases.office import OfficeContext
from cases.repeats import part_of_form
from workflow.commands import Intake
from workflow.model import Actor, CaseId
from workflow.procedures.every_case.commands import LinkCases


def open_beside(
    connection: Connection, command: Intake, *, link: LinkCases | None, profile: str, actor: Actor, now: datetime,
    office: OfficeContext, request: str,
) -> Opened:  # fmt: skip
    """Opens a case; with `link`, of what the new one is to another. Raises what `open_case` and `execute` raise, and then
    nothing is there."""
    opened = open_case(connection, command, profile=profile, actor=actor, now=now, office=office, request=request)
    if link is not None:
        execute(
            connection, opened.case_id, link, actor=actor, now=now, expected_version=None, office=office,
            request=part_of_form(request, "link"),
        )  # fmt: skip
    return opened


def link_to(other: int, kind: str) -> LinkCases:
    return LinkCases(other=CaseId(other), kind=kind)  # type: ignore[arg-type]  # the caller has looked whether it is one
