"""The desk of whoever answers for the work of others."""

from starlette.responses import Response

from cases.overview import overview
from people.directory import names_of_accounts, names_of_units
from web.access import get
from web.context import Ctx
from web.pages import render
from web.presenters.overview import overview_page
from workflow.model import Role

#: Who answers for the work of others.
ANSWERING = frozenset({Role.SUPERVISOR, Role.COORDINATOR})


@get("/overview", who=ANSWERING)
def show_overview(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        found = overview(connection, actor=ctx.actor, now=ctx.now, calendar=ctx.office.policy.calendar)
        people = {whose.person for whose in (*found.lights, *found.held)} | {one.person for one in found.waiting}
        units, accounts = names_of_units(connection), names_of_accounts(connection, people)
    return render(ctx, "pages/overview.html", page=overview_page(found, units, accounts, ctx))
