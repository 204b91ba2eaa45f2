"""Who sees which case, said once more in plain words: from the access matrix, without the program and without SQL.

It walks from unit to unit by `parent`, one at a time, and looks at one person and one case; the program keeps every unit above
each and asks the database for all cases at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """An account, or with the role of a petitioner whoever came with the code of `case`."""

    account: int | None
    role: str
    unit: int | None
    case: int | None = None
    absent: int | None = None  #: in whose place a deputy asks; role and unit are then the absent one's


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What decides who sees a case. `serving` are its mediators and whoever else of the office takes part, as they are now,
    `recused` whoever must keep out of it."""

    id: int
    state: str
    intake_unit: int
    holder_unit: int
    holder_person: int | None
    is_closed: bool
    serving: frozenset[int]
    asked_units: frozenset[int]  #: who were asked for something and have not answered yet
    asked_people: frozenset[int]
    recused: frozenset[int]


def sees(asker: Asker, matter: Matter, *, parents: Mapping[int, int | None]) -> bool:
    if asker.role == "petitioner":
        return matter.id == asker.case
    if asker.account in matter.recused or asker.absent in matter.recused:
        return False
    takes_in = _is_at_or_below(matter.intake_unit, asker.unit, parents)
    holds = _is_at_or_below(matter.holder_unit, asker.unit, parents)
    asked = any(_is_at_or_below(one, asker.unit, parents) for one in matter.asked_units)
    return {
        "clerk": takes_in or asked,
        "coordinator": takes_in or holds or asked,
        "supervisor": takes_in or holds or asked,
        "assessor": holds,
        "auditor": holds,
        "mediator": _is_of_the_mediator(asker, matter),
        "administrator": False,
    }[asker.role]


def _is_of_the_mediator(asker: Asker, matter: Matter) -> bool:
    """The own ones, those that they were asked for something about, and those that wait in the own unit, not one above or below it, for somebody to take them."""
    behind = {one for one in (asker.account, asker.absent) if one is not None}
    own = any(one == matter.holder_person or one in matter.serving | matter.asked_people for one in behind)
    waits = matter.holder_person is None and not matter.is_closed and matter.state in ("dispatched", "handling")
    return own or (waits and matter.holder_unit == asker.unit)


def _is_at_or_below(unit: int, other: int | None, parents: Mapping[int, int | None]) -> bool:
    here: int | None = unit
    while here is not None:
        if here == other:
            return True
        here = parents[here]
    return False
