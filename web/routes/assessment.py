"""The year-end assessment, unit by unit, each point with its case, clock and event."""

from starlette.responses import Response

from cases.numbers import case_number
from infra.db import reading
from infra.i18n import write_minute
from people.directory import names_of_units
from reports.assessment import YearWithoutCalendar, assess
from web.access import ASSESSMENT, get
from web.context import Ctx
from web.pages import render

SCHEME = "LIGHTS-A"


@get("/assessment", who=ASSESSMENT)
def assessment(ctx: Ctx, year: int | None = None) -> Response:
    year = year or ctx.today.year
    years = sorted(ctx.office.policy.calendar.published, reverse=True)
    with reading(ctx.engine) as connection:
        try:
            result = assess(connection, year=year, scheme=SCHEME, actor=ctx.actor, office=ctx.office)
        except YearWithoutCalendar:
            return render(ctx, "pages/assessment.html", status=404, year=year, years=years, sheets=None, scheme=None)
        units = names_of_units(connection)
    zone = ctx.office.policy.calendar.zone
    sheets = [
        {
            "unit": units[sheet.unit],
            "total": sheet.total,
            "points": sheet.points,
            "lines": [
                {
                    "public_id": result.numbers[item.lit.case_id][0],
                    "number": case_number(ctx.office.short_name, *result.numbers[item.lit.case_id][1:]),
                    "rule": item.lit.rule,
                    "clock": item.lit.clock,
                    "light": item.lit.light.value,
                    "when": write_minute(item.lit.occurred_at, ctx.language, zone, today=ctx.today),
                    "event": item.lit.event,
                    "points": item.points,
                    "waived": item.lit.waived,
                }
                for item in sheet.items
            ],
        }
        for sheet in result.sheets
    ]
    return render(ctx, "pages/assessment.html", year=year, years=years, sheets=sheets, scheme=result.scheme)
