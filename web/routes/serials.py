"""Is every number accounted for? One row a series and year, the incomplete ones said aloud."""

from starlette.responses import Response

from reports.record.serials import FATES, serial_completeness
from web.access import AUDIT, get
from web.context import Ctx
from web.pages import render
from workflow.calendar import FIRST_YEAR, LAST_YEAR


@get("/serials", who=AUDIT)
def serials(ctx: Ctx, year: int | None = None) -> Response:
    asked = year if year is None or FIRST_YEAR <= year <= LAST_YEAR else None
    with ctx.reading() as connection:
        found = serial_completeness(connection, actor=ctx.actor, year=asked)
    years = range(ctx.today.year, ctx.today.year - YEARS, -1)
    return render(ctx, "pages/serials.html", year=asked, years=years, found=found, fates=FATES)


#: How many years have a tab of their own; all of them stand on the page without one.
YEARS = 5
