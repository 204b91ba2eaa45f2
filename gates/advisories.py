"""Which locked packages have a known weakness: the locks against advisories that somebody keeps on this machine.

Advisories are records in the OSV format, of the ecosystem PyPI: a file with one record or a list of them, a folder of such
files, or a zip. The program fetches none. Without any the gate is skipped, and says so.
"""

import json
import os
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from gates.bill import LOCKS, Locked, read_lock

PLACE = "HUIYIN_ADVISORIES"
ECOSYSTEM = "PyPI"
SKIPPED = (
    f"SKIPPED advisories: nothing was compared. Set {PLACE} to a file, a folder or a zip of advisories for {ECOSYSTEM} in the"
    " OSV format (README, \"What it is built from\")"
)  # fmt: skip
#: A range in the versions of a package; the other kind is of commits.
_OF_VERSIONS = ("ECOSYSTEM", "SEMVER")

Record = Mapping[str, Any]


class AdvisoriesAreUnreadable(Exception):
    """The place that was named holds no advisory that can be read. Says which file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """An advisory that speaks of a locked version; `unclear` if it names the package without a version to compare."""

    lock: str
    package: Locked
    id: str
    aliases: tuple[str, ...]
    summary: str
    unclear: bool

    def __str__(self) -> str:
        known = ", ".join((self.id, *self.aliases))
        verb = "may be affected by" if self.unclear else "is affected by"
        return f"{self.lock}: {self.package.name} {self.package.version} {verb} {known}: {self.summary}"


def known_weaknesses(locks: Iterable[Path] = LOCKS) -> list[str]:
    """A line for each locked version that an advisory speaks of, or the one line that says that none was compared. Raises
    `AdvisoriesAreUnreadable`."""
    place = os.environ.get(PLACE)
    if not place:
        return [SKIPPED]
    records = read_advisories(Path(place))
    return [str(one) for lock in locks for one in weaknesses(read_lock(lock), records, lock=lock.name)]


def read_advisories(place: Path) -> list[Record]:
    """Every record that speaks of a package of PyPI and was not withdrawn. Raises `AdvisoriesAreUnreadable`, for a place
    without any too: an empty folder is no clean bill of health."""
    found = []
    for name, content in _files(place):
        try:
            read = json.loads(content)
            records = read if isinstance(read, list) else [read]
            found += [one for one in records if not one.get("withdrawn") and any(_affected(one))]
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise AdvisoriesAreUnreadable(f"{name} is no advisory in the OSV format") from error
    if not found:
        raise AdvisoriesAreUnreadable(f"{place} holds no advisory for {ECOSYSTEM}")
    return found


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if place.is_dir():
            yield from ((str(path), path.read_bytes()) for path in sorted(place.rglob("*.json")))
        elif zipfile.is_zipfile(place):
            with zipfile.ZipFile(place) as pack:
                yield from ((name, pack.read(name)) for name in sorted(pack.namelist()) if name.endswith(".json"))
        else:
            yield str(place), place.read_bytes()
    except (OSError, zipfile.BadZipFile) as error:
        raise AdvisoriesAreUnreadable(f"{place} cannot be read") from error


def weaknesses(packages: Iterable[Locked], records: Iterable[Record], *, lock: str) -> list[Weakness]:
    """What the records know of these packages, in the order of the lock. Raises `AdvisoriesAreUnreadable`."""
    by_name = defaultdict(list)
    for record in records:
        for affected in _affected(record):
            by_name[canonicalize_name(affected["package"]["name"])].append((record, affected))
    found: list[Weakness] = []
    for package in packages:
        said: dict[str, Weakness] = {}
        for record, affected in by_name[canonicalize_name(package.name)]:
            if (verdict := _speaks_of(package.version, affected, record)) is not False:
                said[record["id"]] = Weakness(
                    lock=lock, package=package, id=record["id"], aliases=tuple(record.get("aliases", ())),
                    summary=record.get("summary", ""), unclear=verdict is None,
                )  # fmt: skip
        found += said.values()
    return found


def _affected(record: Record) -> Iterator[Record]:
    return (one for one in record.get("affected", ()) if one.get("package", {}).get("ecosystem") == ECOSYSTEM)


def _speaks_of(version: str, affected: Record, record: Record) -> bool | None:
    """Whether this version is among those that are named, or within a range of them; None if neither is given."""
    listed, ranges = affected.get("versions", ()), affected.get("ranges", ())
    within = [one for one in ranges if one.get("type") in _OF_VERSIONS]
    if not listed and not within:
        return None
    try:
        ours = Version(version)
        return any(_same(ours, one) for one in listed) or any(_is_within(ours, one["events"]) for one in within)
    except (InvalidVersion, KeyError) as error:
        raise AdvisoriesAreUnreadable(f"{record.get('id')}: its ranges cannot be read") from error


def _same(ours: Version, named: str) -> bool:
    try:
        return ours == Version(named)
    except InvalidVersion:  # a package of long ago, before versions had a grammar; none is locked under such a one
        return False


def _is_within(ours: Version, events: Iterable[Mapping[str, str]]) -> bool:
    """Whether a weakness that came and went with these versions is there in ours. Limits are left out: they narrow ranges of
    commits, and here they could only hide something."""
    inside = False
    for at, kind in sorted((_at(named), kind) for event in events for kind, named in event.items() if kind != "limit"):
        if kind == "introduced" and ours >= at:
            inside = True
        elif (kind == "fixed" and ours >= at) or (kind == "last_affected" and ours > at):
            inside = False
    return inside


def _at(named: str) -> Version:
    """`0` is before every version, those before a first release too."""
    return Version("0.dev0" if named == "0" else named)
