"""What the policy files hold, and how they are read: rules, ladders, profiles, calendars, scoring schemes.

Numbers live in `policies/*.toml`, each with a source and a confidence (S: statute read, L: local rule read, K: to be
verified by the office). `parse` turns bytes into values or into errors that name file, key and the nearest known key;
reading the files is `infra/files.py`, phrasing an error is the catalogues'.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from annotated_types import Gt, MinLen
from pydantic import ConfigDict, TypeAdapter, ValidationError

from workflow.calendar import WorkCalendar
from workflow.model import Audience, Kind, Light, Roll, Unit

STRICT = ConfigDict(extra="forbid", str_min_length=1)
Confidence = Literal["S", "L", "K"]
Source = Annotated[str, MinLen(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Who may lengthen a clock, to which total length at most, and how often. None means: no limit in the rule."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    by: Literal["supervisor", "parties"]
    max_length: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRule:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    grounds: tuple[str, ...]
    max_days: Annotated[int, Gt(0)]
    needs_consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One time limit. `kind` says whose; only duties light and score."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: str
    length: Annotated[int, Gt(0)]
    unit: Unit
    kind: Kind
    source: Source
    confidence: Confidence
    effective_from: date
    effective_to: date | None = None
    roll: Roll = Roll.NONE
    ladder: str | None = None
    extension: Extension | None = None
    pause: PauseRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RungRule:
    """When a rung lights, relative to the count or to the due time.

    `at` is one of: `remaining` (the last ceil(n/share_of) units, at most `cap`, off below `min_units`; minutes and
    hours at two thirds), `half_of_remaining` (when half of those units are left), `due`, `after_due` (`working_days`
    later).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    code: str
    at: Literal["remaining", "half_of_remaining", "due", "after_due"]
    tell: tuple[Audience, ...] = ()
    light: Light | None = None
    share_of: int = 3
    cap: int = 10
    min_units: int = 3
    working_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: str
    source: Source
    confidence: Confidence
    rungs: Annotated[tuple[RungRule, ...], MinLen(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which rule each named clock of a procedure has here. A clock that is not named does not run."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: str
    procedure: str
    series: str
    ladder: str
    source: Source
    clocks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """One year's notice. `provisional` marks a year known only from the law on holidays."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: str
    zone: str
    year: int
    source: Source
    off: tuple[date, ...]
    work: tuple[date, ...]
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A deductive scheme: points a clock by its worst unwaived light of the year."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: str
    source: Source
    confidence: Confidence
    base: int
    floor: int
    ceiling: int
    yellow: str  #: decimal, for example "-0.5"
    red: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """Everything one file may hold; most hold one kind."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    rule: tuple[Rule, ...] = ()
    ladder: tuple[Ladder, ...] = ()
    profile: tuple[Profile, ...] = ()
    calendar: tuple[CalendarYear, ...] = ()
    scheme: tuple[Scheme, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFault:
    """What is wrong with one file: `code` is for the catalogues, `key` is the path inside the file."""

    file: str
    key: str
    code: str
    nearest: str | None = None


class PolicyIsWrong(Exception):
    """A policy file cannot be used. Carries every fault found."""

    def __init__(self, faults: tuple[PolicyFault, ...]) -> None:
        lines = (f"{f.file}: {f.key}: {f.code}" + (f" (nearest: {f.nearest})" if f.nearest else "") for f in faults)
        super().__init__("\n".join(lines))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePolicy:
    """The policy as one case sees it: its profile, the calendar, and the version that new clocks are stamped with."""

    version: str
    profile: Profile
    rules: Mapping[str, Rule]
    ladders: Mapping[str, Ladder]
    calendar: WorkCalendar

    def rule(self, name: str) -> Rule | None:
        """The rule of a named clock, or None if this profile leaves the clock out."""
        rule_id = self.profile.clocks.get(name)
        return self.rules[rule_id] if rule_id else None

    def ladder_of(self, rule: Rule) -> Ladder:
        return self.ladders[rule.ladder or self.profile.ladder]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All policy data of an office, checked: every name that one part uses, another part defines."""

    version: str
    rules: Mapping[str, Rule]
    ladders: Mapping[str, Ladder]
    profiles: Mapping[str, Profile]
    schemes: Mapping[str, Scheme]
    calendar: WorkCalendar
    _views: dict[str, CasePolicy] = field(default_factory=dict, repr=False, compare=False)

    def for_profile(self, profile: str) -> CasePolicy:
        if profile not in self._views:
            self._views[profile] = CasePolicy(
                version=self.version,
                profile=self.profiles[profile],
                rules=self.rules,
                ladders=self.ladders,
                calendar=self.calendar,
            )
        return self._views[profile]


_FILE: TypeAdapter[PolicyFile] = TypeAdapter(PolicyFile)
_KINDS: Mapping[str, type] = {
    "rule": Rule,
    "ladder": Ladder,
    "profile": Profile,
    "calendar": CalendarYear,
    "scheme": Scheme,
    "extension": Extension,
    "pause": PauseRule,
    "rungs": RungRule,
}


def parse(name: str, content: bytes) -> PolicyFile:
    """The values of one file. Raises `PolicyIsWrong` with every fault, each naming its key and the nearest known one."""
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyIsWrong((PolicyFault(file=name, key=str(error), code="policy.not_toml"),)) from error
    try:
        return _FILE.validate_python(raw)
    except ValidationError as error:
        raise PolicyIsWrong(tuple(_fault(name, raw, item) for item in error.errors())) from error


#: The faults of single values; everything else that validation finds is a value that the key does not take.
_UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")
_MISSING = ("missing", "missing_argument", "missing_keyword_only_argument", "string_too_short")


def _fault(name: str, raw: Mapping[str, Any], item: Any) -> PolicyFault:
    path = item["loc"]
    nearest, code = None, "policy.missing" if item["type"] in _MISSING else "policy.bad_value"
    if item["type"] in _UNKNOWN_KEY:
        code = "policy.unknown_key"
        parents = [part for part in path[:-1] if isinstance(part, str)]
        owner = _KINDS.get(parents[-1], PolicyFile) if parents else PolicyFile
        known = [one.name for one in fields(owner)]
        nearest = next(iter(get_close_matches(str(path[-1]), known, n=1, cutoff=0.0)), None)
    key = ".".join(_step(raw, path[: i + 1]) for i in range(len(path)))
    return PolicyFault(file=name, key=key, code=code, nearest=nearest)


def _step(raw: Any, path: tuple[Any, ...]) -> str:
    """The last step of a path, an index replaced by the id of the row it points at, so that a person can find it."""
    node = raw
    for part in path:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return str(path[-1])
    return str(node["id"]) if isinstance(path[-1], int) and isinstance(node, dict) and "id" in node else str(path[-1])


def policy_from(contents: Mapping[str, bytes], *, calendar: str) -> Policy:
    """The policy of all files. Raises `PolicyIsWrong` with the faults of every file that cannot be read."""
    parsed: dict[str, PolicyFile] = {}
    faults: list[PolicyFault] = []
    for name, content in sorted(contents.items()):
        try:
            parsed[name] = parse(name, content)
        except PolicyIsWrong as error:
            faults += error.faults
    if faults:
        raise PolicyIsWrong(tuple(faults))
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + contents[name] for name in sorted(contents)))
    return assemble(parsed, version=digest.hexdigest()[:12], calendar=calendar)


def assemble(files: Mapping[str, PolicyFile], *, version: str, calendar: str) -> Policy:
    """One policy out of all files. Raises `PolicyIsWrong` for doubled ids and for names that nothing defines."""
    faults: list[PolicyFault] = []

    def index(kind: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for file, content in files.items():
            for item in getattr(content, kind):
                if item.id in found:
                    faults.append(PolicyFault(file=file, key=f"{kind}.{item.id}", code="policy.defined_twice"))
                found[item.id] = item
        return found

    rules, ladders, profiles, schemes = index("rule"), index("ladder"), index("profile"), index("scheme")
    for file, content in files.items():
        used = [
            (f"profile.{p.id}.clocks.{clock}", rule, rules) for p in content.profile for clock, rule in p.clocks.items()
        ]
        used += [(f"profile.{p.id}.ladder", p.ladder, ladders) for p in content.profile]
        used += [(f"rule.{r.id}.ladder", r.ladder, ladders) for r in content.rule if r.ladder]
        for key, wanted, known in used:
            if wanted not in known:
                nearest = next(iter(get_close_matches(wanted, list(known), n=1, cutoff=0.0)), None)
                faults.append(
                    PolicyFault(file=file, key=f"{key} = {wanted}", code="policy.unknown_name", nearest=nearest)
                )
    years = [year for content in files.values() for year in content.calendar if year.id == calendar]
    if not years:
        faults.append(PolicyFault(file="calendars", key=calendar, code="policy.no_calendar"))
    if faults:
        raise PolicyIsWrong(tuple(faults))
    return Policy(
        version=version, rules=rules, ladders=ladders, profiles=profiles, schemes=schemes, calendar=_calendar(years)
    )


def _calendar(years: list[CalendarYear]) -> WorkCalendar:
    return WorkCalendar(
        name=years[0].id,
        zone=ZoneInfo(years[0].zone),
        off=frozenset(day for year in years for day in year.off),
        work=frozenset(day for year in years for day in year.work),
        published=frozenset(year.year for year in years if not year.provisional),
    )
