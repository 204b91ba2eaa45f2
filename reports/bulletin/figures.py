"""The figures of a bulletin as values, and by name, as a hand-out keeps them to be compared with later (`handed_out.py`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from reports.bulletin.crises import Hidden
from reports.bulletin.periods import Period
from workflow.model import Json

#: The breakdowns by type of dispute, by channel, by kind of matter.
ROWS = ("dispute", "channel", "matter")

Value = Decimal | int | Hidden | None  #: None: a share of nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure for each compared period. `share` is per cent, `yuan` money, `small` may be hidden, else a count."""

    section: str
    code: str
    kind: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The period's counts by channel or by type of dispute: one row a code, one figure a column."""

    section: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPoint:
    month: Period
    registered: int
    closed: int


def named_lines(lines: Iterable[Line], place: int) -> dict[str, Json]:
    """The figures of one compared period by the codes of their lines, as JSON holds them. Not those of crises: of a
    hidden figure the difference must stay hidden too."""
    return {line.code: _plain(line.values[place]) for line in lines if line.kind != "small"}


def named_rows(breakdowns: Iterable[Breakdown]) -> dict[str, Json]:
    """The figures of the breakdowns, `dispute.10.accepted`; what is nothing is left out."""
    return dict(_rows(breakdowns))


def _rows(breakdowns: Iterable[Breakdown]) -> Iterator[tuple[str, Json]]:
    for one in breakdowns:
        for code, values in one.rows:
            yield from (
                (f"{one.section}.{code}.{column}", n) for column, n in zip(one.columns, values, strict=True) if n
            )


def differing(then: Mapping[str, Json], now: Mapping[str, Json], *, rows: bool) -> Iterator[tuple[str, Json, Json]]:
    """Each figure that is not what it was, with both: of the lines that both have, and of `rows` too if that is asked."""
    for code in dict.fromkeys((*now, *then)):
        compared = rows if code.split(".")[0] in ROWS else code in then and code in now
        if compared and (then.get(code) or 0) != (now.get(code) or 0):
            yield code, then.get(code), now.get(code)


def _plain(value: Value) -> Json:
    match value:
        case Hidden():
            return value.value
        case Decimal():
            return f"{value:f}"
    return value
