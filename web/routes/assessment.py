"""The year-end assessment: the units of a year, the sheet of one, its files; closing a year and what a closed one came to."""

from io import BytesIO
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from cases.anchors import make_anchor
from cases.tally import check_tallied
from infra.db import transaction
from infra.i18n import write_minute
from infra.keys import KeyIsExposed, KeyIsUnreadable
from people.directory import names_of_accounts, names_of_units
from people.office_keys import KeyIsNotPinned, signing_key_of_office
from reports.files.pdf import CharactersAreMissing
from reports.years.addendum import addendum
from reports.years.assessment import Assessment, YearCannotBeAssessed, YearWithoutCalendar, assess
from reports.years.closed_years import closed_year
from reports.years.closing import CannotClose, ClosedAlready, SchemeIsGone, close_year, proposal_of, propose_close
from reports.years.sheet_files import (
    LINES_AT_ONCE,
    MEDIA,
    Paper,
    item_words,
    paper_of,
    pdf_of,
    refusal_code,
    scheme_name,
    sheet_file_name,
    xlsx_of,
)
from web.access import ASSESSMENT, AUDIT, RowId, YearId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.pages import render, see_other
from web.posted import Form
from web.presenters.addendum import show_addendum
from web.presenters.assessment import rows_of, show_sheet
from words import Words
from workflow.model import Role, UnitId
from workflow.policy import NoSuchScheme

#: A page of a sheet that an address may ask for.
LAST_PAGE = 100_000


class NoKey(CannotClose):
    """The anchor that goes with the closing cannot be signed."""

    code = "close.key"


@get("/assessment", who=ASSESSMENT)
def assessment(ctx: Ctx, year: int | None = None, scheme: str = "") -> Response:
    return _units(ctx, year or ctx.today.year, scheme)


def _units(ctx: Context, year: int, scheme: str, *, refused: CannotClose | None = None) -> Response:
    words = Words(ctx.language)
    scheme = scheme if scheme in ctx.office.policy.schemes else ctx.office.own_scheme
    schemes = [(one.id, scheme_name(one, ctx.language)) for one in ctx.office.policy.schemes.values()]
    years = sorted({*ctx.office.policy.calendar.published, *ctx.office.closed_years}, reverse=True)
    shown = {"year": year, "years": years, "schemes": schemes, "chosen": scheme}
    with ctx.reading() as connection:
        check_tallied(connection)
        try:
            found = assess(connection, year=year, scheme=scheme, actor=ctx.actor, office=ctx.office, by_person=False)
        except (YearCannotBeAssessed, NoSuchScheme) as error:
            status = 404 if isinstance(error, YearWithoutCalendar) else 200
            why = refusal_code(error)
            return render(ctx, "pages/assessment.html", status=status, found=None, why=why, refused=refused, **shown)
        units = names_of_units(connection)
        proposal = proposal_of(connection, year)
        signer = names_of_accounts(connection, {proposal.proposed_by}) if proposal else {}
        closed = closed_year(connection, year)
    return render(
        ctx, "pages/assessment.html", status=409 if refused else 200, found=found, why=None, refused=refused,
        units=rows_of(found.units, units, words), levels=rows_of(found.levels, units, words), proposal=proposal,
        signer=next(iter(signer.values()), ""), closed=closed, close_from=ctx.office.policy.appeal.close_on,
        items=[item_words(line, words)[0] for line in (found.units[0].score.lines if found.units else ())],
        source=Words(ctx.language)(found.scheme.source), may_sign=ctx.actor.role in AUDIT,
        mine=proposal is not None and proposal.proposed_by == ctx.actor.account, **shown,
    )  # fmt: skip


@get("/assessment/units/{unit}", who=ASSESSMENT)
def sheet(ctx: Ctx, unit: RowId, year: int | None = None, scheme: str = "", page: int = 1) -> Response:
    year = year or ctx.today.year
    page = min(max(page, 1), LAST_PAGE)
    with ctx.reading() as connection:
        paper, found = _paper(connection, ctx, unit, year, scheme, page=page)
    return _sheet_page(ctx, paper, found, year, page=page)


@get("/assessment/units/{unit}/{kind}", who=ASSESSMENT)
def sheet_as_file(ctx: Ctx, unit: RowId, kind: str, year: int | None = None, scheme: str = "") -> Response:
    """The sheet as an itemised XLSX, or as a PDF that the unit can sign."""
    year = year or ctx.today.year
    if kind not in ("xlsx", "pdf"):
        raise NoSuchPage
    with ctx.reading() as connection:
        paper, found = _paper(connection, ctx, unit, year, scheme)
    if len(paper.lines) > LINES_AT_ONCE:  # the page offers to have it made
        return see_other(f"/assessment/units/{unit}?{urlencode({'year': year, 'scheme': found.scheme.id})}")
    words = Words(ctx.language)
    if kind == "pdf":
        try:
            return _file(pdf_of(paper, words), sheet_file_name(year, UnitId(unit), kind), kind)
        except CharactersAreMissing as error:
            refused = words("paper.characters_missing", value=error.named)
            return _sheet_page(ctx, paper, found, year, page=1, refused=refused)
    target = BytesIO()
    xlsx_of(paper, words, target, now=ctx.now)
    return _file(target.getvalue(), sheet_file_name(year, UnitId(unit), kind), kind)


def _sheet_page(ctx: Context, paper: Paper, found: Assessment, year: int, *, page: int, refused: str = "") -> Response:
    with ctx.reading() as connection:
        shown = show_sheet(connection, ctx, paper, found, page=page)
    return render(
        ctx, "pages/sheet.html", status=422 if refused else 200, sheet=shown, year=year, refused=refused,
        at_once=shown.count <= LINES_AT_ONCE, may_appeal=ctx.actor.role is Role.SUPERVISOR,
    )  # fmt: skip


def _paper(
    connection: Connection, ctx: Context, unit: int, year: int, scheme: str, *, page: int | None = None
) -> tuple[Paper, Assessment]:
    """The sheet of a unit, with the assessment that it is a part of. Raises `NoSuchPage` if the reader has no such sheet."""
    check_tallied(connection)
    try:
        found = assess(connection, year=year, scheme=scheme, actor=ctx.actor, office=ctx.office)
    except (YearCannotBeAssessed, NoSuchScheme) as error:
        raise NoSuchPage from error
    paper = paper_of(connection, found, UnitId(unit), actor=ctx.actor, office=ctx.office, page=page)
    if paper is None:
        raise NoSuchPage
    return paper, found


def _file(content: bytes, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=MEDIA[kind], headers=headers)


# -- closing a year ---------------------------------------------------------------------------------------------------


@post("/assessment/{year}/propose", who=AUDIT)
def propose(ctx: Ctx, form: Form, year: YearId) -> Response:
    """The first signature: the sheets as they stand, under the scheme that was chosen."""
    scheme = form.one("scheme") or ctx.office.own_scheme
    try:
        with transaction(ctx.engine) as connection:
            check_tallied(connection)
            propose_close(connection, year=year, scheme=scheme, actor=ctx.actor, office=ctx.office, now=ctx.now)
    except CannotClose as refused:
        return _units(ctx, year, scheme, refused=refused)
    except NoSuchScheme as gone:
        return _units(ctx, year, scheme, refused=SchemeIsGone(gone.name))
    except YearCannotBeAssessed as error:
        raise NoSuchPage from error
    return see_other(f"/assessment?year={year}&scheme={scheme}")


@post("/assessment/{year}/close", who=AUDIT)
def close(ctx: Ctx, form: Form, year: YearId) -> Response:
    """The second signature, under the very result that was proposed."""
    scheme = form.one("scheme") or ctx.office.own_scheme
    try:
        with transaction(ctx.engine) as connection:
            close_year(
                connection, year=year, result_hash=form.one("result"), actor=ctx.actor, office=ctx.office, now=ctx.now
            )
            key = signing_key_of_office(connection, ctx.site.settings.home, now=ctx.now)
            # At once, so that the auditors hold the closed year before anybody can think of changing it.
            make_anchor(connection, office=ctx.office, key=key, now=ctx.now)
    except ClosedAlready as refused:
        with ctx.reading() as connection:
            kept = closed_year(connection, year)
        mine = kept is not None and (kept.closed_by, kept.result_hash) == (ctx.actor.account, form.one("result"))
        if not mine:
            return _units(ctx, year, scheme, refused=refused)
        # The same form, sent twice: it leads where the first led.
    except CannotClose as refused:
        return _units(ctx, year, scheme, refused=refused)
    except (KeyIsExposed, KeyIsUnreadable, KeyIsNotPinned):
        return _units(ctx, year, scheme, refused=NoKey())
    except YearCannotBeAssessed as error:
        raise NoSuchPage from error
    return see_other(f"/assessment/{year}/closed")


@get("/assessment/{year}/closed", who=ASSESSMENT)
def closed(ctx: Ctx, year: YearId) -> Response:
    """A closed year: what it came to, who signed it, and what has become known since."""
    with ctx.reading() as connection:
        kept = closed_year(connection, year)
        if kept is None:
            raise NoSuchPage
        late = addendum(connection, year)
        units = names_of_units(connection)
        signers = names_of_accounts(connection, {kept.proposed_by, kept.closed_by})
    zone = ctx.office.policy.calendar.zone
    mine = ctx.actor.units
    return render(
        ctx, "pages/closed_year.html", year=year, kept=kept, units=units, signers=signers,
        sheets=[one for one in kept.sheets if one.unit in mine], late=show_addendum(late, ctx, units),
        proposed=write_minute(kept.proposed_at, ctx.language, zone), closed=write_minute(kept.closed_at, ctx.language, zone),
    )  # fmt: skip


@get("/assessment/{year}/closed/result", who=AUDIT)
def closed_result(ctx: Ctx, year: YearId) -> Response:
    """The very bytes that were signed."""
    with ctx.reading() as connection:
        kept = closed_year(connection, year)
    if kept is None or not {one.unit for one in kept.sheets} <= ctx.actor.units:
        raise NoSuchPage
    return _file(kept.result.encode(), f"year-{year}.json", "json")
