"""What the pictures of a year show: lights by month, how many matters come and go, how long a matter lies with each unit, and how long
it takes until matters end.

Every query begins in `visibility.py`, without the matters of crises, whose numbers are small enough to name somebody. Months are
counted in the database, which reads every matter of the year for it. What is looked at one by one is the newest so many, and the page
says how many.

Source of the curve: Kaplan and Meier (1958): matters that are still open count as long as they have been looked at, and not as ended.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func
from sqlalchemy import case as choose

from cases.assessment_tables import Mark as MarkRow
from cases.assessment_tables import of_light
from cases.tables import Agreement, Case, Custody
from cases.visibility import case, still_counts, visible_cases
from workflow.model import Actor, Light, UnitId

_agreement = Agreement.__table__.c  # type: ignore[attr-defined]
_custody = Custody.__table__.c  # type: ignore[attr-defined]
_mark = MarkRow.__table__.c  # type: ignore[attr-defined]
#: Changes of hands, and matters, that are looked at: the newest ones.
MOST_HANDS, MOST_MATTERS = 10_000, 5_000
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """The first instants of the months, in their order, and the end of the last one."""

    starts: tuple[datetime, ...]
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How long matters lay with a unit, in days: how often one did, and how long half of them and nine in ten did at most."""

    unit: UnitId
    n: int
    half: float
    nine_in_ten: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Of the matters of a procedure that share which is still open after so many days, falling: (days, share). `looked_at` came in,
    `ended` of them have ended; `half` is the day by which half have, if that was seen."""

    procedure: str
    looked_at: int
    ended: int
    curve: tuple[tuple[float, float], ...]

    @property
    def half(self) -> float | None:
        return next((days for days, share in self.curve if share <= 0.5), None)

    def open_after(self, days: float) -> float | None:
        """The share that is open after so many days; None where nobody has been looked at for so long."""
        if not self.curve or days > self.curve[-1][0]:
            return None
        return next((share for at, share in reversed(self.curve) if at <= days), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    lights: Mapping[Light, tuple[int, ...]]  #: a figure a month
    came: tuple[int, ...]
    closed: tuple[int, ...]
    settled: tuple[int, ...]  #: agreements on everything
    stays: tuple[Stay, ...]  #: the longest first
    hands: int  #: changes of hands that were looked at
    endings: tuple[Ending, ...]


def pictures(
    connection: Connection, months: Months, *, actor: Actor, now: datetime, without: Collection[str]
) -> Pictures:
    """`without`: profiles that are not counted."""

    def of(*columns: Any) -> Select[Any]:
        return visible_cases(actor, *columns).where(case.profile.not_in(sorted(without)))

    hands = _hands(connection, of, months)
    return Pictures(
        lights={light: _by_month(connection, _lit(of, light), _mark.at, months) for light in (Light.YELLOW, Light.RED)},
        came=_by_month(connection, of(case.id), case.registered_at, months),
        closed=_by_month(connection, of(case.id), case.closed_at, months),
        settled=_by_month(connection, _agreed(of), _agreement.effective_at, months),
        stays=tuple(sorted(_stays(hands), key=lambda one: (-one.half, one.unit))),
        hands=sum(map(len, hands.values())),
        endings=tuple(_endings(connection, of, months, now=now)),
    )


# -- by month -----------------------------------------------------------------------------------------------------------


def _by_month(connection: Connection, query: Select[Any], at: ColumnElement[Any], months: Months) -> tuple[int, ...]:
    """How many rows of the query have that instant in each month; counted where they are."""
    ends = (*months.starts[1:], months.end)
    place = choose(*((at < end, n) for n, end in enumerate(ends))).label("place")
    within = query.with_only_columns(place, func.count()).where(at >= months.starts[0], at < months.end)
    found = [0] * len(months.starts)
    for month, n in connection.execute(within.group_by(place)):
        found[month] = n
    return tuple(found)


def _lit(of: Any, light: Light) -> Select[Any]:
    """The worst lights of clocks, of this colour, that count."""
    query: Select[Any] = of(_mark.at).join_from(Case, MarkRow, _mark.case_id == case.id)
    return query.where(*of_light(light), _mark.ground.is_(None))


def _agreed(of: Any) -> Select[Any]:
    query: Select[Any] = of(_agreement.effective_at).join_from(Case, Agreement, _agreement.case_id == case.id)
    whole = case.outcome.in_(("settled.written", "settled.oral"))
    return query.where(whole, still_counts(_agreement.case_id, record=_agreement.number))


# -- how long -------------------------------------------------------------------------------------------------------------


def _hands(connection: Connection, of: Any, months: Months) -> dict[UnitId, list[float]]:
    """The days of every stay with a unit that has ended, in order; of a closed matter the last one ends with it."""
    until = func.coalesce(_custody.until_at, case.closed_at)
    query = (
        of(_custody.unit, _custody.from_at, _custody.until_at, case.closed_at)
        .join_from(Case, Custody, _custody.case_id == case.id)
        .where(until.is_not(None), until >= months.starts[0])
        .order_by(case.id.desc(), _custody.number.desc())
        .limit(MOST_HANDS)
    )
    found: dict[UnitId, list[float]] = {}
    for unit, begun, ended, closed in connection.execute(query):
        found.setdefault(UnitId(unit), []).append(max((ended or closed) - begun, timedelta()) / DAY)
    return {unit: sorted(days) for unit, days in found.items()}


def _stays(hands: Mapping[UnitId, Sequence[float]]) -> Iterator[Stay]:
    for unit, days in hands.items():
        yield Stay(unit=unit, n=len(days), half=_at_most(days, 0.5), nine_in_ten=_at_most(days, 0.9))


def _at_most(days: Sequence[float], share: float) -> float:
    """How long this share of them took at most."""
    return days[max(0, -(-int(share * 100) * len(days) // 100) - 1)]


def _endings(connection: Connection, of: Any, months: Months, *, now: datetime) -> Iterator[Ending]:
    query = of(case.procedure, case.received_at, case.closed_at).where(case.received_at >= months.starts[0])
    seen: dict[str, list[tuple[float, bool]]] = {}
    for procedure, came, closed in connection.execute(query.order_by(case.id.desc()).limit(MOST_MATTERS)):
        days = max((closed or now) - came, timedelta()) / DAY
        seen.setdefault(procedure, []).append((days, closed is not None))
    for procedure, matters in sorted(seen.items()):
        ended = sum(closed for _, closed in matters)
        yield Ending(procedure=procedure, looked_at=len(matters), ended=ended, curve=tuple(survival(matters)))


def survival(matters: Sequence[tuple[float, bool]]) -> Iterator[tuple[float, float]]:
    """Kaplan and Meier's curve of (days, whether it ended then): the share that is open from each day on at which something ended; at
    last the longest time that anything was looked at."""
    share, at_risk = 1.0, len(matters)
    ends, leaves = Counter[float](), Counter[float]()
    for days, ended in matters:
        (ends if ended else leaves)[days] += 1
    for days in sorted({*ends, *leaves}):
        if ends[days]:
            share *= 1 - ends[days] / at_risk
            yield days, share
        at_risk -= ends[days] + leaves[days]
    longest = max((days for days, _ in matters), default=0.0)
    if not ends[longest] and matters:
        yield longest, share
