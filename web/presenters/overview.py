"""The overview as its page shows it: rows by unit and person, weeks by unit, days with their shares for the bars."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

from cases.numbers import case_number
from cases.overview import AGES, Overview, Whose
from infra.i18n import write_day, write_day_alone
from web.context import Context
from workflow.model import Light, UnitId

#: From so many red lights in a week on, a square is one shade darker.
SHADES = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRow:
    """Somebody, or a unit where nobody is named: their lights, and their matters by age. `found_by` is the question that
    leads to the list of these matters; `bars` are the shares of the longest row, one an age, as (from, width)."""

    unit: str
    person: str | None
    red: int
    yellow: int
    green: int
    matters: int
    by_age: tuple[int, ...]
    found_by: str | None
    bars: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitWeeks:
    """A unit with its red lights of each week: how many, and which shade the square has, from 0 to 4."""

    unit: str
    weeks: tuple[tuple[int, int], ...]
    all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAhead:
    """A working day: what turns yellow and red on it; shares of the highest day, from 0 to 100."""

    day: str
    yellow: int
    red: int
    yellow_share: int
    red_share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    public_id: str
    number: str
    why: str
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    rows: tuple[DeskRow, ...]
    red: int
    yellow: int
    matters: int
    ahead: tuple[DayAhead, ...]
    weeks: tuple[str, ...]
    reds: tuple[UnitWeeks, ...]
    waiting: tuple[WaitingRow, ...]
    ages: tuple[int, ...] = AGES


def overview_page(
    found: Overview, units: Mapping[int, str], accounts: Mapping[int, str], ctx: Context
) -> OverviewPage:  # fmt: skip
    most = max((one.matters for one in found.held.values()), default=0) or 1
    rows = [_row(whose, found, units, accounts, most) for whose in {*found.lights, *found.held}]
    rows.sort(key=lambda row: (-row.red, -row.yellow, row.unit, row.person or ""))
    highest = max((sum(lit.values()) for lit in found.ahead.values()), default=0) or 1
    return OverviewPage(
        rows=tuple(rows),
        red=sum(row.red for row in rows),
        yellow=sum(row.yellow for row in rows),
        matters=sum(row.matters for row in rows),
        ahead=tuple(
            DayAhead(
                day=write_day(day, ctx.language, today=ctx.today), yellow=lit[Light.YELLOW], red=lit[Light.RED],
                yellow_share=round(100 * lit[Light.YELLOW] / highest), red_share=round(100 * lit[Light.RED] / highest),
            )
            for day, lit in found.ahead.items()
        ),
        weeks=tuple(write_day_alone(monday, ctx.language) for monday in found.weeks),
        reds=tuple(sorted((_weeks(unit, found, units) for unit in found.reds), key=lambda one: (-one.all, one.unit))),
        waiting=tuple(
            WaitingRow(
                public_id=one.public_id, number=case_number(ctx.office.short_name, *one.number), why=one.why,
                holder=" · ".join(filter(None, (units.get(one.unit), accounts.get(one.person) if one.person else None))),
            )
            for one in found.waiting
        ),
    )  # fmt: skip


def _weeks(unit: UnitId, found: Overview, units: Mapping[int, str]) -> UnitWeeks:
    by_week = [found.reds[unit][monday] for monday in found.weeks]
    return UnitWeeks(
        unit=units.get(unit, ""), weeks=tuple((n, bisect_right(SHADES, n)) for n in by_week), all=sum(by_week)
    )


def _row(
    whose: Whose, found: Overview, units: Mapping[int, str], accounts: Mapping[int, str], most: int
) -> DeskRow:  # fmt: skip
    lights, held = found.lights.get(whose), found.held.get(whose)
    ages = held.by_age if held else (0,) * (len(AGES) + 1)
    ends = [round(100 * n / most) for n in accumulate(ages, initial=0)]
    return DeskRow(
        unit=units.get(whose.unit, ""),
        person=accounts.get(whose.person) if whose.person is not None else None,
        red=lights[Light.RED] if lights else 0,
        yellow=lights[Light.YELLOW] if lights else 0,
        green=lights[Light.GREEN] if lights else 0,
        matters=held.matters if held else 0,
        by_age=ages,
        found_by=f"show=open&handler={whose.person}" if whose.person is not None and held else None,
        bars=tuple((start, end - start) for start, end in pairwise(ends)),
    )
