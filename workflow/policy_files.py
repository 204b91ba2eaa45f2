"""Reads policy files: bytes become values, or faults that name file, line and key as a good compiler would.

Files come from `infra/files.py` (shipped) or from the record (published); phrasing a fault is the catalogues'. Nothing is
half-read: one fault anywhere, and there is no policy.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, time
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Strict, TypeAdapter, ValidationError

from workflow.policy import AppealRule, CalendarYear, Policy, Scheme, SchemeItem
from workflow.policy_checks import PARTS, Parts, assembled
from workflow.policy_found import Found
from workflow.policy_lines import column_of, line_of, lines_of
from workflow.policy_rules import STRICT, Extension, Ladder, Name, PauseRule, Rule, RungRule, Source, SteadyRung


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileEntry:
    """A profile as it is written: what it leaves out, it takes from the one it `extends`. Its clocks are laid over those
    of that one by name; `without` names clocks that do not run here."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Name
    source: Source
    extends: str | None = None
    procedure: str | None = None
    series: str | None = None
    ladder: str | None = None
    matter: str | None = None
    zh: str = ""
    en: str = ""
    clocks: Mapping[str, str] | None = None
    without: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
    returns: str | None = None
    intake_cutoff: Annotated[time, Strict()] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """Everything one file may hold; most hold one kind."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    rule: tuple[Rule, ...] = ()
    ladder: tuple[Ladder, ...] = ()
    profile: tuple[ProfileEntry, ...] = ()
    calendar: tuple[CalendarYear, ...] = ()
    scheme: tuple[Scheme, ...] = ()
    appeal: tuple[AppealRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFault:
    """What is wrong in one place: `code` is for the catalogues, `key` is the path inside the file."""

    file: str
    key: str
    code: str
    line: int = 1
    column: int = 1
    text: str = ""  #: the line itself
    nearest: str | None = None
    value: str = ""  #: the figure or name that the sentence speaks of


class PolicyIsWrong(Exception):
    """Policy files cannot be used. Carries every fault found."""

    def __init__(self, faults: tuple[PolicyFault, ...]) -> None:
        lines = (
            f"{f.file}:{f.line}: {f.key}: {f.code}" + (f" (nearest: {f.nearest})" if f.nearest else "") for f in faults
        )
        super().__init__("\n".join(lines))
        self.faults = faults


_FILE: TypeAdapter[PolicyFile] = TypeAdapter(PolicyFile)
_KINDS: Mapping[str, type] = {
    "rule": Rule,
    "ladder": Ladder,
    "profile": ProfileEntry,
    "calendar": CalendarYear,
    "scheme": Scheme,
    "items": SchemeItem,
    "appeal": AppealRule,
    "extension": Extension,
    "pause": PauseRule,
    "rungs": RungRule,
    "steady": SteadyRung,
}


def policy_from(contents: Mapping[str, bytes], *, calendar: str | None) -> Policy:
    """The policy of all files under one calendar; None for one whose rules alone are asked for. Raises `PolicyIsWrong` with every fault that can be seen at once."""
    parsed: dict[str, PolicyFile] = {}
    faults: list[PolicyFault] = []
    for name, content in sorted(contents.items()):
        try:
            parsed[name] = parse(name, content)
        except PolicyIsWrong as error:
            faults += error.faults
    if faults:
        raise PolicyIsWrong(tuple(faults))
    parts = Parts(**{kind: _entries(parsed, kind) for kind in PARTS})
    policy, found = assembled(parts, version=version_of(contents), calendar=calendar)
    if policy is None:
        raise PolicyIsWrong(tuple(_placed(one, contents) for one in found))
    return policy


def version_of(contents: Mapping[str, bytes]) -> str:
    """The version of a set of files: twelve digits of the hash over their names and bytes."""
    whole = b"\0".join(name.encode() + b"\0" + contents[name] for name in sorted(contents))
    return hashlib.sha256(whole).hexdigest()[:12]


def parse(name: str, content: bytes) -> PolicyFile:
    """The values of one file. Raises `PolicyIsWrong` with every fault, each naming its line, key and the nearest known one."""
    try:
        text = content.decode("utf-8-sig")  # with the mark that some editors put before it
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyIsWrong((PolicyFault(file=name, key="", code="policy.not_utf8", line=line),)) from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyIsWrong((_not_toml(name, text, str(error)),)) from error
    except (RecursionError, ValueError) as error:  # too deep, or a number of thousands of digits
        raise PolicyIsWrong(
            (PolicyFault(file=name, key="", code="policy.not_toml", value=type(error).__name__),)
        ) from error
    try:
        return _FILE.validate_python(raw)
    except ValidationError as error:
        raise PolicyIsWrong(tuple(_invalid(name, text, raw, item) for item in _apart(error.errors()))) from error


def _apart(errors: list[Any]) -> Iterator[Any]:
    """The errors without those that only follow from another: a list whose one entry is wrong is not also too short."""
    for item in errors:
        inside = (other["loc"] for other in errors if len(other["loc"]) > len(item["loc"]))
        if item["type"] != "too_short" or not any(place[: len(item["loc"])] == item["loc"] for place in inside):
            yield item


def _entries(parsed: Mapping[str, PolicyFile], kind: str) -> tuple[tuple[str, tuple[str | int, ...], Any], ...]:
    """Every entry of one kind in all files, with the file and the path it stands at."""
    return tuple(
        (file, (kind, index), entry)
        for file, content in parsed.items()
        for index, entry in enumerate(getattr(content, kind))
    )


# -- faults as a person can find them ---------------------------------------------------------------------------------

#: The faults of single values; everything else that validation finds is a value that the key does not take.
_UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")
_MISSING = ("missing", "missing_argument", "missing_keyword_only_argument", "string_too_short")


def _not_toml(name: str, text: str, message: str) -> PolicyFault:
    """The parser says where: `… (at line 3, column 7)`, or at the end of the document."""
    reason, _, place = message.partition(" (at ")
    figures = [int(part.strip(",)")) for part in place.split() if part.strip(",)").isdigit()]
    lines = lines_of(text)
    line, column = figures if len(figures) == 2 else (len(lines), len(lines[-1]) + 1)
    at = lines[min(line, len(lines)) - 1]
    return PolicyFault(
        file=name, key="", code="policy.not_toml", line=line, column=column, text=at, value=reason.rstrip(".")
    )


def _invalid(name: str, text: str, raw: Mapping[str, Any], item: Any) -> PolicyFault:
    path = item["loc"]
    nearest, code = None, "policy.missing" if item["type"] in _MISSING else "policy.bad_value"
    if item["type"] in _UNKNOWN_KEY:
        code = "policy.unknown_key"
        parents = [part for part in path[:-1] if isinstance(part, str)]
        owner = _KINDS.get(parents[-1], PolicyFile) if parents else PolicyFile
        nearest = _nearest(str(path[-1]), [one.name for one in fields(owner)])
    elif "expected" in item.get("ctx", {}):
        nearest = _nearest(
            str(item["input"]), item["ctx"]["expected"].replace("' or '", "', '").strip("'").split("', '")
        )
    given = item["input"]
    said = given.isoformat() if isinstance(given, date | time) else str(given)
    value = said if code == "policy.bad_value" else ""
    fault = PolicyFault(file=name, key=_key(raw, path), code=code, nearest=nearest, value=value)
    listed = bool(value) and isinstance(path[-1], int)  # one of a list: point at itself, wherever it stands
    return _with_line(fault, text, path, value=value if listed else None)


def _placed(found: Found, contents: Mapping[str, bytes]) -> PolicyFault:
    """A fault of the whole as one of the file it is to be mended in."""
    text = contents[found.file].decode("utf-8-sig") if found.file in contents else ""
    key = _key(tomllib.loads(text), found.path)
    fault = PolicyFault(file=found.file, key=key, code=found.code, value=found.value)
    if found.known:
        fault = replace(fault, nearest=_nearest(found.value, list(found.known)))
    return _with_line(fault, text, found.path, value=found.value if found.by_value else None)


def _with_line(fault: PolicyFault, text: str, path: tuple[str | int, ...], *, value: str | None = None) -> PolicyFault:
    line = line_of(text, path, value=value)
    lines = lines_of(text)
    at = lines[line - 1]
    return replace(fault, line=line, column=column_of(at, path, value=value), text=at)


def _nearest(wanted: str, known: list[str]) -> str | None:
    return next(iter(get_close_matches(wanted, known, n=1, cutoff=0.0)), None)


def _key(raw: Any, path: tuple[Any, ...]) -> str:
    """The path with each index replaced by the id of the row it points at, so that a person can find it."""
    return ".".join(_step(raw, path[: i + 1]) for i in range(len(path)))


def _step(raw: Any, path: tuple[Any, ...]) -> str:
    node = raw
    for part in path:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return str(path[-1])
    return str(node["id"]) if isinstance(path[-1], int) and isinstance(node, dict) and "id" in node else str(path[-1])
