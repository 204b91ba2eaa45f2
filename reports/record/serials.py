"""Whether every number of every series is accounted for: what became of it, which are missing, which were never issued.

Numbers are issued in the case's own transaction, so that a gap means that a case has gone, and a number beyond the last
one issued that a case has come in by another door. Neither happens by itself.

- *open*: the case is not closed, or was opened again. *closed*: it ended with an answer, an agreement or its termination.
- *merged*: found to be a duplicate. *void*: out of scope, or returned with the sender's consent. *not accepted*: refused.
- *elsewhere*: of cases that the asker may not see, one count a series and never a number. A gap is a number that no case
  has, whoever may see it, and is named.

A series is counted whole, also one that holds crises: that a number exists is no secret, statistics are `bulletin.py`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, func, or_, select
from sqlalchemy import case as choose

from cases.tables import Series
from cases.visibility import all_numbers, case, visible_cases
from workflow.model import NOT_OURS, Actor

_series = Series.__table__.c  # type: ignore[attr-defined]

#: What becomes of a number, in the order of the table.
FATES = ("open", "closed", "merged", "void", "not_accepted")
#: A series from which half is missing is told by its count; more ranges than this nobody reads.
RANGES_NAMED = 200


class Range(NamedTuple):
    """Serials from the first to the last, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesYear:
    """One series in one year. Every number from 1 to `last` is one of a fate, elsewhere, or missing."""

    series: str
    year: int
    last: int  #: the last number issued; 0 if none ever was
    open: int
    closed: int
    merged: int
    void: int
    not_accepted: int
    elsewhere: int
    missing: int
    gaps: tuple[Range, ...]  #: the missing numbers, at most `RANGES_NAMED` ranges
    beyond: int  #: cases whose number was never issued
    strays: tuple[Range, ...]  #: the numbers of those the asker may see

    @property
    def complete(self) -> bool:
        return not self.missing and not self.beyond


class _Key(NamedTuple):
    series: str
    year: int


class _Whole(NamedTuple):
    """The numbers of a series that cases have: all, those that were issued, and the highest of those."""

    cases: int = 0
    issued: int = 0
    highest: int = 0


def serial_completeness(connection: Connection, *, actor: Actor, year: int | None = None) -> tuple[SeriesYear, ...]:
    """Every series of every year, or of one, by year and series. Four statements, and two more for a series that is not
    complete. To be read in one transaction (`infra.db.reading`), or a case that is just being opened looks like a gap."""
    last = _last_issued(connection, year)
    whole = _whole(connection, year)
    fates = _fates(connection, actor, year)
    found = []
    for key in sorted({*last, *whole}, key=lambda key: (key.year, key.series)):
        issued, mine, all_of_it = last.get(key, 0), fates[key], whole.get(key, _Whole())
        beyond, missing = all_of_it.cases - all_of_it.issued, issued - all_of_it.issued
        found.append(
            SeriesYear(
                series=key.series,
                year=key.year,
                last=issued,
                **{fate: mine.get(fate, 0) for fate in FATES},
                elsewhere=all_of_it.cases - sum(mine.values()),
                missing=missing,
                gaps=_gaps(connection, key, issued, all_of_it.highest) if missing else (),
                beyond=beyond,
                strays=_strays(connection, key, issued, actor) if beyond else (),
            )
        )
    return tuple(found)


def _last_issued(connection: Connection, year: int | None) -> dict[_Key, int]:
    query = select(_series.series, _series.year, _series.last)
    rows = connection.execute(query if year is None else query.where(_series.year == year))
    return {_Key(row.series, row.year): row.last for row in rows}


def _whole(connection: Connection, year: int | None) -> dict[_Key, _Whole]:
    numbers = all_numbers()
    number = numbers.c
    was_issued = and_(number.serial >= 1, number.serial <= func.coalesce(_series.last, 0))
    its_series = and_(_series.series == number.series, _series.year == number.year)
    query = (
        select(
            number.series,
            number.year,
            func.count().label("cases"),
            func.sum(cast(was_issued, Integer)).label("issued"),
            func.max(choose((was_issued, number.serial), else_=0)).label("highest"),
        )
        .join_from(numbers, Series, its_series, isouter=True)
        .group_by(number.series, number.year)
    )
    rows = connection.execute(query if year is None else query.where(number.year == year))
    return {_Key(row.series, row.year): _Whole(row.cases, row.issued, row.highest) for row in rows}


def _fates(connection: Connection, actor: Actor, year: int | None) -> Mapping[_Key, dict[str, int]]:
    """What became of the numbers of the cases that the actor may see."""
    query = visible_cases(actor, case.series, case.year, _fate().label("fate"), func.count().label("cases"))
    query = query.group_by(case.series, case.year, "fate")
    found: dict[_Key, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(query if year is None else query.where(case.year == year)):
        found[_Key(row.series, row.year)][row.fate] = row.cases
    return found


def _fate() -> ColumnElement[str]:
    return choose(
        (case.closed_at.is_(None), "open"),
        (case.outcome == f"{NOT_OURS}duplicate", "merged"),
        (case.outcome.like(f"{NOT_OURS}%"), "void"),
        (case.outcome.like("not_accepted.%"), "not_accepted"),
        else_="closed",
    )


def _gaps(connection: Connection, key: _Key, last: int, highest: int) -> tuple[Range, ...]:
    """Each number is laid beside the one before it, in the order of the index."""
    number = all_numbers().c
    pairs = (
        select(number.serial, func.lag(number.serial, 1, 0).over(order_by=number.serial).label("before"))
        .where(number.series == key.series, number.year == key.year, number.serial.between(1, last))
        .subquery()
    )
    query = select(pairs.c.before + 1, pairs.c.serial - 1).where(pairs.c.serial > pairs.c.before + 1)
    rows = connection.execute(query.order_by(pairs.c.serial).limit(RANGES_NAMED))
    found = [Range(first, until) for first, until in rows]
    if highest < last and len(found) < RANGES_NAMED:
        found.append(Range(highest + 1, last))
    return tuple(found)


def _strays(connection: Connection, key: _Key, last: int, actor: Actor) -> tuple[Range, ...]:
    query = visible_cases(actor, case.serial).where(
        case.series == key.series, case.year == key.year, or_(case.serial < 1, case.serial > last)
    )
    found: list[Range] = []
    for serial in connection.execute(query.order_by(case.serial).limit(RANGES_NAMED)).scalars():
        if found and serial == found[-1].last + 1:
            found[-1] = Range(found[-1].first, serial)
        else:
            found.append(Range(serial, serial))
    return tuple(found)
