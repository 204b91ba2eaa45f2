"""The bulletin in words: its lines as rows of a sheet, with one column for each compared period, and its footnotes.

The page, the files to download and the command line all take their words from here.
"""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain

from infra.i18n import write_month
from reports.bulletin.bulletin import BEGAN, BY_DISPUTE, PLAIN, SHARES, Bulletin
from reports.bulletin.crises import Hidden
from reports.bulletin.figures import ROWS, Breakdown, Value
from reports.bulletin.periods import Period
from reports.files.sheets import Cell
from workflow.model import Json

Say = Callable[[str], str]  #: a translator of one language (`infra.i18n.translator`)

#: The footnotes, in their order: how the figures are counted.
MEANS = ("counted", "mediation", "rate", "began", "performance", "petition", "crisis", "absent")
SECTIONS = (*dict.fromkeys(section for section, _ in PLAIN), "crisis", *ROWS)


def bulletin_codes() -> Iterator[str]:
    """Every code that is looked up here, for the check that both catalogues have it."""
    yield from (f"bulletin.section.{section}" for section in SECTIONS)
    yield from (f"bulletin.{code}" for code in (*(code for _, code in PLAIN), "crisis.registered"))
    yield from (f"bulletin.column.{column}" for column in (*BY_DISPUTE, "mediation", "petition"))
    yield from (f"bulletin.means.{code}" for code in MEANS)
    yield from (f"bulletin.hidden.{hidden.name.lower()}" for hidden in Hidden)
    yield from ("bulletin.head.section", "bulletin.head.figure")
    yield from ("bulletin.section.mark", "bulletin.mark.reopened_later", "bulletin.mark.changed")
    yield from (f"channel.{channel}" for channel in BEGAN)


def period_words(period: Period, language: str) -> str:
    """2026年3月; March 2026; for a year its number."""
    return write_month(period.first, language) if period.month else str(period)


def sheet_header(bulletin: Bulletin, say: Say, language: str) -> tuple[str, ...]:
    periods = (period_words(period, language) for period in bulletin.compared)
    return (say("bulletin.head.section"), say("bulletin.head.figure"), *periods)


def sheet_rows(bulletin: Bulletin, say: Say) -> Iterator[tuple[Cell, ...]]:
    """Every line, then every figure of the breakdowns, which are of the first period alone, and the marks; a share is per
    cent."""
    for line in bulletin.lines:
        values = (plain(value) for value in line.values)
        yield (say(f"bulletin.section.{line.section}"), say(f"bulletin.{line.code}"), *values)
    yield from chain.from_iterable(_rows_of(breakdown, bulletin, say) for breakdown in bulletin.breakdowns)
    for mark in mark_words(bulletin, say, day=date.isoformat, period=str):
        yield (say("bulletin.section.mark"), mark, *(None for _ in bulletin.compared))


def mark_words(
    bulletin: Bulletin, say: Say, *, day: Callable[[date], str], period: Callable[[Period], str]
) -> Iterator[str]:
    """What stands beside the figures: closings that count although the case was opened again later, and each figure that is
    not what it was when it was handed out."""
    for late in bulletin.reopened_later:
        yield say("bulletin.mark.reopened_later") % {"n": late.n, "day": day(late.on)}
    for one in bulletin.changes:
        yield say("bulletin.mark.changed") % {
            "period": period(one.period), "figure": _name(one.code, say), "day": day(one.handed_out_on),
            "then": _was(one.code, one.then), "now": _was(one.code, one.now),
        }  # fmt: skip


def _name(code: str, say: Say) -> str:
    """A figure by its name: a line, or a row and a column of a breakdown."""
    section, _, rest = code.partition(".")
    if section not in ROWS:
        return say(f"bulletin.{code}")
    row, column = rest.rsplit(".", 1)
    return f"{row_words(section, row, say)} · {say(f'bulletin.column.{column}')}"


def _was(code: str, figure: Json) -> str:
    """A share of nothing has no figure; a count of nothing is none."""
    return str(figure) if figure is not None else "—" if code in SHARES else "0"


def _rows_of(breakdown: Breakdown, bulletin: Bulletin, say: Say) -> Iterator[tuple[Cell, ...]]:
    empty = (None,) * (len(bulletin.compared) - 1)
    for code, values in breakdown.rows:
        for column, value in zip(breakdown.columns, values, strict=True):
            figure = f"{row_words(breakdown.section, code, say)} · {say(f'bulletin.column.{column}')}"
            yield (say(f"bulletin.section.{breakdown.section}"), figure, value, *empty)


def row_words(section: str, code: str, say: Say) -> str:
    return say(f"{section}.{code}")


def plain(value: Value) -> Cell:
    """A figure as a cell: a number, a sign for one that is not told, or nothing for a share of nothing."""
    return value.value if isinstance(value, Hidden) else value
