"""The pictures of a year as their page shows them, each with the figures of its table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cases.pictures import Ending, Months, Pictures
from infra.i18n import write_month
from reports.bulletin.periods import MONTHS, Period, month_of
from web.context import Context
from web.presenters.bulletin import months_as_labels
from web.presenters.charts import Chart, Label, bar_chart, line_chart, step_chart
from words import LIGHT_SHAPES, Words
from workflow.calendar import WorkCalendar
from workflow.model import Light

#: The days of the table below the curve, and of its lower axis.
DAYS = (7, 15, 30, 60, 90, 180)


@dataclass(frozen=True, slots=True, kw_only=True)
class StayRow:
    """`bar` and `mark` are shares of the longest, from 0 to 100: half of them, and nine in ten."""

    unit: str
    n: int
    half: str
    nine_in_ten: str
    bar: int
    mark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingRow:
    procedure: str
    looked_at: int
    ended: int
    half: str
    open_after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesPage:
    months: tuple[str, ...]
    lights: Chart
    by_light: tuple[tuple[int, int], ...]  #: yellow and red, a month
    flow: Chart
    by_flow: tuple[tuple[int, int, int], ...]  #: came, closed, settled, a month
    stays: tuple[StayRow, ...]
    hands: int
    endings: Chart | None
    ending_rows: tuple[EndingRow, ...]
    days: tuple[int, ...] = DAYS


def months_until(day: date) -> tuple[Period, ...]:
    """Twelve, the present one being the last."""
    present = month_of(day)
    return tuple(present.earlier(back) for back in range(MONTHS - 1, -1, -1))


def instants_of(months: tuple[Period, ...], calendar: WorkCalendar) -> Months:
    starts = tuple(calendar.start_of(month.first) for month in months)
    return Months(starts=starts, end=calendar.start_of(months[-1].after))


def pictures_page(
    found: Pictures, months: tuple[Period, ...], units: Mapping[int, str], ctx: Context
) -> PicturesPage:  # fmt: skip
    t, labels = Words(ctx.language), months_as_labels(months, ctx.language)
    longest = max((one.nine_in_ten for one in found.stays), default=0) or 1
    return PicturesPage(
        months=tuple(write_month(month.first, ctx.language) for month in months),
        lights=bar_chart(
            name="lights", title=t("pictures.lights"), unit=t("lights"), labels=labels,
            series=[
                (light.value, f"{LIGHT_SHAPES[light.value]} {t(f'light.{light.value}')}", found.lights[light])
                for light in (Light.YELLOW, Light.RED)
            ],
        ),
        by_light=tuple(zip(found.lights[Light.YELLOW], found.lights[Light.RED], strict=True)),
        flow=line_chart(
            name="flow", title=t("pictures.flow"), unit=t("matters"), labels=labels,
            lines=[
                (t("bulletin.chart.registered"), found.came), (t("bulletin.chart.closed"), found.closed),
                (t("pictures.settled"), found.settled),
            ],
        ),
        by_flow=tuple(zip(found.came, found.closed, found.settled, strict=True)),
        stays=tuple(
            StayRow(
                unit=units.get(one.unit, ""), n=one.n, half=_days(one.half, t), nine_in_ten=_days(one.nine_in_ten, t),
                bar=round(100 * one.half / longest), mark=round(100 * one.nine_in_ten / longest),
            )
            for one in found.stays
        ),
        hands=found.hands,
        endings=_endings(found.endings, t) if found.endings else None,
        ending_rows=tuple(
            EndingRow(
                procedure=t(f"procedure.{one.procedure}"), looked_at=one.looked_at, ended=one.ended,
                half="—" if one.half is None else _days(one.half, t),
                open_after=tuple(_share(one.open_after(days)) for days in DAYS),
            )
            for one in found.endings
        ),
    )  # fmt: skip


def _endings(found: tuple[Ending, ...], t: Words) -> Chart:
    last = max(one.curve[-1][0] for one in found)
    shown = [days for days in DAYS if days < last] or [DAYS[0]]
    labels = [Label(at=days, words=str(days), short=str(days)) for days in (0, *shown)]
    labels.append(Label(at=max(last, shown[-1] + 1), words="", short=""))
    says = " ".join(
        t("pictures.says", procedure=t(f"procedure.{one.procedure}"), days=days, share=_share(one.open_after(days)))
        for one in found
        for days in shown
    )
    lines = [(t(f"procedure.{one.procedure}"), one.curve) for one in found]
    return step_chart(name="endings", title=t("pictures.endings"), says=says, labels=labels, lines=lines)


def _days(days: float, t: Words) -> str:
    return t("pictures.days", n=f"{days:.1f}")


def _share(share: float | None) -> str:
    return "—" if share is None else f"{round(100 * share)}%"
