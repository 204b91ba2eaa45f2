"""The published versions of an office's policy: kept byte by byte, never changed, each named by an event of the office.

The files that ship with the program are only where an office begins (and what it may plan to move to): a program that is
upgraded changes no running clock. What publishing a version would do to running clocks is in `planning.py`.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, func, insert, select

from cases.tables import PolicyVersion
from infra.files import read_tree
from infra.statements import Statement
from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office
from ledger.tables import Event
from ledger.upcasters import data_of
from workflow.model import Actor
from workflow.policy import Policy
from workflow.policy_files import policy_from, version_of
from workflow.spelling import stamp

Files = Mapping[str, bytes]

_version = PolicyVersion.__table__.c  # type: ignore[attr-defined]
_VERSIONS = Statement(select(_version.version, _version.published_at).order_by(_version.number))
_event = Event.__table__.c  # type: ignore[attr-defined]
PUBLISHED = "policy:published"
_cache: dict[tuple[str, str], Policy] = {}


@lru_cache(maxsize=1)
def shipped_files() -> Files:
    """The policy files that come with the program."""
    return read_tree("workflow", "policies", suffix=".toml")


def versions(connection: Connection) -> list[str]:
    """The published versions, the present one last."""
    return [version for version, _ in dated_versions(connection)]


def dated_versions(connection: Connection) -> list[tuple[str, datetime]]:
    """The published versions and when they were, the present one last."""
    return [(version, at) for version, at in _VERSIONS.rows(connection)]


def files_of(connection: Connection, version: str) -> dict[str, bytes]:
    """The files of a published version, as they were published."""
    query = select(_version.content).where(_version.version == version).order_by(_version.number).limit(1)
    content = connection.execute(query).scalar_one()
    return {name: text.encode() for name, text in json.loads(content).items()}


def present_policy(connection: Connection, *, calendar: str) -> Policy:
    """The version in force, with those before it for the clocks that still run under them.

    Raises `PolicyIsWrong` if this program cannot read a published version: no clock is counted by guesswork.
    """
    return policy_in_force(connection, versions(connection), calendar=calendar)


def policy_in_force(connection: Connection, published: list[str], *, calendar: str) -> Policy:
    """The same for whoever has the published versions already, the present one last."""
    key = (" ".join(published), calendar)
    if key not in _cache:
        present = policy_from(files_of(connection, published[-1]), calendar=calendar)
        _cache[key] = present.after(_earlier(connection, published, but=present.version))
    return _cache[key]


def candidate_of(connection: Connection, given: Files, *, calendar: str) -> tuple[dict[str, bytes], Policy]:
    """The present files with these in the place of those of the same name, and the policy they make, which knows every
    published version before it. Raises `PolicyIsWrong`."""
    published = versions(connection)
    files = {**files_of(connection, published[-1]), **given}
    earlier = _earlier(connection, published, but=version_of(files))
    return files, policy_from(files, calendar=calendar).after(earlier)


def _earlier(connection: Connection, published: list[str], *, but: str) -> dict[str, Policy]:
    """The other versions, for their rules and ladders: days are counted by the present calendar, which they may lack."""
    return {v: policy_from(files_of(connection, v), calendar=None) for v in published if v != but}


def file_name(path: str, known: Files) -> str:
    """The name that a file is published under: that of the published file it ends like, else `own/` and its own name."""
    last = path.rpartition("/")[2]
    whole = [name for name in known if path == name or path.endswith(f"/{name}")]
    alike = whole or [name for name in known if name.endswith(f"/{last}")]
    return alike[0] if len(alike) == 1 else f"own/{last}"


def publish(connection: Connection, files: Files, *, actor: Actor, now: datetime, plan: str | None = None) -> str:
    """Makes these files the version in force and returns its name. The caller has checked that they can be read."""
    version, content = version_of(files), _content(files)
    if versions(connection)[-1:] == [version]:
        return version
    head = append_to_office(
        connection,
        NewEvent(
            code=PUBLISHED,
            occurred_at=now,
            recorded_at=now,
            actor=actor,
            data={"version": version, "content": hashlib.sha256(content.encode()).hexdigest(), "plan": plan},
            key=f"{stamp(now)}:policy:{version}",
        ),
    )
    number = connection.execute(select(func.coalesce(func.max(_version.number), 0))).scalar_one() + 1
    connection.execute(
        insert(PolicyVersion).values(number=number, version=version, published_at=head.at, content=content)
    )
    return version


def was_applied(connection: Connection, plan: str) -> bool:
    """Whether the last thing published was this plan."""
    query = select(_event.data).where(_event.stream == OFFICE_STREAM, _event.code == PUBLISHED)
    last = connection.execute(query.order_by(_event.seq.desc()).limit(1)).scalar()
    return last is not None and data_of(PUBLISHED, last).get("plan") == plan


def _content(files: Files) -> str:
    return json.dumps({name: files[name].decode() for name in sorted(files)}, ensure_ascii=False, separators=(",", ":"))
