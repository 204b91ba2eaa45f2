"""The bulletin as its page shows it: figures in the reader's words, and the line of the months as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from infra.i18n import write_day, write_month
from reports.bulletin.bulletin import Bulletin
from reports.bulletin.crises import Hidden
from reports.bulletin.figures import Breakdown, MonthPoint, Value
from reports.bulletin.periods import Period
from reports.bulletin.sheet import MEANS, mark_words, period_words, row_words
from web.context import Context
from web.presenters.charts import Chart, Label, line_chart
from words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    words: str
    cells: tuple[str, ...]
    part: bool  #: it is a part of the figure above it


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    words: str
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownView:
    words: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinView:
    title: str
    until: str | None
    compared: tuple[str, ...]
    sections: tuple[SectionView, ...]
    breakdowns: tuple[BreakdownView, ...]
    chart: Chart
    by_month: tuple[tuple[str, int, int], ...]
    marks: tuple[str, ...]  #: what stands beside the figures
    means: tuple[str, ...]
    hidden: tuple[tuple[str, str], ...]  #: each sign in the table, and what it means
    before: Period
    after: Period | None  #: the one that follows, if it has begun


PARTS = frozenset({
    "mediation.settled_written", "mediation.settled_oral", "mediation.settled_in_part", "began.application_share",
    "began.own_share", "began.entrusted_share", "petition.on_time_rate",
})  # fmt: skip


def show_bulletin(found: Bulletin, ctx: Context) -> BulletinView:
    t = Words(ctx.language)
    begun = tuple(point for point in found.by_month if point.month.first <= ctx.today)
    signs = {value for line in found.lines for value in line.values if isinstance(value, Hidden)}
    return BulletinView(
        title=period_words(found.period, ctx.language),
        until=write_day(found.until, ctx.language) if found.until else None,
        compared=tuple(period_words(period, ctx.language) for period in found.compared),
        sections=_sections(found, t),
        breakdowns=tuple(_breakdown(one, t) for one in found.breakdowns if one.rows),
        chart=_chart(begun, t),
        by_month=tuple(
            (write_month(point.month.first, ctx.language), point.registered, point.closed) for point in begun
        ),
        marks=tuple(
            mark_words(
                found, t, day=lambda day: write_day(day, ctx.language), period=lambda of: period_words(of, ctx.language)
            )
        ),
        means=tuple(t(f"bulletin.means.{code}") for code in MEANS if code != "crisis" or _has_crises(found)),
        hidden=tuple((sign.value, t(f"bulletin.hidden.{sign.name.lower()}")) for sign in Hidden if sign in signs),
        before=_beside(found.period, back=True),
        after=after if (after := _beside(found.period, back=False)).first <= ctx.today else None,
    )


def _has_crises(found: Bulletin) -> bool:
    return any(line.section == "crisis" for line in found.lines)


def _beside(period: Period, *, back: bool) -> Period:
    if period.month is None:
        return Period(year=period.year + (-1 if back else 1))
    return period.earlier(1 if back else -1)


def _sections(found: Bulletin, t: Words) -> tuple[SectionView, ...]:
    views = []
    for section, lines in groupby(found.lines, key=lambda line: line.section):
        shown = tuple(
            LineView(
                words=t(f"bulletin.{line.code}"),
                cells=tuple(_figure(value, line.kind) for value in line.values),
                part=line.code in PARTS,
            )
            for line in lines
        )
        views.append(SectionView(words=t(f"bulletin.section.{section}"), lines=shown))
    return tuple(views)


def _figure(value: Value, kind: str) -> str:
    match value:
        case None:
            return "—"
        case Hidden():
            return value.value
        case Decimal() if kind == "share":
            return f"{value}%"
    return f"{value:,}"


def _breakdown(one: Breakdown, t: Words) -> BreakdownView:
    rows = tuple(
        (row_words(one.section, code, t), tuple(f"{value:,}" if value else "·" for value in values))
        for code, values in one.rows
    )
    columns = tuple(t(f"bulletin.column.{column}") for column in one.columns)
    return BreakdownView(words=t(f"bulletin.section.{one.section}"), columns=columns, rows=rows)


# -- the picture ------------------------------------------------------------------------------------------------------


def _chart(points: tuple[MonthPoint, ...], t: Words) -> Chart:
    return line_chart(
        name="chart", title=t("Registered and closed by month"), unit=t("matters"), labels=months_as_labels([one.month for one in points], t.language),
        lines=(
            (t("bulletin.chart.registered"), [one.registered for one in points]),
            (t("bulletin.chart.closed"), [one.closed for one in points]),
        ),
    )  # fmt: skip


def months_as_labels(months: Sequence[Period], language: str) -> list[Label]:
    """The lower axis of a picture: months, with the year below the first one and each January."""
    return [
        Label(
            at=n,
            words=write_month(month.first, language),
            short=write_month(month.first, language, alone=True),
            below=str(month.year) if n == 0 or month.month == 1 else "",
        )
        for n, month in enumerate(months)
    ]
