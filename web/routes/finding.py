"""Finding matters: the search box of every page, the list that it leads to, the list as a file, and the filters that people keep."""

from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.responses import Response

from infra.db import transaction
from people.saved_views import LONGEST_NAME, MOST_VIEWS, TooManyViews, forget_view, keep_view
from web.access import CASE_STAFF, get, post
from web.context import Context, Ctx
from web.pages import render, see_other
from web.posted import Form
from web.presenters.at_once import commands_at_once
from web.presenters.filters import Asked, Fault, offered, read_asked
from web.presenters.found import find_page
from web.presenters.found_file import found_as_csv
from workflow.model import AccountId
from workflow.unseen import seen

CSV = "text/csv; charset=utf-8"


@get("/find", who=CASE_STAFF)
def find(ctx: Ctx) -> Response:
    """Everything that is looked for is in the address. What of it means nothing is named, and then nothing is looked for."""
    return _page(ctx, read_asked(ctx, ctx.request.query_params))


@get("/find/csv", who=CASE_STAFF)
def find_as_csv(ctx: Ctx) -> Response:
    """The list of the same address as a file; the page with what is wrong, where something is."""
    asked = read_asked(ctx, ctx.request.query_params)
    if asked.faults or asked.is_empty:
        return _page(ctx, asked)
    with ctx.reading() as connection:
        content = found_as_csv(connection, ctx, asked)
    name = f"huiyin-{ctx.today.isoformat()}.csv"
    return Response(content, media_type=CSV, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@post("/find/views", who=CASE_STAFF, dated=False)
def keep(ctx: Ctx, form: Form) -> Response:
    """Keeps the filters of a list under a name. The words that were looked for are not kept: they may be somebody's name."""
    asked = read_asked(ctx, dict(parse_qsl(form.one("filters")[:2000])))
    name = seen(form.one("name")).strip()
    if not asked.faults and (not name or len(name) > LONGEST_NAME):
        asked = replace(asked, faults=(Fault(code="find.view_name", typed=str(LONGEST_NAME)),))
    if asked.faults or not asked.given:
        return _page(ctx, asked)
    kept = replace(asked, typed="").address("")
    try:
        with transaction(ctx.engine) as connection:
            keep_view(connection, _account(ctx), name, kept.removeprefix("?"))
    except TooManyViews:
        return _page(ctx, replace(asked, faults=(Fault(code="find.view_too_many", typed=str(MOST_VIEWS)),)))
    return see_other(f"/find{kept}", done="view_kept")


@post("/find/views/forget", who=CASE_STAFF, dated=False)
def forget(ctx: Ctx, form: Form) -> Response:
    with transaction(ctx.engine) as connection:
        forget_view(connection, _account(ctx), form.one("name"))
    return see_other("/find", done="view_forgotten")


def _page(ctx: Context, asked: Asked) -> Response:
    with ctx.reading() as connection:
        offers = offered(connection, ctx)
        found = None
        if not asked.faults and not asked.is_empty:
            found = find_page(connection, ctx, asked.wanted, after=asked.after)
    return render(
        ctx, "pages/find.html", status=422 if asked.faults else 200, asked=asked, offers=offers, found=found,
        at_once=commands_at_once(ctx.actor.role),
    )  # fmt: skip


def _account(ctx: Context) -> AccountId:
    assert ctx.actor.account is not None, "the page is for accounts"
    return ctx.actor.account
