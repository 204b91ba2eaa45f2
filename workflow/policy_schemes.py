"""What must hold inside a scoring scheme: known measures and outcomes, weights that add up, each item with what its kind
needs and nothing else.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from workflow.marks import MEASURES
from workflow.policy import Scheme, SchemeItem
from workflow.policy_found import Entry, Found, Path, unknown

#: What each kind of item must say; what another kind says, it must not.
NEEDS = {"each": ("points",), "share": ("weight",), "target": ("weight", "target", "per_point")}
MAY = {"each": ("points", "cap"), "share": ("weight", "good"), "target": ("weight", "good", "target", "per_point")}
EVERY_KEY = ("points", "cap", "good", "weight", "target", "per_point")
#: Some published schemes count these. This program does not: petitioners are never counted against anyone (§18).
COUNTS_PETITIONERS = (
    "petitions", "repeat_petitions", "repeated_petitions", "higher_level_visits", "visits_to_capital", "joint_petitions",
)  # fmt: skip


def faults_of_scheme(entry: Entry) -> Iterator[Found]:
    file, path, scheme = entry
    if not scheme.floor <= scheme.base <= scheme.ceiling:
        yield Found(file=file, path=(*path, "base"), code="scheme.base_outside", value=str(scheme.base))
    if not scheme.all_items():
        yield Found(file=file, path=(*path, "id"), code="scheme.no_items", value=scheme.id)
    for index, item in enumerate(scheme.items):
        yield from _of_item(file, (*path, "items", index), item)
    for code, times in Counter(item.code for item in scheme.items).items():
        if times > 1:
            again = max(index for index, item in enumerate(scheme.items) if item.code == code)
            yield Found(file=file, path=(*path, "items", again, "code"), code="policy.defined_twice", value=code)
    yield from _of_weights(file, path, scheme)


def _of_item(file: str, path: Path, item: SchemeItem) -> Iterator[Found]:
    if item.measure in COUNTS_PETITIONERS:
        yield Found(file=file, path=(*path, "measure"), code="scheme.counts_petitioners", value=item.measure)
        return
    if item.measure not in MEASURES:
        yield unknown(file, (*path, "measure"), item.measure, MEASURES)
        return
    by_hand = item.measure == "by_hand"
    needed = () if by_hand and item.kind == "each" else NEEDS[item.kind]
    if item.kind != "each" and not by_hand:
        needed = (*needed, "good")
    for key in needed:
        if not _given(item, key):
            yield Found(file=file, path=path, code="scheme.item_needs", value=key)
    for key in EVERY_KEY:
        if _given(item, key) and key not in MAY[item.kind]:
            yield Found(file=file, path=(*path, key), code="scheme.item_may_not", value=key)
    outcomes = MEASURES[item.measure]
    for outcome in item.points:
        if outcome not in outcomes:
            yield unknown(file, (*path, "points", outcome), outcome, outcomes)
    for outcome in item.good:
        if outcome not in outcomes:
            yield unknown(file, (*path, "good"), outcome, outcomes)


def _given(item: SchemeItem, key: str) -> bool:
    value: Any = getattr(item, key)
    return value is not None and value != () and value != {}


def _of_weights(file: str, path: Path, scheme: Scheme) -> Iterator[Found]:
    total = sum((item.weight for item in scheme.items if item.weight is not None), Decimal(0))
    if total and scheme.weights is None:
        yield Found(file=file, path=(*path, "id"), code="scheme.weights_missing", value=f"{total:f}")
    elif (scheme.weights or Decimal(0)) != total:
        yield Found(file=file, path=(*path, "weights"), code="scheme.weights_do_not_add_up", value=f"{total:f}")
