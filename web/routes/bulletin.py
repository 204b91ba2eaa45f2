"""The monthly bulletin and the yearly statistics: a page made for paper, and the same rows as a file."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy import func
from starlette.responses import Response

from cases.visibility import case, visible_cases
from infra.db import transaction
from ledger.chain import NewEvent, append_to_office
from people.directory import units_within
from reports.bulletin.bulletin import Bulletin, with_changes
from reports.bulletin.bulletin import bulletin as bulletin_of
from reports.bulletin.periods import NotAPeriod, Period, PeriodHasNotBegun, month_of, period_from
from reports.bulletin.sheet import sheet_header, sheet_rows
from reports.files.handed_out import BULLETIN, EXPORTED
from reports.files.sheets import write_csv, write_xlsx
from reports.later.kinds import BULLETIN as BULLETIN_JOB
from reports.later.kinds import figures_from
from web.access import ASSESSMENT, get, post
from web.context import Context, Ctx, NoSuchPage
from web.later import Kept, Later, kept_for
from web.pages import render
from web.posted import Form
from web.presenters.bulletin import show_bulletin
from words import Words
from workflow.model import TIMERS, Json, UnitId

#: Cases of an office whose month is counted while somebody waits; of a year half as many.
COUNTED_AT_ONCE = 12_000
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for; `wrong` names what cannot be read in it, and the bulletin is then the last month's."""

    period: Period
    unit: UnitId
    units: list[Any]
    wrong: str | None = None


@get("/bulletin", who=ASSESSMENT)
def bulletin(ctx: Ctx, month: str = "", year: str = "", unit: str = "") -> Response:
    return _page(ctx, _asked(ctx, month or year, unit))


@post("/bulletin/{kind}", who=ASSESSMENT)
def download(ctx: Ctx, form: Form, kind: str) -> Response:
    """The same rows as a file. Who took it out, and its hash, is an event of the office."""
    if kind not in TYPES:
        raise NoSuchPage
    asked = _asked(ctx, form.one("period"), form.one("unit"))
    if asked.wrong:
        return _page(ctx, asked)
    made = _made(ctx, asked)
    if isinstance(made, Later):
        return _later(ctx, asked, made)
    content = _file(ctx, kind, made)
    data: dict[str, Json] = {
        "report": BULLETIN, "format": kind, "choice": {"period": str(asked.period), "unit": asked.unit},
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    if made.until is None:  # what is still going on may change without a word
        data["figures"] = made.figures()
    event = NewEvent(code=EXPORTED, occurred_at=ctx.now, recorded_at=ctx.now, actor=ctx.actor, data=data)
    with transaction(ctx.engine) as connection:
        append_to_office(connection, event)
    name = f"bulletin-{asked.period}.{kind}"
    return Response(content, media_type=TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _page(ctx: Context, asked: Asked) -> Response:
    made = _made(ctx, asked)
    if isinstance(made, Later):
        return _later(ctx, asked, made)
    status = 422 if asked.wrong else 200
    return render(
        ctx, "pages/bulletin.html", status=status, asked=asked, bulletin=show_bulletin(made, ctx), error=asked.wrong
    )


def _later(ctx: Context, asked: Asked, later: Later) -> Response:
    return render(ctx, "pages/bulletin_later.html", asked=asked, later=later)


def _asked(ctx: Context, period: str, unit: str) -> Asked:
    """The last month that is over and the asker's own unit, unless something else is asked for. A unit that is not below
    the asker's own does not exist."""
    own = ctx.actor.unit
    assert own is not None, "every account belongs to a unit"
    with ctx.reading() as connection:
        units = units_within(connection, own)
    chosen = next((UnitId(one.id) for one in units if str(one.id) == unit), own if not unit else None)
    if chosen is None:
        raise NoSuchPage
    last_month, wrong = month_of(ctx.today).earlier(1), None
    try:
        found = period_from(period, today=ctx.today) if period else last_month
    except NotAPeriod:
        found, wrong = last_month, "unreadable"
    except PeriodHasNotBegun:
        found, wrong = last_month, "not_begun"
    return Asked(period=found, unit=chosen, units=units, wrong=wrong)


def _made(ctx: Context, asked: Asked) -> Bulletin | Later:
    """Counted now, where that does not take long; else as it was made for the asker, if it was."""
    with ctx.reading() as connection:
        many = connection.execute(visible_cases(TIMERS, func.count(case.id))).scalar_one()
        if many <= (COUNTED_AT_ONCE if asked.period.month else COUNTED_AT_ONCE // 2):
            return bulletin_of(
                connection, asked.period, actor=ctx.actor, office=ctx.office, now=ctx.now, unit=asked.unit
            )  # fmt: skip
        wanted = {"period": str(asked.period), "unit": int(asked.unit)}
        kept = kept_for(connection, ctx, BULLETIN_JOB, wanted)
        if isinstance(kept, Kept):
            return with_changes(connection, figures_from(kept.content), actor=ctx.actor, office=ctx.office)
        return Later(kind=BULLETIN_JOB, fields=wanted, report=kept)


def _file(ctx: Context, kind: str, made: Bulletin) -> bytes:
    t = Words(ctx.language)
    header = sheet_header(made, t, ctx.language)
    if kind == "csv":
        return b"".join(write_csv(sheet_rows(made, t), header))
    file = BytesIO()
    write_xlsx(sheet_rows(made, t), header, file, name=t("menu.bulletin"), now=ctx.now)
    return file.getvalue()
