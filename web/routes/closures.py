"""The closure report: choose, see how many rows, download a file whose hash stays on the page."""

from collections.abc import Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any

from sqlalchemy import Connection
from starlette.responses import Response, StreamingResponse

from cases.tally import check_tallied
from cases.visibility import MAY_UNMASK
from infra.db import transaction
from people.directory import units_within
from reports.closures.choice import FIELDS, Asked, ChoiceIsWrong, Fault, read_choice
from reports.closures.columns import COLUMNS, PERSONAL
from reports.closures.exports import BLOCK, FORMATS, GROUNDS, Made, Order, record, refuse, write_file
from reports.closures.report import count_closings
from reports.later.kinds import CLOSURES
from web.access import AUDIT, get, post
from web.context import Context, Ctx
from web.pages import render
from web.posted import Form, Posted
from web.presenters.exports import export_lines
from web.routes.reports import asked_for
from workflow.procedures import PROCEDURES

Typed = Mapping[str, Sequence[str]]


@get("/closures", who=AUDIT)
def closures(ctx: Ctx) -> Response:
    """The choice stands in the address, so that it can be kept as a bookmark."""
    return _page(ctx, {name: ctx.request.query_params.getlist(name) for name in FIELDS})


@post("/closures/{kind}", who=AUDIT)
def download(ctx: Ctx, form: Form, kind: str) -> Response:
    """The report as a file: written whole, recorded with its hash, and then sent. One that takes long is made for later."""
    try:
        order = Order(asked=_asked(ctx, form.values), format=kind, language=ctx.language, ground=form.one("ground") or None)  # fmt: skip
        with ctx.reading() as connection:
            rows = count_closings(connection, order.asked.choice(ctx.office), actor=ctx.actor, office=ctx.office)
            check_tallied(connection)
        refuse(order, rows, actor=ctx.actor)
        if rows > FORMATS[kind].at_once:
            return asked_for(ctx, form, CLOSURES, _for_later(ctx, form, kind))
        return _downloaded(ctx, order)
    except ChoiceIsWrong as wrong:
        return _page(ctx, form.values, wrong.faults)


def _for_later(ctx: Context, form: Posted, kind: str) -> dict[str, Any]:
    """What was chosen, as it was typed: it is read again when the report is made."""
    choice = {name: list(form.values.get(name, ())) for name in FIELDS}
    return {"choice": choice, "format": kind, "ground": form.one("ground"), "today": ctx.today.isoformat()}


def _downloaded(ctx: Context, order: Order) -> Response:
    file = TemporaryFile()  # noqa: SIM115 (it has no name, and is closed when the answer has been read)
    try:
        return _sent(file, order, _made(ctx, order, file))
    except BaseException:
        file.close()
        raise


def _made(ctx: Context, order: Order, file: IO[bytes]) -> Made:
    with ctx.reading() as connection:
        made = write_file(connection, order, file, actor=ctx.actor, office=ctx.office, now=ctx.now)
    with transaction(ctx.engine) as connection:
        record(connection, order, made, actor=ctx.actor, now=ctx.now)
    return made


def _sent(file: IO[bytes], order: Order, made: Made) -> Response:
    def body() -> Iterator[bytes]:
        with file:
            file.seek(0)
            while block := file.read(BLOCK):
                yield block

    headers = {"Content-Disposition": f'attachment; filename="{order.file_name}"', "Content-Length": str(made.bytes)}
    return StreamingResponse(body(), media_type=FORMATS[order.format].media, headers=headers)


def _units(ctx: Context, connection: Connection) -> dict[int, str]:
    """The units that the asker may choose: their own and those below it."""
    assert ctx.actor.unit is not None, "an account belongs to a unit"
    return {unit.id: unit.name for unit in units_within(connection, ctx.actor.unit)}


def _asked(ctx: Context, typed: Typed) -> Asked:
    with ctx.reading() as connection:
        return read_choice(typed, units=_units(ctx, connection), office=ctx.office, today=ctx.today)


def _page(ctx: Context, typed: Typed, faults: Sequence[Fault] = ()) -> Response:
    """The form as it was typed, and for a choice without a fault how many rows it has."""
    asked, count = None, None
    with ctx.reading() as connection:
        units = _units(ctx, connection)
        try:
            asked = read_choice(typed, units=units, office=ctx.office, today=ctx.today)
            count = count_closings(connection, asked.choice(ctx.office), actor=ctx.actor, office=ctx.office)
        except ChoiceIsWrong as wrong:
            faults = (*wrong.faults, *(one for one in faults if one not in wrong.faults))
        exports = export_lines(connection, ctx)
    return render(
        ctx, "pages/closures.html", status=422 if faults else 200, faults=faults, count=count, exports=exports,
        fields=_fields(typed, asked), chosen=typed.get("columns") or tuple(COLUMNS),
        columns={code: [made.heading for made in columns] for code, columns in COLUMNS.items()}, personal=PERSONAL,
        units=units, procedures=tuple(PROCEDURES), profiles=tuple(ctx.office.policy.profiles.values()), formats=FORMATS,
        grounds=GROUNDS if ctx.actor.role in MAY_UNMASK else (), ground=next(iter(typed.get("ground", ())), ""),
    )  # fmt: skip


def _fields(typed: Typed, asked: Asked | None) -> dict[str, str]:
    """What stands in each field: what was typed, or the days that are meant when none were."""
    fields = {name: next(iter(typed.get(name, ())), "") for name in FIELDS}
    if asked:
        fields |= {"start": asked.start.isoformat(), "end": asked.end.isoformat()}
    return fields
