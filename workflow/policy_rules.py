"""The rules of time as policy files write them: limits, extensions, pauses, ladders."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, MinLen
from pydantic import ConfigDict, Strict, StringConstraints

from workflow.model import Audience, Kind, Light, Roll, Unit

STRICT = ConfigDict(extra="forbid", str_min_length=1, str_strip_whitespace=True)
Confidence = Literal["S", "L", "K"]
Source = Annotated[str, MinLen(1)]
#: Names stand in lists that are separated by spaces, and in addresses.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Whole = Annotated[int, Strict()]  #: no text, no fraction and no yes is taken for a number
Day = Annotated[date, Strict()]
Yes = Annotated[bool, Strict()]
Length = Annotated[Whole, Gt(0)]
Ground = Literal[
    "measurement", "appraisal", "objective_limits", "expert_advice", "party_unable", "hearing", "suspected_sham",
    "force_majeure", "jurisdiction", "consent_awaited",
]  # fmt: skip
#: What a time limit is counted from, where the steps of a procedure leave a choice.
Event = Literal["receipt", "acceptance", "dispatch"]
#: Ten years in each unit. A slip of the keyboard must meet a limit where a rule names none.
LONGEST = {Unit.MONTH: 120, Unit.DAY: 3652, Unit.WORKING_DAY: 2500, Unit.HOUR: 87_660, Unit.MINUTE: 5_259_600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Who may lengthen a clock, to which total length at most, and how often. None means: no limit in the rule.

    `outside` is another body's decision about its own clock: nobody here grants it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    by: Literal["supervisor", "parties", "outside"]
    max_length: Length | None = None
    source: Source | None = None  #: of the longest length, where it is not the rule's own
    times: Annotated[Whole, Gt(0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRule:
    """On which grounds a clock may be paused, and for how many days at a time at most. A pause always has an end."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    grounds: Annotated[tuple[Ground, ...], MinLen(1)]
    max_days: Annotated[Whole, Gt(0)]
    needs_consent: Yes = False
    #: Those of the grounds on which a supervisor decides and of which the person is told, with measures and a date.
    approval: tuple[Ground, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One time limit as it is in force between two dates. `kind` says whose it is; only duties light and score.

    The same id may stand several times with dates that do not overlap: a clock takes the one of the day it starts on.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Name
    length: Length
    unit: Unit
    kind: Kind
    source: Source
    confidence: Confidence
    effective_from: Day
    effective_to: Day | None = None  #: the last day it is in force
    zh: str = ""
    en: str = ""
    starts_on: str = ""
    starts_on_en: str = ""
    on_expiry: str = ""
    roll: Roll = Roll.NONE
    counts_from: Event | None = None  #: None: from the event that is usual for the clock
    ladder: str | None = None
    extension: Extension | None = None
    pause: PauseRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyRung:
    """How a rung after the due time counts on clocks in minutes and hours: so many full lengths, then working days."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    lengths: Annotated[Whole, Ge(0)] = 0
    working_days: Annotated[Whole, Ge(0)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RungRule:
    """When a rung lights, relative to the count or to the due time.

    `at` is one of: `remaining` (the last n/share_of units, rounded as `rounding` says, at most `cap`, off below
    `min_units`; minutes and hours at two thirds), `half_of_remaining` (when half of those units are left),
    `last_working_day` (00:00 of the last working day that is not after the last day; minutes and hours at two thirds),
    `due`, `after_due` (`working_days` later; minutes and hours as `steady` says, if it says anything).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    code: str
    at: Literal["remaining", "half_of_remaining", "last_working_day", "due", "after_due"]
    tell: tuple[Audience, ...] = ()
    light: Light | None = None
    share_of: Annotated[Whole, Gt(0)] = 3
    rounding: Literal["up", "down"] = "up"
    cap: Annotated[Whole, Gt(0)] = 10
    min_units: Annotated[Whole, Gt(0)] = 3
    working_days: Annotated[Whole, Ge(0)] = 0
    steady: SteadyRung | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The rungs of a clock, in no particular order. A time limit that has been lengthened more than `red_after_extensions`
    times lights red at once, due or not."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Name
    source: Source
    confidence: Confidence
    rungs: Annotated[tuple[RungRule, ...], MinLen(1)]
    red_after_extensions: Annotated[Whole, Gt(0)] | None = None
