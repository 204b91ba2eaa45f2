"""Points from marks: what each item of a scheme comes to for the counts of a unit, a person or a whole level, and the sum
that anyone can add up again.

All arithmetic is exact; each line is rounded once, to hundredths, half away from zero, and the total is the sum of the
lines as they are shown. Source: the schemes themselves (`policies/scoring/`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from workflow.model import LIGHT_ORDER, AccountId, Light, UnitId
from workflow.policy import Scheme, SchemeItem

#: How many marks there are, by measure and outcome.
Counts = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one item comes to. `points` None: there is no data, it is not assessed. `n` of `of` outcomes were good, or for
    an item with points for each, `n` marks had any."""

    item: SchemeItem
    n: int
    of: int
    points: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The lines of a sheet and their sum; `total` None: nothing of a scheme of weights could be assessed."""

    base: Decimal
    lines: tuple[Line, ...]
    total: Decimal | None


def score(counts: Counts, scheme: Scheme) -> Score:
    """The score of these counts. The weight of items without data is spread over the others in proportion."""
    items = scheme.all_items()
    weighted = [item for item in items if item.weight is not None]
    assessed = sum((Fraction(item.weight or 0) for item in weighted if _of(counts, item)), Fraction(0))
    spread = Fraction(scheme.weights or 0) / assessed if assessed else Fraction(0)
    lines = tuple(_line(counts, item, spread) for item in items)
    if weighted and not assessed:
        return Score(base=Decimal(scheme.base), lines=lines, total=None)
    reached = scheme.base + sum((line.points for line in lines if line.points is not None), Decimal(0))
    held = min(max(reached, Decimal(scheme.floor)), Decimal(scheme.ceiling))
    return Score(base=Decimal(scheme.base), lines=lines, total=held)


def _line(counts: Counts, item: SchemeItem, spread: Fraction) -> Line:
    if item.kind == "each":
        found = {outcome: counts.get((item.measure, outcome), 0) for outcome in item.points}
        points = None if item.measure == "by_hand" else rounded(_capped(item, found))
        return Line(item=item, n=sum(found.values()), of=_of(counts, item), points=points)
    of = _of(counts, item)
    n = sum(counts.get((item.measure, outcome), 0) for outcome in item.good)
    value = _worth(item, Fraction(n, of)) * spread if of else None
    return Line(item=item, n=n, of=of, points=None if value is None else rounded(value))


def _of(counts: Counts, item: SchemeItem) -> int:
    return sum(n for (measure, _), n in counts.items() if measure == item.measure)


def _capped(item: SchemeItem, found: Mapping[str, int]) -> Fraction:
    value = sum((Fraction(item.points[outcome]) * n for outcome, n in found.items()), Fraction(0))
    if item.cap is None:
        return value
    cap = Fraction(item.cap)
    return min(max(value, -cap), cap)


def _worth(item: SchemeItem, share: Fraction) -> Fraction:
    """What a share earns before any spreading. A percentage point counts when it is wholly missing."""
    assert item.weight is not None, "checked: such an item has a weight"
    weight = Fraction(item.weight)
    if item.kind == "share":
        return weight * share
    assert item.target is not None, "checked"
    assert item.per_point is not None, "checked"
    short = (Fraction(item.target) - share * 100).__floor__()
    return max(weight - max(short, 0) * Fraction(item.per_point), Fraction(0))


def rounded(value: Fraction) -> Decimal:
    """To hundredths, half away from zero; never a negative zero."""
    doubled = abs(value) * 200  # half a hundredth is one
    hundredths = (doubled + 1).__floor__() // 2
    return Decimal(-hundredths if value < 0 else hundredths).scaleb(-2) + 0


def points_of_lights(scheme: Scheme) -> dict[Light, Decimal]:
    """What one light of each colour costs under the scheme, before any cap."""
    found = dict.fromkeys(LIGHT_ORDER, Decimal(0))
    for item in scheme.all_items():
        if item.measure == "light" and item.kind == "each":
            for outcome, points in item.points.items():
                found[Light(outcome)] += points
    return found


def of_lights(lights: Iterable[Light], scheme: Scheme) -> Decimal:
    """What these lights cost together, before floor and ceiling."""
    cost = points_of_lights(scheme)
    return sum((cost[light] for light in lights), Decimal(0))


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
    cost = points_of_lights(scheme)
    found = (Item(lit=one, points=Decimal(0) if one.waived else cost[one.light]) for one in worst.values())
    return tuple(sorted(found, key=lambda item: (item.lit.occurred_at, item.lit.case_id, item.lit.clock)))


def _weight(lit: LitRung) -> tuple[bool, int]:
    """A light that counts outweighs any that was waived; then the worse one."""
    return not lit.waived, LIGHT_ORDER[lit.light]
