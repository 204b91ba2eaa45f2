"""What has become known of a closed year, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.numbers import case_number
from reports.years.addendum import Addendum
from reports.years.sheet_files import mark_words
from web.context import Context
from words import Words
from workflow.marks import Mark
from workflow.model import UnitId


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRow:
    number: str
    events: str
    no_longer: tuple[str, ...]
    now: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddendumView:
    """Only what concerns the units of the reader."""

    rows: tuple[LateRow, ...]
    difference: tuple[tuple[str, str], ...]


def show_addendum(found: Addendum, ctx: Context, units: Mapping[int, str]) -> AddendumView:
    words, mine = Words(ctx.language), ctx.actor.units
    rows = tuple(
        LateRow(
            number=case_number(ctx.office.short_name, *one.number),
            events=", ".join(f"#{seq}" for seq in one.events),
            no_longer=tuple(_said(mark, words) for mark in one.no_longer if mark.unit in mine),
            now=tuple(_said(mark, words) for mark in one.now if mark.unit in mine),
        )
        for one in found.late
        if any(mark.unit in mine for mark in (*one.no_longer, *one.now))
    )
    difference = tuple(
        (units[unit], f"{by:+f}") for unit, by in found.difference.items() if UnitId(unit) in mine
    )  # fmt: skip
    return AddendumView(rows=rows, difference=difference)


def _said(mark: Mark, words: Words) -> str:
    return f"{mark_words(mark, words)}{f' · {mark.rule}' if mark.rule else ''}"
