"""The closure report: choose the days, see how many rows, download."""

from collections.abc import Iterator
from datetime import date
from tempfile import SpooledTemporaryFile

from sqlalchemy import func
from starlette.responses import Response, StreamingResponse

from cases.ledger import NewEvent, append_to_office
from cases.visibility import case, visible_cases
from cases.words import Words
from infra.db import reading, transaction
from reports.closures import closure_cells, closure_header, closure_rows
from reports.sheets import write_csv, write_xlsx
from web.access import AUDIT, get, post
from web.context import Context, Ctx
from web.pages import render
from web.posted import Form

IN_MEMORY, CHUNK = 4 * 1024 * 1024, 64 * 1024
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@get("/closures", who=AUDIT)
def closures(ctx: Ctx, start: str = "", end: str = "") -> Response:
    first, last, error = _days(ctx, start, end)
    count = _count(ctx, first, last) if error is None else None
    return render(
        ctx, "pages/closures.html", status=422 if error else 200, start=start or first.isoformat(),
        end=end or last.isoformat(), count=count, error=error,
    )  # fmt: skip


@post("/closures/{kind}", who=AUDIT)
def download(ctx: Ctx, form: Form, kind: str) -> Response:
    """The report as a file. Who took it out, and for which days, is an event of the office."""
    first, last, error = _days(ctx, form.one("start"), form.one("end"))
    if error or kind not in ("csv", "xlsx"):
        return render(
            ctx, "pages/closures.html", status=422, start=form.one("start"), end=form.one("end"), count=None,
            error=error or "closures.not_a_day",
        )  # fmt: skip
    _note(ctx, kind, first, last)
    return _csv(ctx, first, last) if kind == "csv" else _xlsx(ctx, first, last)


def _csv(ctx: Context, first: date, last: date) -> Response:
    """Streamed row by row: the connection is open as long as the browser reads."""
    t = Words(ctx.language)

    def body() -> Iterator[bytes]:
        with reading(ctx.engine) as connection:
            rows = closure_rows(connection, actor=ctx.actor, office=ctx.office, start=first, end=last)
            yield from write_csv((closure_cells(row, t) for row in rows), closure_header(t))

    return StreamingResponse(body(), media_type="text/csv; charset=utf-8", headers=_attachment(first, last, "csv"))


def _xlsx(ctx: Context, first: date, last: date) -> Response:
    """Written whole to a temporary file first: a workbook is a zip, whose end says what is in it."""
    t = Words(ctx.language)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed when the answer has been read)
    with reading(ctx.engine) as connection:
        rows = closure_rows(connection, actor=ctx.actor, office=ctx.office, start=first, end=last)
        write_xlsx((closure_cells(row, t) for row in rows), closure_header(t), file, now=ctx.now)
    file.seek(0)

    def body() -> Iterator[bytes]:
        with file:
            while chunk := file.read(CHUNK):
                yield chunk

    return StreamingResponse(body(), media_type=XLSX, headers=_attachment(first, last, "xlsx"))


def _days(ctx: Context, start: str, end: str) -> tuple[date, date, str | None]:
    """The days asked for, by default this year's so far; and what is wrong with them."""
    first, last = date(ctx.today.year, 1, 1), ctx.today
    try:
        first = date.fromisoformat(start) if start else first
        last = date.fromisoformat(end) if end else last
    except ValueError:
        return first, last, "closures.not_a_day"
    if not EARLIEST <= first <= last <= LATEST:
        return first, last, "closures.days_in_wrong_order"
    return first, last, None


def _count(ctx: Context, first: date, last: date) -> int:
    calendar = ctx.office.policy.calendar
    span = case.closed_at >= calendar.start_of(first), case.closed_at < calendar.end_of(last)
    with reading(ctx.engine) as connection:
        return int(connection.execute(visible_cases(ctx.actor, func.count()).where(*span)).scalar_one())


def _attachment(first: date, last: date, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="closures-{first:%Y%m%d}-{last:%Y%m%d}.{kind}"'}


def _note(ctx: Context, kind: str, first: date, last: date) -> None:
    data = {"report": "closures", "kind": kind, "start": first.isoformat(), "end": last.isoformat()}
    with transaction(ctx.engine) as connection:
        append_to_office(
            connection,
            NewEvent(code="report:exported", occurred_at=ctx.now, recorded_at=ctx.now, actor=ctx.actor, data=data),
        )
