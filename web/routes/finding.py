"""Finding matters: the search box of every page, and the list that it leads to."""

from starlette.responses import Response

from web.access import CASE_STAFF, get
from web.context import Ctx
from web.pages import render
from web.presenters.filters import offered, read_asked
from web.presenters.found import find_page


@get("/find", who=CASE_STAFF)
def find(ctx: Ctx) -> Response:
    """Everything that is looked for is in the address. What of it means nothing is named, and then nothing is looked for."""
    asked = read_asked(ctx)
    with ctx.reading() as connection:
        offers = offered(connection, ctx)
        found = None
        if not asked.faults and not asked.is_empty:
            found = find_page(connection, ctx, asked.wanted, after=asked.after)
    return render(ctx, "pages/find.html", status=422 if asked.faults else 200, asked=asked, offers=offers, found=found)
