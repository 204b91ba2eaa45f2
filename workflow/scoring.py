"""Points from lights: which crossings of a year count, and for how much, each item naming its case, clock and event.

A deductive scheme counts the worst unwaived light of each clock; a red supersedes the yellow of the same clock. Only an
organ's own duties are counted: nothing here looks at who petitioned or how often. Source: `policies/scoring.toml`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from workflow.model import LIGHT_ORDER, AccountId, Light, UnitId
from workflow.policy import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class LitRung:
    """A crossing that lit: which clock of which case, when it came true, who held the case then, which event says so."""

    case_id: int
    clock: int
    rule: str
    light: Light
    occurred_at: datetime
    unit: UnitId
    person: AccountId | None
    event: int  #: the seq of the event in the case's stream
    waived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a sheet. `points` is zero for a light that was waived: it is shown, and not counted."""

    lit: LitRung
    points: Decimal


def items(lit: Iterable[LitRung], scheme: Scheme) -> tuple[Item, ...]:
    """The worst light of each clock with its points, in the order in which they lit."""
    worst: dict[tuple[int, int], LitRung] = {}
    for one in lit:
        key = (one.case_id, one.clock)
        if key not in worst or _weight(one) > _weight(worst[key]):
            worst[key] = one
    cost = {Light.YELLOW: Decimal(scheme.yellow), Light.RED: Decimal(scheme.red)}
    found = (Item(lit=one, points=Decimal(0) if one.waived else cost[one.light]) for one in worst.values())
    return tuple(sorted(found, key=lambda item: (item.lit.occurred_at, item.lit.case_id, item.lit.clock)))


def _weight(lit: LitRung) -> tuple[bool, int]:
    """A light that counts outweighs any that was waived; then the worse one."""
    return not lit.waived, LIGHT_ORDER[lit.light]


def total(points: Iterable[Item], scheme: Scheme) -> Decimal:
    """Base plus all points, held between floor and ceiling."""
    reached = scheme.base + sum((item.points for item in points), Decimal(0))
    return min(max(reached, Decimal(scheme.floor)), Decimal(scheme.ceiling))
