"""What the record knew on a date: a case, the work list or the sheets of then. For the auditor; nothing can be done here."""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from cases.filed import case_by_number
from cases.reading import find_case
from cases.tally import to_be_read
from reports.later.kinds import LIST_THEN, SHEETS_THEN, counted_from, open_then_from
from reports.record.as_of import (
    CaseWasNotKnown,
    case_as_of,
    counted_then,
    open_then,
    sheets_of_counts,
    to_be_read_for_list,
)
from reports.record.instants import (
    Moment,
    NoSuchInstant,
    OfficeWasNotFounded,
    founded_at,
    moment_from,
    moment_words,
    usual_year,
)
from reports.years.assessment import YearCannotBeAssessed, check_year
from reports.years.sheet_files import refusal_code, scheme_name
from web.access import AUDIT, get
from web.context import Context, Ctx
from web.later import Kept, Later, kept_for
from web.pages import render
from web.presenters.as_of import show_case, show_list, show_sheets
from workflow.model import UnitId
from workflow.policy import NoSuchScheme

LIST, SHEET = "list", "sheet"
LARGEST = 2**63 - 1
#: A page reads the events of so many cases; more are read for later.
READ_AT_ONCE = 500
NO_UNIT = UnitId(0)  #: no line of any


@get("/as-of", who=AUDIT)
def as_of(
    ctx: Ctx,
    on: str = "",
    case: str = "",
    what: str = LIST,
    year: int | None = None,
    scheme: str = "",
    unit: int | None = None,
    page: int = 1,
) -> Response:
    """Without a date, only the question; with one that cannot be answered, the question again and why."""
    what = what if what in (LIST, SHEET) else LIST
    scheme = scheme if scheme in ctx.office.policy.schemes else ctx.office.own_scheme
    on, case = on.strip(), case.strip().replace("\0", "")  # which PostgreSQL does not take for a text
    asked = {"on": on, "case": case, "what": what, "year": year, "scheme": scheme}
    with ctx.reading() as connection:
        founded = founded_at(connection)
        moment, refused = _moment(ctx, on, founded) if on else (None, None)
        shown: dict[str, Any] = {"refused": refused}
        if moment is not None and case:
            shown |= _case(connection, ctx, case, moment)
            if "then" in shown:
                asked["case"] = shown["then"].head.number
        elif moment is not None and what == SHEET:
            shown |= _sheets(connection, ctx, moment, year, scheme, unit, page=max(1, page))
        elif moment is not None:
            shown |= _list(connection, ctx, moment, page=max(1, page))
    values = {"then": None, "listed": None, "sheets": None, "later": None, **shown}
    calendar = ctx.office.policy.calendar
    return render(
        ctx, "pages/as_of.html", status=422 if values["refused"] else 200, asked=asked,
        day=moment.day if moment else None, known=moment_words(moment, ctx.language, calendar.zone) if moment else None,
        first=calendar.local_day(founded), years=sorted(calendar.published, reverse=True),
        schemes=[(one.id, scheme_name(one, ctx.language)) for one in ctx.office.policy.schemes.values()],
        **values,
    )  # fmt: skip


Refused = tuple[str, dict[str, str]]  #: the code of the words, and what they name


def _moment(ctx: Context, on: str, founded: Any) -> tuple[Moment | None, Refused | None]:
    try:
        return moment_from(on, calendar=ctx.office.policy.calendar, founded=founded, now=ctx.now), None
    except OfficeWasNotFounded as error:
        return None, (error.code, {"day": error.founded.isoformat()})
    except NoSuchInstant as error:
        return None, (error.code, {"text": on})


def _case(connection: Connection, ctx: Context, named: str, moment: Moment) -> dict[str, Any]:
    """By its number as it stands on paper, or by its public id."""
    case_id = case_by_number(connection, named, short_name=ctx.office.short_name, actor=ctx.actor)
    case_id = case_id or find_case(connection, named, actor=ctx.actor)
    if case_id is None:
        return {"refused": ("as_of.no_such_case", {"case": named})}
    try:
        found = case_as_of(connection, case_id, at=moment.at, actor=ctx.actor, office=ctx.office)
    except CaseWasNotKnown:
        return {"refused": ("as_of.case_was_not_known", {"case": named})}
    return {"then": show_case(connection, ctx, found)}


def _list(connection: Connection, ctx: Context, moment: Moment, *, page: int) -> dict[str, Any]:
    asked = {"on": moment.written}
    kept = kept_for(connection, ctx, LIST_THEN, asked)
    if isinstance(kept, Kept):
        cases = open_then_from(kept.content)
    elif (n := to_be_read_for_list(connection, at=moment.at, actor=ctx.actor)) > READ_AT_ONCE:
        return {"later": Later(kind=LIST_THEN, fields=asked, cases=n, report=kept)}
    else:
        cases = open_then(connection, at=moment.at, actor=ctx.actor)
    return {"listed": show_list(connection, ctx, cases, at=moment.at, page=page)}


def _sheets(
    connection: Connection, ctx: Context, moment: Moment, year: int | None, scheme: str, unit: int | None, *, page: int
) -> dict[str, Any]:
    chosen = year if year is not None else usual_year(moment, ctx.office.policy.calendar)
    whose = UnitId(unit) if unit is not None and 0 < unit <= LARGEST else None
    asked = {"on": moment.written, "year": chosen}
    try:
        check_year(chosen, ctx.office)
        kept = kept_for(connection, ctx, SHEETS_THEN, asked)
        if isinstance(kept, Kept):
            counted = counted_from(kept.content)
        elif (n := to_be_read(connection, until=moment.at)) > READ_AT_ONCE:
            return {"later": Later(kind=SHEETS_THEN, fields=asked, cases=n, report=kept)}
        else:
            counted = counted_then(connection, ctx.office.policy.calendar, year=chosen, at=moment.at)
        found = sheets_of_counts(
            connection, counted, year=chosen, scheme=ctx.office.scheme(scheme), at=moment.at, actor=ctx.actor,
            lines_of=whose or NO_UNIT,
        )  # fmt: skip
    except (YearCannotBeAssessed, NoSuchScheme) as error:
        return {"refused": (refusal_code(error), {"year": str(chosen)})}
    return {"sheets": show_sheets(connection, ctx, found, unit=whose, page=page)}
