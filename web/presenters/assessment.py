"""The pages of the year-end assessment as values: the table of units, one unit's sheet, its year as a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from cases.tally import CaseMark
from people.directory import names_of_accounts
from reports.years.assessment import Assessment, Sheet
from reports.years.sheet_files import Paper, PaperLine, item_words, line_words, scheme_name, share
from web.context import Context
from words import Words

#: Lights beside each other need no more room than this; a taller month is drawn to scale.
TALLEST, BARS_TOP, BARS_BOTTOM, BAR, GAP = 10, 30, 210, 20, 54


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
class Bar:
    """One month's lights of one colour, as a rectangle with its words."""

    x: int
    y: int
    height: int
    light: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YearChart:
    """Lights that count, by month. `months` are (x, month, yellow, red)."""

    bars: tuple[Bar, ...]
    months: tuple[tuple[int, int, int, int], ...]
    ticks: tuple[tuple[int, int], ...]


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
    chart: YearChart
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


def chart_of(marked: Sequence[CaseMark], ctx: Context, words: Words) -> YearChart:
    """The lights that count, month by month: yellow below, red on top."""
    calendar = ctx.office.policy.calendar
    counts = {month: {"yellow": 0, "red": 0} for month in range(1, 13)}
    for line in marked:
        if line.mark.measure == "light":
            counts[calendar.local_day(line.mark.at).month][line.mark.outcome] += 1
    most = max(TALLEST, *(sum(by.values()) for by in counts.values()))
    bars: list[Bar] = []
    months: list[tuple[int, int, int, int]] = []
    for month, by in counts.items():
        x, floor = 50 + (month - 1) * GAP, BARS_BOTTOM
        months.append((x + BAR // 2, month, by["yellow"], by["red"]))
        for light in ("yellow", "red"):
            if height := round(by[light] * (BARS_BOTTOM - BARS_TOP) / most):
                floor -= height
                says = words("assess.month_of_chart", month=month, light=words(f"light.{light}"), n=by[light])
                bars.append(Bar(x=x, y=floor, height=height, light=light, says=says))
    step = max(1, -(-most // 5))
    ticks = tuple(
        (BARS_BOTTOM - round(n * (BARS_BOTTOM - BARS_TOP) / most), n) for n in range(0, most + 1, step)
    )  # fmt: skip
    return YearChart(bars=tuple(bars), months=tuple(months), ticks=ticks)
