"""What must hold between the parts of a policy, and the policy that comes of it when it does.

Every check gives what it `Found` with the place it is to be mended at; `policy_files.py` turns that into lines.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from workflow.definition import Start
from workflow.model import UNFILED, Unit
from workflow.policy import USUAL_APPEAL, Policy, Profile
from workflow.policy_calendars import (
    calendar_of,
    of_calendars,
)
from workflow.policy_found import Entry, Found, Path, unknown
from workflow.policy_rules import LONGEST, Rule
from workflow.policy_schemes import faults_of_scheme
from workflow.procedures import PROCEDURES

#: A rung lies within a working year after the due time, or so many lengths of a clock in hours.
FURTHEST, MOST_LENGTHS = 250, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The entries of all files, by kind."""

    rule: tuple[Entry, ...]
    ladder: tuple[Entry, ...]
    profile: tuple[Entry, ...]
    calendar: tuple[Entry, ...]
    scheme: tuple[Entry, ...]
    appeal: tuple[Entry, ...] = ()


PARTS = tuple(field.name for field in fields(Parts))


def assembled(parts: Parts, *, version: str, calendar: str | None) -> tuple[Policy | None, list[Found]]:
    """The policy, or None and everything that is wrong with it."""
    ids = {kind: {entry.id: entry for _, _, entry in getattr(parts, kind)} for kind in ("ladder", "scheme")}
    rules, profiles = _dated(parts), _profiles(parts)
    calendar = calendar or next((entry.id for _, _, entry in parts.calendar), "")
    found = [
        *_twice(parts),
        *(fault for entry in parts.rule for fault in _of_rule(entry, ids["ladder"])),
        *_overlaps(parts.rule),
        *(fault for entry in parts.ladder for fault in _of_ladder(entry)),
        *(fault for entry in parts.profile for fault in _of_profile(entry, profiles, rules, ids["ladder"])),
        *of_calendars(parts.calendar, calendar),
        *(fault for entry in parts.scheme for fault in faults_of_scheme(entry)),
        *_one_appeal(parts.appeal),
    ]
    if found:
        return None, found
    policy = Policy(
        version=version,
        rules=rules,
        ladders=ids["ladder"],
        profiles={name: profile for name, profile in profiles.items() if isinstance(profile, Profile)},
        schemes=ids["scheme"],
        calendar=calendar_of([entry for _, _, entry in parts.calendar], calendar),
        appeal=next((entry for _, _, entry in parts.appeal), USUAL_APPEAL),
    )
    return policy, []


def _one_appeal(entries: tuple[Entry, ...]) -> Iterator[Found]:
    for file, path, _ in entries[1:]:
        yield Found(file=file, path=path, code="policy.defined_twice", value="appeal")


def _twice(parts: Parts) -> Iterator[Found]:
    for kind in ("ladder", "profile", "scheme"):
        seen: set[str] = set()
        for file, path, entry in getattr(parts, kind):
            if entry.id in seen:
                yield Found(file=file, path=(*path, "id"), code="policy.defined_twice", value=entry.id)
            seen.add(entry.id)


# -- rules ------------------------------------------------------------------------------------------------------------


def _dated(parts: Parts) -> dict[str, tuple[Rule, ...]]:
    by_id: dict[str, list[Rule]] = defaultdict(list)
    for _, _, rule in parts.rule:
        by_id[rule.id].append(rule)
    return {name: tuple(sorted(rules, key=lambda rule: rule.effective_from)) for name, rules in by_id.items()}


def _of_rule(entry: Entry, ladders: Mapping[str, Any]) -> Iterator[Found]:
    file, path, rule = entry
    longest = LONGEST[rule.unit]
    if rule.length > longest:
        yield Found(file=file, path=(*path, "length"), code="policy.absurd", value=str(longest))
    if rule.effective_to and rule.effective_to < rule.effective_from:
        yield Found(file=file, path=(*path, "effective_to"), code="policy.ends_before_it_begins")
    if rule.extension and rule.extension.max_length is not None:
        if rule.extension.max_length <= rule.length:
            yield Found(
                file=file, path=(*path, "extension", "max_length"), code="policy.no_longer", value=str(rule.length)
            )
        if rule.extension.max_length > longest:
            yield Found(file=file, path=(*path, "extension", "max_length"), code="policy.absurd", value=str(longest))
    if rule.pause and rule.pause.max_days > LONGEST[Unit.DAY]:
        yield Found(file=file, path=(*path, "pause", "max_days"), code="policy.absurd", value=str(LONGEST[Unit.DAY]))
    if rule.ladder and rule.ladder not in ladders:
        yield unknown(file, (*path, "ladder"), rule.ladder, ladders)


def _overlaps(rules: Iterable[Entry]) -> Iterator[Found]:
    """Two versions of a rule may not both be in force on a day."""
    seen: dict[str, list[Rule]] = defaultdict(list)
    for file, path, rule in rules:
        for other in seen[rule.id]:
            first, second = sorted((rule, other), key=lambda one: one.effective_from)
            if first.effective_to is None or second.effective_from <= first.effective_to:
                when = second.effective_from.isoformat()
                yield Found(file=file, path=(*path, "effective_from"), code="policy.dates_overlap", value=when)
                break
        seen[rule.id].append(rule)


def _of_ladder(entry: Entry) -> Iterator[Found]:
    file, path, ladder = entry
    seen: set[str] = set()
    for index, rung in enumerate(ladder.rungs):
        place = (*path, "rungs", index)
        steady = rung.steady
        for key, figure, most in (
            (("working_days",), rung.working_days, FURTHEST),
            (("steady", "working_days"), steady.working_days if steady else 0, FURTHEST),
            (("steady", "lengths"), steady.lengths if steady else 0, MOST_LENGTHS),
        ):
            if figure > most:
                yield Found(file=file, path=(*place, *key), code="policy.absurd", value=str(most))
        if rung.code in seen:
            yield Found(file=file, path=(*path, "rungs", index, "code"), code="policy.defined_twice", value=rung.code)
        seen.add(rung.code)


# -- profiles ---------------------------------------------------------------------------------------------------------


def _profiles(parts: Parts) -> dict[str, Profile | str]:
    """Every profile with what it takes from others; instead of one that cannot be, the code of what is wrong with it."""
    entries = {entry.id: entry for _, _, entry in parts.profile}
    return {name: _whole(name, entries, ()) for name in entries}


#: Instead of a profile whose fault is that of the one it extends: told there, and not here again.
INHERITED = ""


def _whole(name: str, entries: Mapping[str, Any], above: tuple[str, ...]) -> Profile | str:
    entry = entries[name]
    if name in above:
        return "policy.extends_itself" if above[0] == name else INHERITED
    base: Profile | str | None = None
    if entry.extends is not None:
        if entry.extends not in entries:
            return "policy.unknown_name"
        base = _whole(entry.extends, entries, (*above, name))
        if isinstance(base, str):
            return base if base == "policy.extends_itself" else INHERITED
    inherited = base if isinstance(base, Profile) else None
    own: dict[str, Any] = {
        key: getattr(entry, key) if getattr(entry, key) is not None else inherited and getattr(inherited, key)
        for key in ("procedure", "series", "ladder", "matter", "returns", "intake_cutoff")
    }
    clocks = {**(inherited.clocks if inherited else {}), **(entry.clocks or {})}
    if any(own[key] is None for key in ("procedure", "series", "ladder", "matter")):
        return "policy.incomplete"
    return Profile(
        id=name,
        source=entry.source,
        zh=entry.zh,
        en=entry.en,
        clocks={clock: rule for clock, rule in clocks.items() if clock not in entry.without},
        knows=tuple(dict.fromkeys((*(inherited.knows if inherited else ()), *entry.knows))),
        **own,
    )


def _of_profile(
    entry: Entry, profiles: Mapping[str, Profile | str], rules: Mapping[str, Any], ladders: Mapping[str, Any]
) -> Iterator[Found]:
    file, path, written = entry
    profile = profiles[written.id]
    if profile == INHERITED:
        return
    if profile == "policy.unknown_name":
        yield unknown(file, (*path, "extends"), written.extends or "", profiles)
    elif isinstance(profile, str):
        yield Found(file=file, path=(*path, "id"), code=profile, value=written.id)
    elif profile.procedure not in PROCEDURES:
        yield unknown(file, (*path, "procedure"), profile.procedure, PROCEDURES)
    else:
        clocks = clock_names(profile.procedure)
        named: list[tuple[Path, str, Iterable[str]]] = [(("ladder",), profile.ladder, ladders)]
        named += [(("clocks", clock), clock, clocks) for clock in written.clocks or {}]
        named += [(("procedure",), clock, clocks) for clock in profile.clocks if clock not in (written.clocks or {})]
        named += [(("clocks", clock), rule, rules) for clock, rule in (written.clocks or {}).items()]
        named += [(("without",), clock, clocks) for clock in written.without]
        named += [(("knows",), rule, rules) for rule in written.knows]
        named += [(("returns",), written.returns, rules)] if written.returns else []
        strange = [unknown(file, (*path, *key), name, known) for key, name, known in named if name not in set(known)]
        yield from strange
        if strange:
            return
        never = [
            Found(
                file=file, path=(*path, "clocks", clock), code="policy.cannot_count_from", value=one.counts_from or ""
            )
            for clock, rule in (written.clocks or {}).items()
            for one in rules[rule]
            if not _starts(profile, clock, one)
        ]
        yield from never
        if not never and not any(
            _starts(profile, clock, rules[rule][-1], opening=True) for clock, rule in profile.clocks.items()
        ):
            yield Found(file=file, path=(*path, "id"), code="policy.no_first_clock", value=written.id)


def clock_names(procedure: str) -> tuple[str, ...]:
    """The named clocks that the steps of a procedure start."""
    return tuple(dict.fromkeys(start.name for start in _starts_in(procedure)))


def _starts(profile: Profile, clock: str, rule: Rule, *, opening: bool = False) -> bool:
    """Whether a step of the profile's procedure starts the clock where its rule counts from; with `opening`, the step
    that opens a case."""
    starts = _starts_in(profile.procedure, opening=opening)
    return any(start.name == clock and start.counts_for(rule) for start in starts)


def _starts_in(procedure: str, *, opening: bool = False) -> Iterator[Start]:
    for step in PROCEDURES[procedure].steps:
        if not opening or UNFILED in step.sources:
            yield from (change for change in step.clocks if isinstance(change, Start))


# -- calendars --------------------------------------------------------------------------------------------------------
