"""What the program is built from: the locked requirements, and the bill of materials that is made of them.

The bill is `docs/sbom.json`, CycloneDX 1.6. It says nothing that the lock does not say, neither when it was made nor from
where a package comes, so that the same lock always gives the same bytes. `python -m gates.bill` writes it; that it is in step
is a gate of `./dev check`.
"""

import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
BILL = ROOT / "docs" / "sbom.json"
RUNTIME = ROOT / "requirements.txt"
#: Everything that is ever installed from this tree: what runs, what tests it, what installs it.
LOCKS = (RUNTIME, ROOT / "requirements-dev.txt", ROOT / "requirements-uv.txt")
_HASH = "--hash="


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One package as a lock names it. `marker` says on which machines it is installed, and is empty for all."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]  #: `sha256:` and 64 digits, one for each file that may be installed

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


class LockIsWrong(Exception):
    """A line of a lock names no single version, or none of its files."""


def read_lock(path: Path) -> list[Locked]:
    """The packages of a lock in its order. Raises `LockIsWrong`, `InvalidRequirement`."""
    found = []
    for entry in path.read_text("utf-8").replace("\\\n", " ").splitlines():
        line, *hashes = entry.partition("#")[0].split(_HASH)
        if not line.strip():
            continue
        wanted = Requirement(line)
        pins = [one.version for one in wanted.specifier if one.operator == "=="]
        if len(pins) != 1 or not hashes:
            raise LockIsWrong(f"{path.name}: {line.strip()}")
        name, marker = canonicalize_name(wanted.name), str(wanted.marker or "")
        found.append(
            Locked(name=name, version=pins[0], marker=marker, hashes=tuple(sorted(one.strip() for one in hashes)))
        )
    return found


def bill_of(packages: list[Locked], *, version: str) -> str:
    """The bill of materials of this version of the program, as JSON."""
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "huiyin", "name": "huiyin", "version": version},
        },
        "components": [_component(one) for one in sorted(packages, key=lambda one: one.name)],
    }
    return json.dumps(bill, ensure_ascii=False, indent=1) + "\n"


def _component(package: Locked) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "scope": "optional" if package.marker else "required",
        "hashes": [_hash(one) for one in package.hashes],
        "purl": package.purl,
        **({"properties": [{"name": "huiyin:marker", "value": package.marker}]} if package.marker else {}),
    }


def _hash(locked: str) -> dict[str, str]:
    kind, _, digits = locked.partition(":")
    assert kind == "sha256", "the locks are made with SHA-256"
    return {"alg": "SHA-256", "content": digits}


def bill_out_of_step(bill: Path = BILL, lock: Path = RUNTIME) -> list[str]:
    """What the bill says and the lock does not, or the other way round; nothing if it is to the byte what would be written."""
    wanted = bill_of(read_lock(lock), version=version_of_program())
    kept = bill.read_text("utf-8") if bill.exists() else ""
    if kept == wanted:
        return []
    said, locked = _named(kept), _named(wanted)
    return [
        *(f"{bill.name} lacks {one}" for one in sorted(locked - said)),
        *(f"{bill.name} names {one}, which is not in {lock.name}" for one in sorted(said - locked)),
        f"{bill.name} is not what {lock.name} gives: python -m gates.bill",
    ]


def _named(bill: str) -> set[str]:
    try:
        return {f"{one['name']} {one['version']}" for one in json.loads(bill)["components"]}
    except (ValueError, KeyError, TypeError):
        return set()


def version_of_program() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def main() -> int:
    BILL.write_text(bill_of(read_lock(RUNTIME), version=version_of_program()), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
