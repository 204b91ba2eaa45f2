"""Reports that take longer than a page may: asked for, how far they are, found again when they are ready."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response, StreamingResponse

from infra.db import transaction, written_at_once
from people.directory import names_of_units
from reports.bulletin.periods import NotAPeriod, PeriodHasNotBegun, period_from
from reports.later.jobs import (
    Report,
    TooManyWait,
    ask,
    content_of,
    note_seen,
    report_of,
    reports_of,
    throw_away,
)
from reports.later.kinds import CLOSURES, KINDS, LIST_THEN, SHEET, SHEETS_THEN
from reports.record.instants import NoSuchInstant, founded_at, moment_from
from web.access import ASSESSMENT, get, post
from web.context import Context, Ctx, NoSuchPage
from web.later import asker_of
from web.pages import render, see_other
from web.posted import Form, FormIsMalformed, Posted
from web.presenters.reports import media_of, show_report

#: Seconds after which the page of a report that is being made asks again.
AGAIN = 3


@get("/reports", who=ASSESSMENT)
def reports(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        units = names_of_units(connection)
        found = [show_report(one, ctx, units) for one in reports_of(connection, asker_of(ctx))]
    return render(ctx, "pages/reports.html", reports=found, days=ctx.site.settings.report_days)


@get("/reports/{public_id}", who=ASSESSMENT)
def report(ctx: Ctx, public_id: str) -> Response:
    """How far it is; and once it is made, what it is."""
    with ctx.reading() as connection:
        found, units = _found(connection, ctx, public_id), names_of_units(connection)
    if found.finished_at is not None and not found.seen:
        # Reading never waits for writing: what cannot be noted now, the next look notes.
        written_at_once(ctx.engine, lambda connection: note_seen(connection, found, now=ctx.now))
    shown = show_report(found, ctx, units)
    answer = render(ctx, "pages/report.html", report=shown, days=ctx.site.settings.report_days)
    if found.finished_at is None:
        answer.headers["Refresh"] = str(AGAIN)
    return answer


@get("/reports/{public_id}/file", who=ASSESSMENT)
def report_file(ctx: Ctx, public_id: str) -> Response:
    """The very bytes whose hash is in the record."""
    with ctx.reading() as connection:
        found = _found(connection, ctx, public_id)
    if not found.is_ready or not KINDS[found.kind].is_file:
        raise NoSuchPage

    def body() -> Iterator[bytes]:
        with ctx.reading() as connection:
            yield from content_of(connection, found)

    headers = {"Content-Disposition": f'attachment; filename="{found.name}"', "Content-Length": str(found.bytes)}
    return StreamingResponse(body(), media_type=media_of(found), headers=headers)


@post("/reports/{public_id}/remove", who=ASSESSMENT)
def remove(ctx: Ctx, form: Form, public_id: str) -> Response:  # noqa: ARG001 (read: that is what checks its token)
    with transaction(ctx.engine) as connection:
        found = report_of(connection, public_id, asker_of(ctx))
        if found is not None:  # a second click
            throw_away(connection, found)
    return see_other("/reports")


@post("/reports/ask/{kind}", who=ASSESSMENT)
def ask_for(ctx: Ctx, form: Form, kind: str) -> Response:
    """What the pages of sheets and of dates ask for; what is asked is what their forms carry."""
    wanted: Mapping[str, Any]
    if kind not in KINDS or kind == CLOSURES or ctx.actor.role not in KINDS[kind].who:
        raise NoSuchPage
    if kind == SHEET:
        wanted = {
            "year": form.figure("year"), "unit": form.figure("unit"), "scheme": form.one("scheme"),
            "format": "pdf" if form.one("format") == "pdf" else "xlsx",
        }  # fmt: skip
    elif kind == LIST_THEN:
        wanted = {"on": _instant(ctx, form)}
    elif kind == SHEETS_THEN:
        wanted = {"on": _instant(ctx, form), "year": form.figure("year")}
    else:
        wanted = {"period": _period(ctx, form), "unit": form.figure("unit")}
    return asked_for(ctx, form, kind, wanted)


def asked_for(ctx: Context, form: Posted, kind: str, wanted: Mapping[str, Any]) -> RedirectResponse:
    """Writes down what is wanted and leads to where it is found."""
    try:
        with transaction(ctx.engine) as connection:
            public_id = ask(
                connection, kind, wanted, asker=asker_of(ctx), language=ctx.language, mail=form.one("mail") == "yes",
                now=ctx.now, request=form.form_id,
            )  # fmt: skip
    except TooManyWait:
        return see_other("/reports?done=too_many_reports")
    return see_other(f"/reports/{public_id}")


def _found(connection: Connection, ctx: Context, public_id: str) -> Report:
    """A report of the asker's own: nobody else's is there."""
    found = report_of(connection, public_id, asker_of(ctx))
    if found is None:
        raise NoSuchPage
    return found


def _period(ctx: Context, form: Posted) -> str:
    try:
        return str(period_from(form.one("period"), today=ctx.today))
    except (NotAPeriod, PeriodHasNotBegun):
        raise FormIsMalformed from None


def _instant(ctx: Context, form: Posted) -> str:
    """A day or an instant as our form carries it: one that the record can be asked about."""
    on, calendar = form.one("on"), ctx.office.policy.calendar
    with ctx.reading() as connection:
        founded = founded_at(connection)
    try:
        moment_from(on, calendar=calendar, founded=founded, now=ctx.now)
    except NoSuchInstant:
        raise FormIsMalformed from None
    return on
