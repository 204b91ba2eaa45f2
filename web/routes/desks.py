"""The desks of those who do not work on matters: auditor, assessor, administrator."""

from starlette.responses import Response

from web.access import ADMINISTRATION, AUDIT, get
from web.context import Ctx
from web.pages import render
from web.presenters.desks import desk_of

#: Where each of those who have a desk of their own begins; everybody else begins with the list of their matters.
DESKS = AUDIT | ADMINISTRATION


@get("/desk", who=DESKS)
def desk(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        lines = desk_of(connection, ctx)
    return render(ctx, "pages/desk.html", lines=lines)
