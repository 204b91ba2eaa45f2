"""The pages of the year-end assessment as values: the table of units, one unit's sheet, its year as a picture."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from cases.tally import CaseMark
from infra.i18n import write_month
from people.directory import names_of_accounts
from reports.years.assessment import Assessment, Sheet
from reports.years.sheet_files import Paper, PaperLine, item_words, line_words, scheme_name, share
from web.context import Context
from web.presenters.charts import Chart, Label, bar_chart
from words import LIGHT_SHAPES, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table of units, levels or people."""

    unit: int
    name: str
    total: str
    before: str
    extension_share: str
    return_share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPage:
    unit: int
    name: str
    scheme: str
    scheme_words: str
    source: str
    total: str
    before: str
    base: str
    extension_share: str
    return_share: str
    items: tuple[tuple[str, str, str], ...]
    lines: tuple[PaperLine, ...]
    people: tuple[Row, ...]
    chart: Chart
    page: int
    pages: int
    count: int  #: of the lines of all pages


def rows_of(sheets: Sequence[Sheet], names: Mapping[int, str], words: Words) -> tuple[Row, ...]:
    return tuple(
        Row(
            unit=sheet.unit,
            name=names.get(sheet.person or sheet.unit, "—"),
            total=figure(sheet.score.total, words),
            before=figure(sheet.before.total, words),
            extension_share=share(sheet.extension_share, words),
            return_share=share(sheet.return_share, words),
        )
        for sheet in sheets
    )


def figure(value: Decimal | None, words: Words) -> str:
    return words("assess.not_assessed") if value is None else f"{value:f}"


def show_sheet(connection: Connection, ctx: Context, paper: Paper, found: Assessment, *, page: int) -> SheetPage:
    words, sheet = Words(ctx.language), paper.sheet
    people = [one for one in found.people if one.unit == sheet.unit]
    accounts = names_of_accounts(connection, {one.person for one in people})
    return SheetPage(
        unit=sheet.unit,
        name=paper.name,
        scheme=paper.scheme.id,
        scheme_words=scheme_name(paper.scheme, ctx.language),
        source=words(paper.scheme.source),
        total=figure(sheet.score.total, words),
        before=figure(sheet.before.total, words),
        base=figure(sheet.score.base, words),
        extension_share=share(sheet.extension_share, words),
        return_share=share(sheet.return_share, words),
        items=tuple(item_words(line, words) for line in sheet.score.lines),
        lines=tuple(line_words(line, ctx.office, words) for line in paper.lines),
        people=rows_of(people, accounts, words),
        chart=chart_of(paper.marked, ctx, words),
        page=page,
        pages=paper.pages,
        count=len(paper.marked),
    )


def chart_of(marked: Sequence[CaseMark], ctx: Context, words: Words) -> Chart:
    """The lights that count, month by month: yellow below, red on top."""
    calendar, counts = ctx.office.policy.calendar, Counter[tuple[int, str]]()
    for line in marked:
        if line.mark.measure == "light":
            counts[calendar.local_day(line.mark.at).month, line.mark.outcome] += 1
    months = range(1, 13)

    def month_name(month: int) -> str:
        return write_month(date(2000, month, 1), ctx.language, alone=True)

    return bar_chart(
        name="chart",
        title=words("Lights that count, by month"),
        unit=words("lights"),
        labels=[Label(at=month, words=month_name(month), short=str(month)) for month in months],
        series=[
            (light, f"{LIGHT_SHAPES[light]} {words(f'light.{light}')}", [counts[month, light] for month in months])
            for light in ("yellow", "red")
        ],
    )
