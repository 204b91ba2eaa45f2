"""Signs of gaming, for the auditor alone: what to look at, and the verdict about each."""

from urllib.parse import urlencode

from starlette.responses import Response

from cases.repeats import FormWasUsed
from cases.sign_reviews import VERDICTS, review
from cases.tally import check_tallied
from infra.db import transaction
from people.directory import names_of_accounts, names_of_units
from reports.years.signs import page_of_signs, place_of_sign
from web.access import SIGNS, get, post
from web.context import Context, Ctx, NoSuchPage
from web.pages import render, see_other
from web.posted import Form, figure_from
from web.presenters.signs import sign_groups
from workflow.calendar import FIRST_YEAR, LAST_YEAR

#: How many years have a tab of their own.
YEARS = 5
#: Signs on one page.
LINES = 100


@get("/signs", who=SIGNS)
def signs(ctx: Ctx, year: int | None = None, unit: str = "", page: int = 1) -> Response:
    return _page(ctx, _year(year, ctx), _unit(unit), page)


@post("/signs/review", who=SIGNS)
def review_sign(ctx: Ctx, form: Form) -> Response:
    """Gives a sign that the auditor sees its verdict, and goes back to its line."""
    year, unit = _year(form.figure("year"), ctx), _unit(form.one("unit"))
    wanted = (form.one("sign"), form.one("case"), form.figure("seq"))
    verdict, request = form.one("verdict"), form.form_id
    try:
        with transaction(ctx.engine) as connection:
            check_tallied(connection)
            place = place_of_sign(
                connection, wanted, year=year, actor=ctx.actor, office=ctx.office, unit=unit, lines=LINES
            )
            if place is None:
                raise NoSuchPage
            key, page = place
            if verdict in VERDICTS:
                review(connection, key, verdict, actor=ctx.actor, now=ctx.now, request=request)
    except FormWasUsed:
        return _page(ctx, year, unit, page, wrong=wanted, typed=verdict, status=409)
    if verdict not in VERDICTS:
        return _page(ctx, year, unit, page, wrong=wanted, status=422)
    query = urlencode({"year": year} | ({"unit": unit} if unit else {}) | ({"page": page} if page > 1 else {}))
    return see_other(f"/signs?{query}#{line_id(*wanted)}")


def line_id(sign: str, case: str, seq: int | None) -> str:
    """Where a sign stands on its page."""
    return f"{sign}-{case}-{seq}"


def _page(
    ctx: Context, year: int, unit: int | None, page: int, *, wrong: tuple[str, str, int | None] | None = None,
    typed: str = "", status: int = 200,
) -> Response:  # fmt: skip
    """`wrong` is the line whose verdict was not recorded, `typed` the verdict of a form that had been used for another."""
    with ctx.reading() as connection:
        check_tallied(connection)
        found = page_of_signs(
            connection, year=year, actor=ctx.actor, office=ctx.office, unit=unit, page=page, lines=LINES
        )
        units = names_of_units(connection)
        accounts = names_of_accounts(connection, {one.verdict.by for one in found.found if one.verdict})
    mine = {id_: name for id_, name in units.items() if id_ in ctx.actor.units}
    return render(
        ctx, "pages/signs.html", status=status, year=year, years=range(ctx.today.year, ctx.today.year - YEARS, -1),
        unit=unit, units=mine, groups=sign_groups(found, ctx, units=units, accounts=accounts), verdicts=VERDICTS,
        page=found.page, pages=found.pages, line_id=line_id, wrong=wrong and line_id(*wrong), typed=typed, failed=wrong is not None,
    )  # fmt: skip


def _year(asked: int | None, ctx: Context) -> int:
    return asked if asked is not None and FIRST_YEAR <= asked <= LAST_YEAR else ctx.today.year


def _unit(asked: str) -> int | None:
    """A unit's id, or all of them. The form without a choice sends nothing in the field."""
    return figure_from(asked) if asked else None
