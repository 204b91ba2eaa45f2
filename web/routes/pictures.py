"""The pictures of the last twelve months."""

from starlette.responses import Response

from cases.pictures import pictures
from people.directory import names_of_units
from reports.bulletin.crises import profiles_of_crises
from web.access import get
from web.context import Ctx
from web.pages import render
from web.presenters.pictures import instants_of, months_until, pictures_page
from web.routes.overview import ANSWERING
from workflow.model import Role

#: Whoever answers for the work of others, or checks it.
LOOKING = ANSWERING | {Role.ASSESSOR, Role.AUDITOR}


@get("/pictures", who=LOOKING)
def show_pictures(ctx: Ctx) -> Response:
    calendar, months = ctx.office.policy.calendar, months_until(ctx.today)
    crises = profiles_of_crises(ctx.office)
    with ctx.reading() as connection:
        found = pictures(connection, instants_of(months, calendar), actor=ctx.actor, now=ctx.now, without=crises)
        units = names_of_units(connection)
    return render(ctx, "pages/pictures.html", page=pictures_page(found, months, units, ctx))
