"""What an office's policy data says: rules, ladders, profiles, calendars, scoring schemes.

Numbers live in `policies/**/*.toml`, each with a source and a confidence (S: statute read, L: local rule read, K: to be
verified by the office). How files are read and what can be wrong with them is in `policy_files.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from annotated_types import Gt, Le
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from workflow.calendar import WorkCalendar
from workflow.model import Clock, Kind, Roll, Unit
from workflow.policy_rules import (
    STRICT,
    Confidence,
    Day,
    Ladder,
    Name,
    Rule,
    Source,
    Whole,
    Yes,
)

#: A figure of a scheme: exact, and of a size that a person can check.
Figure = Annotated[Decimal, Field(max_digits=9, decimal_places=4)]
Positive = Annotated[Figure, Gt(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which rule each named clock of a procedure has here. A clock that is not named does not run.

    `matter` is what an intake desk calls such a case (mediation, petition, hotline, enterprise, ...). `knows` are rules
    that belong to the field without being started by a step: they can be looked up and counted by hand.
    `returns` is the rule within which a matter may be returned to whoever sent it. `intake_cutoff` (local time) is for units
    that sign for orders only in office hours: what comes in later, or on a day off, counts as received on the next working
    day.
    """

    id: str
    procedure: str
    series: str
    ladder: str
    source: str
    matter: str
    zh: str
    en: str
    clocks: Mapping[str, str]
    knows: tuple[str, ...] = ()
    returns: str | None = None
    intake_cutoff: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """One year's notice. `provisional` marks a year known only from the law on holidays. A regional calendar `extends`
    the national one: its days win over those of the same date there."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Name
    year: Whole
    source: Source
    off: tuple[Day, ...]
    work: tuple[Day, ...]
    zone: str | None = None
    extends: str | None = None
    provisional: Yes = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeItem:
    """One line of a scheme: a measure of `workflow/marks.py`, and what its outcomes are worth.

    `each`: `points` for each mark of an outcome, all together no further from zero than `cap`. `share`: `weight` times
    the share of `good` outcomes. `target`: `weight`, less `per_point` for each whole percentage point that the share
    stays below `target`, never below zero. There is no other arithmetic. Figures are written as text: "-0.5".
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    code: Name
    zh: str
    en: str
    kind: Literal["each", "share", "target"]
    measure: str
    points: Mapping[str, Figure] = field(default_factory=dict)
    cap: Positive | None = None
    good: tuple[str, ...] = ()
    weight: Positive | None = None
    target: Annotated[Positive, Le(100)] | None = None
    per_point: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How a year is scored: from `base`, by its items, held between `floor` and `ceiling`.

    The weights of its items add up to `weights`; the weight of an item that has no data is spread over the others. Short
    form of a scheme that only takes points off for lights: `yellow` and `red` instead of `items`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Name
    source: Source
    confidence: Confidence
    base: Whole
    floor: Whole
    ceiling: Whole
    zh: str = ""
    en: str = ""
    weights: Positive | None = None
    items: tuple[SchemeItem, ...] = ()
    yellow: Figure | None = None
    red: Figure | None = None

    def all_items(self) -> tuple[SchemeItem, ...]:
        """The items, those of the short form too."""
        short = {name: cost for name, cost in (("yellow", self.yellow), ("red", self.red)) if cost is not None}
        if not short:
            return self.items
        lights = SchemeItem(code="lights", zh="", en="", kind="each", measure="light", points=short)
        return (lights, *self.items)


def a_day_of_any_year(text: str) -> str:
    """A month and a day that every year has. Raises `ValueError`."""
    month, day = (int(part) for part in text.split("-"))
    date(2001, month, day)  # no leap year
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealRule:
    """How long a unit may appeal against a light (working days after the day it lit), and the day of the next year on
    which a year is to be closed, as month and day."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    source: Source
    confidence: Confidence
    working_days: Annotated[Whole, Gt(0), Le(60)]
    decide_working_days: Annotated[Whole, Gt(0), Le(60)]
    close_on: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}-[0-9]{2}$"), AfterValidator(a_day_of_any_year)]

    def last_day(self, known_at: datetime, calendar: WorkCalendar) -> date:
        """The last local day on which a light may be appealed against that became known at an instant: nobody can appeal
        against what nobody knows (a letter registered late, a light that was noticed late)."""
        return calendar.nth_working_day_after(calendar.local_day(known_at), self.working_days)


#: What an office has whose policy was published before appeals were part of it.
USUAL_APPEAL = AppealRule(source="design", confidence="K", working_days=5, decide_working_days=5, close_on="01-15")


@dataclass(frozen=True, kw_only=True)
class CasePolicy:
    """The policy as one case sees it: its profile, the calendar, and the version that new clocks are stamped with.

    A running clock keeps the rule and the ladder of the version it started under; days are always those of the present
    calendar, because a calendar says what days there are and not what is owed.
    """

    version: str
    profile: Profile
    rules: Mapping[str, tuple[Rule, ...]]  #: in the order of their dates
    ladders: Mapping[str, Ladder]
    calendar: WorkCalendar
    appeal: AppealRule = USUAL_APPEAL
    earlier: Mapping[str, "Policy"] = field(default_factory=dict, repr=False, compare=False)

    def rule(self, name: str, *, on: date) -> Rule | None:
        """The rule that a named clock has when it starts on a day; None if this profile leaves the clock out."""
        rule_id = self.profile.clocks.get(name)
        return rule_on(self.rules, rule_id, on) if rule_id else None

    def return_rule(self, *, on: date) -> Rule | None:
        """The rule within which a matter that came in on a day may be returned; None if the profile names none."""
        return rule_on(self.rules, self.profile.returns, on) if self.profile.returns else None

    def deemed_received(self, at: datetime, rule: Rule) -> datetime:
        """The instant a duty in days is counted from: `at`, or 00:00 of the next working day after the intake cut-off."""
        cutoff, day = self.profile.intake_cutoff, self.calendar.local_day(at)
        if cutoff is None or rule.kind is not Kind.DUTY or rule.unit in (Unit.MINUTE, Unit.HOUR):
            return at
        if self.calendar.is_working_day(day) and self.calendar.local_time(at) < cutoff:
            return at
        return self.calendar.start_of(self.calendar.nth_working_day_after(day, 1))

    def of(self, clock: Clock) -> "CasePolicy":
        """This policy as the clock sees it: rules and ladders of the version it started under, if that is another."""
        if clock.policy == self.version or clock.policy not in self.earlier:
            return self
        before = self.earlier[clock.policy]
        profile = before.profiles.get(self.profile.id, self.profile)
        return replace(self, version=clock.policy, profile=profile, rules=before.rules, ladders=before.ladders)

    def rule_of(self, clock: Clock) -> Rule:
        """The rule that a clock runs under. Raises `KeyError` for a rule that its version does not have."""
        return rule_on(self.of(clock).rules, clock.rule, self.calendar.local_day(clock.started_at))

    def ladder_of(self, rule: Rule) -> Ladder:
        return self.ladders[rule.ladder or self.profile.ladder]


def rule_on(rules: Mapping[str, tuple[Rule, ...]], rule_id: str, day: date) -> Rule:
    """The version of a rule in force on a day. Before the first and after the last the nearest one counts: a matter
    without any time limit would be worse than one under the old one."""
    found = rules[rule_id]
    return next((rule for rule in reversed(found) if rule.effective_from <= day), found[0])


class NotInThePolicy(Exception):
    """What was named is not in the policy. Carries the name and those that are.

    NotInThePolicy   NoSuchScheme, NoSuchLadder, NoSuchProfile
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = tuple(known)


class NoSuchScheme(NotInThePolicy):
    """No year can be scored by it."""


class NoSuchLadder(NotInThePolicy):
    """Nothing can light by it."""


class NoSuchProfile(NotInThePolicy):
    """There never was such a profile, in this version or before."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All policy data of an office, checked: every name that one part uses, another part defines."""

    version: str
    rules: Mapping[str, tuple[Rule, ...]]
    ladders: Mapping[str, Ladder]
    profiles: Mapping[str, Profile]
    schemes: Mapping[str, Scheme]
    calendar: WorkCalendar
    appeal: AppealRule = USUAL_APPEAL
    earlier: Mapping[str, "Policy"] = field(default_factory=dict, repr=False, compare=False)
    _views: dict[str, CasePolicy] = field(default_factory=dict, repr=False, compare=False)

    def for_profile(self, profile: str) -> CasePolicy:
        """The policy as a case of that profile sees it. A profile that this version has dropped goes on as the last
        version that had it, under the present calendar. Raises `NoSuchProfile`."""
        if profile not in self._views:
            self._views[profile] = self._view(profile)
        return self._views[profile]

    def _view(self, profile: str) -> CasePolicy:
        having = (policy for policy in (self, *reversed(list(self.earlier.values()))) if profile in policy.profiles)
        known = next(having, None)
        if known is None:
            raise NoSuchProfile(profile, self.profiles)
        return CasePolicy(
            version=known.version,
            profile=known.profiles[profile],
            rules=known.rules,
            ladders=known.ladders,
            calendar=self.calendar,
            appeal=self.appeal,
            earlier=self.earlier if known is self else {**self.earlier, self.version: self},
        )

    def scheme(self, name: str) -> Scheme:
        """Raises `NoSuchScheme`."""
        if name not in self.schemes:
            raise NoSuchScheme(name, self.schemes)
        return self.schemes[name]

    def ladder(self, name: str) -> Ladder:
        """Raises `NoSuchLadder`."""
        if name not in self.ladders:
            raise NoSuchLadder(name, self.ladders)
        return self.ladders[name]

    def rolls(self, rule_id: str) -> bool:
        """Whether the due date of a rule moves to the next working day."""
        return rule_id in self.rules and self.rules[rule_id][-1].roll is Roll.NEXT_WORKING_DAY

    def after(self, earlier: Mapping[str, "Policy"]) -> "Policy":
        """This policy with the versions that came before it, for the clocks that still run under them."""
        return replace(self, earlier=earlier, _views={})
