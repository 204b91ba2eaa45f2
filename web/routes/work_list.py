"""The work list, open and closed."""

import re

from starlette.responses import Response

from web.access import CASE_STAFF, PUBLIC, get
from web.context import Ctx
from web.pages import render, see_other
from web.presenters.at_once import commands_at_once
from web.presenters.work_list import closed_list, open_list
from web.routes.desks import DESKS

_DIGITS = re.compile(r"\d{1,9}")


@get("/", who=PUBLIC)
def home(ctx: Ctx) -> Response:
    if ctx.person is None:
        return render(ctx, "pages/home.html")
    return see_other("/desk" if ctx.person.actor.role in DESKS else "/work")


@get("/work", who=CASE_STAFF)
def work_list(ctx: Ctx, show: str = "open", after: str | None = None, number: str = "") -> Response:
    """`number` takes whatever stands on paper: the last group of digits is the running number."""
    digits = _DIGITS.findall(number)
    serial = int(digits[-1]) if digits else None
    with ctx.reading() as connection:
        show_list = closed_list if show == "closed" else open_list
        listed = show_list(connection, ctx, after=after, serial=serial)
    return render(
        ctx, "pages/work_list.html", listed=listed, show=show, number=number, after=after,
        at_once=commands_at_once(ctx.actor.role),
    )  # fmt: skip
