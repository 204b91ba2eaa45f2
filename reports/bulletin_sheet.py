"""The bulletin in words: its lines as rows of a sheet, with one column for each compared period, and its footnotes.

The page, the files to download and the command line all take their words from here.
"""

from collections.abc import Callable, Iterator
from itertools import chain

from infra.i18n import write_month
from reports.bulletin import BEGAN, BY_DISPUTE, PLAIN, Breakdown, Bulletin, Value
from reports.crises import Hidden
from reports.periods import Period
from reports.sheets import Cell

Say = Callable[[str], str]  #: a translator of one language (`infra.i18n.translator`)

#: The footnotes, in their order: how the figures are counted.
MEANS = ("counted", "mediation", "rate", "began", "performance", "petition", "crisis", "absent")
#: Where the words of a row of a breakdown are.
_ROWS = {"dispute": "dispute", "channel": "channel", "matter": "matter"}
SECTIONS = (*dict.fromkeys(section for section, _ in PLAIN), "crisis", *_ROWS)


def bulletin_codes() -> Iterator[str]:
    """Every code that is looked up here, for the check that both catalogues have it."""
    yield from (f"bulletin.section.{section}" for section in SECTIONS)
    yield from (f"bulletin.{code}" for code in (*(code for _, code in PLAIN), "crisis.registered"))
    yield from (f"bulletin.column.{column}" for column in (*BY_DISPUTE, "mediation", "petition"))
    yield from (f"bulletin.means.{code}" for code in MEANS)
    yield from (f"bulletin.hidden.{hidden.name.lower()}" for hidden in Hidden)
    yield from ("bulletin.head.section", "bulletin.head.figure")
    yield from (f"channel.{channel}" for channel in BEGAN)


def period_words(period: Period, language: str) -> str:
    """2026年3月; March 2026; for a year its number."""
    return write_month(period.first, language) if period.month else str(period)


def sheet_header(bulletin: Bulletin, say: Say, language: str) -> tuple[str, ...]:
    periods = (period_words(period, language) for period in bulletin.compared)
    return (say("bulletin.head.section"), say("bulletin.head.figure"), *periods)


def sheet_rows(bulletin: Bulletin, say: Say) -> Iterator[tuple[Cell, ...]]:
    """Every line, then every figure of the breakdowns, which are of the first period alone; a share is per cent."""
    for line in bulletin.lines:
        values = (plain(value) for value in line.values)
        yield (say(f"bulletin.section.{line.section}"), say(f"bulletin.{line.code}"), *values)
    yield from chain.from_iterable(_rows_of(breakdown, bulletin, say) for breakdown in bulletin.breakdowns)


def _rows_of(breakdown: Breakdown, bulletin: Bulletin, say: Say) -> Iterator[tuple[Cell, ...]]:
    empty = (None,) * (len(bulletin.compared) - 1)
    for code, values in breakdown.rows:
        for column, value in zip(breakdown.columns, values, strict=True):
            figure = f"{row_words(breakdown.section, code, say)} · {say(f'bulletin.column.{column}')}"
            yield (say(f"bulletin.section.{breakdown.section}"), figure, value, *empty)


def row_words(section: str, code: str, say: Say) -> str:
    return say(f"{_ROWS[section]}.{code}")


def plain(value: Value) -> Cell:
    """A figure as a cell: a number, a sign for one that is not told, or nothing for a share of nothing."""
    return value.value if isinstance(value, Hidden) else value
