"""Points from marks: what each item of a scheme comes to for the counts of a unit, a person or a whole level, and the sum
that anyone can add up again.

All arithmetic is exact; each line is rounded once, to hundredths, half away from zero, and the total is the sum of the
lines as they are shown. Source: the schemes themselves (`policies/scoring/`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from workflow.model import LIGHT_ORDER, Light
from workflow.policy import Scheme, SchemeItem

#: How many marks there are, by measure and outcome.
Counts = Mapping[tuple[str, str], int]
HUNDREDTH = Decimal("0.01")


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
    items, measured = scheme.all_items(), _measured(counts)
    weighted = [item for item in items if item.weight is not None]
    assessed = tuple(item.weight for item in weighted if item.weight is not None and measured[item.measure])
    spread = _spread(scheme.weights or Decimal(0), assessed)
    lines = tuple(_line(counts, item, spread, of=measured[item.measure]) for item in items)
    if weighted and not assessed:
        return Score(base=Decimal(scheme.base), lines=lines, total=None)
    reached = scheme.base + sum((line.points for line in lines if line.points is not None), Decimal(0))
    held = min(max(reached, Decimal(scheme.floor)), Decimal(scheme.ceiling))
    return Score(base=Decimal(scheme.base), lines=lines, total=held)


def _line(counts: Counts, item: SchemeItem, spread: Fraction, *, of: int) -> Line:
    if item.kind == "each":
        found = {outcome: counts.get((item.measure, outcome), 0) for outcome in item.points}
        points = None if item.measure == "by_hand" else _capped(item, found)
        return Line(item=item, n=sum(found.values()), of=of, points=points)
    n = sum(counts.get((item.measure, outcome), 0) for outcome in item.good)
    return Line(item=item, n=n, of=of, points=_earned(item, n, of, spread) if of else None)


def _measured(counts: Counts) -> Counter[str]:
    """How many marks there are of each measure."""
    found: Counter[str] = Counter()
    for (measure, _), n in counts.items():
        found[measure] += n
    return found


@lru_cache(maxsize=1024)
def _spread(weights: Decimal, assessed: tuple[Decimal, ...]) -> Fraction:
    """By how much the weights of what is assessed grow; remembered, as `_exact` is."""
    return _exact(weights) / sum(map(_exact, assessed)) if assessed else Fraction(0)


@lru_cache(maxsize=1024)
def _exact(value: Decimal) -> Fraction:
    """Remembered: the same few numbers of a scheme for each sheet."""
    return Fraction(value)


def _capped(item: SchemeItem, found: Mapping[str, int]) -> Decimal:
    """So many points for each, rounded. Figures have four decimal places at most, so that no digit is lost."""
    value = sum((item.points[outcome] * n for outcome, n in found.items() if n), Decimal(0))
    held = value if item.cap is None else min(max(value, -item.cap), item.cap)
    return held.quantize(HUNDREDTH, rounding=ROUND_HALF_UP) + 0


def _earned(item: SchemeItem, n: int, of: int, spread: Fraction) -> Decimal:
    """What `n` good ones of `of` earn. A percentage point counts when it is wholly missing."""
    assert item.weight is not None, "checked: such an item has a weight"
    if item.kind == "share":
        whole = _exact(item.weight) * spread
        return _in_hundredths(whole.numerator * n, whole.denominator * of)
    assert item.target is not None, "checked"
    assert item.per_point is not None, "checked"
    short = (_exact(item.target) - Fraction(n, of) * 100).__floor__()
    return rounded(max(_exact(item.weight) - max(short, 0) * _exact(item.per_point), Fraction(0)) * spread)


def rounded(value: Fraction) -> Decimal:
    """To hundredths, half away from zero; never a negative zero."""
    points = _in_hundredths(abs(value.numerator), value.denominator)
    return -points + 0 if value < 0 else points


def _in_hundredths(part: int, of: int) -> Decimal:
    """The same of a fraction that is not below zero: half a hundredth more, cut off."""
    return Decimal((200 * part + of) // (2 * of)).scaleb(-2)


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
