"""The clock of the machine: what it shows, what it should show as far as anybody knows, and the word that it is right."""

from datetime import datetime

from starlette.responses import Response

from cases.clock_watch import SERVER, confirm, doubt_about
from infra.db import transaction
from infra.i18n import write_minute
from web.access import SECOND, get, post
from web.context import Context, Ctx
from web.pages import render, see_other
from web.posted import Form

WORD_HOLDS_SECONDS = 1800


@get("/clock", who=SECOND)
def clock(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        doubt = doubt_about(connection, now=ctx.shown)
    expected = _said(ctx, doubt.expected) if doubt else None
    return render(
        ctx, "pages/clock.html", shown=_said(ctx, ctx.shown), expected=expected, why=doubt.why if doubt else None,
        instant=int(ctx.shown.timestamp()), zone=ctx.office.policy.calendar.zone.key,
    )  # fmt: skip


@post("/clock", who=SECOND, dated=False)
def clock_is_right(ctx: Ctx, form: Form) -> Response:
    """The word is about what the page showed, and not about what the clock shows if it was set once more meanwhile."""
    with transaction(ctx.engine) as connection:
        doubt = doubt_about(connection, now=ctx.shown)
        if doubt and doubt.why != SERVER and _is_near(form.one("shown"), ctx.shown):
            confirm(connection, actor=ctx.actor, now=ctx.shown)
    return see_other("/clock")


def _is_near(shown: str, now: datetime) -> bool:
    """Whether that instant, in seconds, was less than half an hour ago."""
    return shown.isdecimal() and len(shown) < 12 and 0 <= int(now.timestamp()) - int(shown) < WORD_HOLDS_SECONDS


def _said(ctx: Context, instant: datetime) -> str:
    return write_minute(instant, ctx.language, ctx.office.policy.calendar.zone)
