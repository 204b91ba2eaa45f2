"""What was ticked in a list: on a page to print, or as a file."""

from starlette.responses import Response

from web.access import CASE_STAFF, get
from web.context import Ctx
from web.pages import render
from web.presenters.found_file import rows_as_csv
from web.presenters.matters import CASES
from web.presenters.work_list import chosen_rows
from web.routes.finding import CSV


@get("/chosen", who=CASE_STAFF)
def chosen(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        rows = chosen_rows(connection, ctx, ctx.request.query_params.getlist(CASES))
    return render(ctx, "pages/chosen.html", status=200 if rows else 422, rows=rows, query=ctx.request.url.query)


@get("/chosen/csv", who=CASE_STAFF)
def chosen_as_csv(ctx: Ctx) -> Response:
    """The page that says so, where nothing was ticked."""
    with ctx.reading() as connection:
        rows = chosen_rows(connection, ctx, ctx.request.query_params.getlist(CASES))
    if not rows:
        return render(ctx, "pages/chosen.html", status=422, rows=rows, query="")
    name = f"huiyin-{ctx.today.isoformat()}.csv"
    content = rows_as_csv(rows, ctx.language)
    return Response(content, media_type=CSV, headers={"Content-Disposition": f'attachment; filename="{name}"'})
