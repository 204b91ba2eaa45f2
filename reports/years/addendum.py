"""What has become known of a closed year since it was closed: never counted in it, listed beside the next one.

A case that has moved since the cut-off is worked out twice, as it was then and as it is now; where its marks of that
year differ, both stand here with the events that came between.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, select

from cases.assessment_tables import YearClose, YearCutoff
from cases.history import histories
from ledger.chain import OFFICE_STREAM
from ledger.tables import StreamHead
from reports.years.closed_years import NotClosed, calendar_of_close, scheme_of
from workflow.marks import Mark, marks
from workflow.model import TIMERS, UnitId
from workflow.policy import Scheme
from workflow.scoring import score

_close = YearClose.__table__.c  # type: ignore[attr-defined]
_cutoff = YearCutoff.__table__.c  # type: ignore[attr-defined]
_head = StreamHead.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """One case of which more is known now: what was counted then and is not any more, and the other way round."""

    case_id: int
    number: tuple[str, int, int]
    events: tuple[int, ...]  #: since the cut-off
    no_longer: tuple[Mark, ...]
    now: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addendum:
    """`difference` is what the total of a unit would be today, less what it was closed with."""

    year: int
    late: tuple[Late, ...]
    difference: dict[UnitId, Decimal]


def addendum(connection: Connection, year: int) -> Addendum:
    """Everything learned since a year was closed. Raises `NotClosed`."""
    row = connection.execute(select(*_close).where(_close.year == year)).one_or_none()
    if row is None:
        raise NotClosed(year)
    calendar, scheme = calendar_of_close(row), scheme_of(row)
    moved = _moved(connection, year)
    before = {one.case_id: one for one in histories(connection, actor=TIMERS, cases=moved, closed_year=year)}
    late: list[Late] = []
    for history in histories(connection, actor=TIMERS, cases=moved):
        then = before.get(history.case_id)
        was = _of_year(marks(then, calendar), year) if then else []
        now = _of_year(marks(history, calendar), year)
        if was != now:
            since = range((then.seq if then else 0) + 1, history.seq + 1)
            late.append(
                Late(
                    case_id=history.case_id,
                    number=history.number,
                    events=tuple(since),
                    no_longer=tuple(mark for mark in was if mark not in now),
                    now=tuple(mark for mark in now if mark not in was),
                )
            )
    return Addendum(year=year, late=tuple(late), difference=_difference(row.result, late, scheme))


def _moved(connection: Connection, year: int) -> list[int]:
    """The cases with events after the cut-off, new ones too."""
    query = (
        select(_head.stream)
        .outerjoin(YearCutoff, (_cutoff.year == year) & (_cutoff.stream == _head.stream))
        .where(_head.stream != OFFICE_STREAM, (_cutoff.seq.is_(None)) | (_cutoff.seq < _head.seq))
    )
    return list(connection.execute(query).scalars())


def _of_year(found: Iterable[Mark], year: int) -> list[Mark]:
    return [mark for mark in found if mark.year == year]


def _difference(result: str, late: list[Late], scheme: Scheme) -> dict[UnitId, Decimal]:
    closed = {unit["unit"]: unit for unit in json.loads(result)["units"]}
    change: dict[int, Counter[tuple[str, str]]] = {}
    for one in late:
        for marks_, by in ((one.no_longer, -1), (one.now, 1)):
            for mark in marks_:
                change.setdefault(mark.unit, Counter())[mark.measure, mark.outcome] += by
    found: dict[UnitId, Decimal] = {}
    for unit, own in sorted(change.items()):
        was = closed.get(unit)
        counts: Counter[tuple[str, str]] = Counter(
            {tuple(key.split(".", 1)): n for key, n in was["counts"].items()} if was else {}
        )
        before = score(counts, scheme).total
        counts.update(own)
        after = score(counts, scheme).total
        found[UnitId(unit)] = (after or Decimal(0)) - (before or Decimal(0))
    return found
