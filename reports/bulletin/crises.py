"""How many crises a published statistic may tell of without pointing at anybody.

A crisis (somebody who is about to harm themselves, say) may be so rare that its number, or the difference between two
numbers, is a person. So crises are in no other figure of the bulletin: not in a total, a type, a channel or the line by
months. They have one figure, and for it holds:

- *The whole office only.* A room's number could be taken from that of the centre above it.
- *Only of what is over.* Of a month that is still going on, today's number less yesterday's is the crisis of today.
- *Fewer than five are told as "<5"*, none at all among them.
- *The complementary cell.* Of a year whose other months are told, the rest must not be told either when it is between one
  and four: the year is told as "≥5" then.

Source: 精神卫生法 §4 (secrecy of patients); the usual rule of statistical offices for small and complementary cells.
"""

from collections.abc import Sequence
from enum import StrEnum

from cases.office import OfficeContext

FEWEST_TOLD = 5
#: The kind of matter whose profiles are counted so.
SENSITIVE = "crisis"


def profiles_of_crises(office: OfficeContext) -> frozenset[str]:
    return frozenset(profile.id for profile in office.policy.profiles.values() if profile.matter == SENSITIVE)


class Hidden(StrEnum):
    """What stands in the place of a figure that is not told."""

    SMALL = "<5"
    REST_IS_SMALL = "≥5"
    WITHHELD = "×"  #: not of a unit, and not of what is still going on


def told_of_month(count: int) -> int | Hidden:
    return count if count >= FEWEST_TOLD else Hidden.SMALL


def told_of_year(by_month: Sequence[int]) -> int | Hidden:
    """The year's figure, given that each of its months is told by `told_of_month`."""
    total = sum(by_month)
    rest = sum(count for count in by_month if count < FEWEST_TOLD)
    if total < FEWEST_TOLD:
        return Hidden.SMALL
    return Hidden.REST_IS_SMALL if 0 < rest < FEWEST_TOLD else total
