"""`huiyin backup`: the office's database as one file that only the holder of a private key can open; putting it back is in
`restoring.py`.

A backup is a tar file, encrypted in the format of age (age-encryption.org) to one or several public keys: `manifest.json`
says of which office and schema it is and the SHA-256 of what follows, the database. It is consistent while the program
runs, is verified as a record before it is encrypted, and is read back from the disk before it gets its name. The office's
keys are not in it: whoever has a backup signs nothing.

    BackupIsWrong    the file is no backup that can be restored; its message is a code
    CannotBackUp     a tool of the database is missing or has failed; the same
"""

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyrage
from sqlalchemy import URL, Connection, Engine, create_engine, func, select, text

import migrations
from cases.visibility import case, visible_cases
from infra.db import reading, sqlite_file, transaction
from infra.new_files import new_file
from ledger.tables import Event
from people.noting import note
from people.tables import Office
from verify.checking import verify
from verify.sources import CannotRead
from workflow.model import TIMERS
from workflow.spelling import stamp

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
#: Bytes that are copied at a time.
CHUNK = 1 << 20
#: PostgreSQL's own programs: what is said when one is missing, and when it fails.
TOOLS = {
    "pg_dump": ("backup.no_pg_dump", "backup.pg_dump_failed"),
    "pg_restore": ("backup.no_pg_restore", "backup.pg_restore_failed"),
}
#: How folders begin that hold the database in the clear while a backup is made.
UNFINISHED = ".backup-"
A_DAY_SECONDS = 86_400

_office = Office.__table__.c  # type: ignore[attr-defined]


class BackupIsWrong(Exception):
    pass


class CannotBackUp(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`kind` is the database's (sqlite, postgresql), `schema` its revision, `sha256` that of the database in the file."""

    format: int
    kind: str
    schema: str
    office: str
    made_at: str
    cases: int
    events: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    manifest: Manifest
    sha256: str  #: of the backup as it stands on the disk


# -- making -----------------------------------------------------------------------------------------------------------


def back_up(engine: Engine, path: Path, *, to: Sequence[str], folder: Path, now: datetime) -> Made:
    """Writes the backup under its name when it is whole, notes it in the record, and returns what is in it. `folder` is where
    the database lies in the clear meanwhile: the office's home, and never where backups are kept. Raises `CannotBackUp`,
    `OSError`, `FileExistsError` if there is a file of that name."""
    recipients = [_recipient(one) for one in to]
    witness = pyrage.x25519.Identity.generate()  # its private half is gone with this call: it only reads the file back
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    _clear_away(folder, now)
    with tempfile.TemporaryDirectory(dir=folder, prefix=UNFINISHED) as work:
        dumped = Path(work) / DATABASE
        manifest = _dump(engine, dumped, now)
        plain = Path(work) / "plain.tar"
        _pack(plain, manifest, dumped)
        try:
            with new_file(unfinished):
                pyrage.encrypt_file(str(plain), str(unfinished), [*recipients, witness.to_public()])
            _read_back(unfinished, witness, Path(work) / "read-back", manifest)
            made = Made(manifest=manifest, sha256=_sha256(unfinished))
            os.link(unfinished, path)  # which never takes the place of another file
        finally:
            unfinished.unlink(missing_ok=True)
    said: dict[str, Any] = {
        "name": path.name,
        "sha256": made.sha256,
        "cases": manifest.cases,
        "events": manifest.events,
    }
    with transaction(engine) as connection:
        note(connection, "backup:made", actor=TIMERS, now=now, data=said)
    return made


def _read_back(path: Path, witness: Any, work: Path, manifest: Manifest) -> None:
    try:
        same = opened_backup(path, [witness], work) == manifest
    except BackupIsWrong:
        same = False
    if not same:
        raise CannotBackUp("backup.not_read_back")


def _clear_away(folder: Path, now: datetime) -> None:
    """What a backup that was killed has left in the clear."""
    for left in folder.glob(f"{UNFINISHED}*"):
        if now.timestamp() - left.stat().st_mtime > A_DAY_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _recipient(text: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise CannotBackUp("backup.no_recipient") from None


def _dump(engine: Engine, to: Path, now: datetime) -> Manifest:
    """The database as it is at one instant, which is sound, and what is in it."""
    file = sqlite_file(engine.url)
    if file is None:
        _must_be_sound(engine.url.render_as_string(hide_password=False))
        with reading(engine) as connection:  # whose view is that of the dump, too
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # the dump may take long
            snapshot = connection.execute(select(func.pg_export_snapshot())).scalar_one()
            run_tool(
                "pg_dump", engine.url, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
                f"--file={to}",
            )  # fmt: skip
            return _described(connection, to, now)
    with (
        closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)  # in one step: what others write meanwhile is not in it
        target.execute("PRAGMA journal_mode = delete").close()
    _must_be_sound(str(to))
    copied = create_engine(f"sqlite:///{to}")
    try:
        with copied.connect() as connection:
            return _described(connection, to, now)
    finally:
        copied.dispose()


def _must_be_sound(database: str) -> None:
    try:
        report = verify(database)
    except CannotRead:
        raise CannotBackUp("backup.not_sound") from None
    if not report.ok:
        raise CannotBackUp("backup.not_sound")


def run_tool(name: str, url: URL, *arguments: str) -> None:
    """One of PostgreSQL's own programs; the password goes by its environment and stands in no list of processes."""
    program = shutil.which(name)
    if program is None:
        raise CannotBackUp(TOOLS[name][0])
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(  # noqa: S603 (found in PATH, arguments of ours)
        [program, "--no-password", f"--dbname={address}", *arguments], env=environment, capture_output=True, check=False
    )
    if done.returncode:
        raise CannotBackUp(TOOLS[name][1])


def _described(connection: Connection, dumped: Path, now: datetime) -> Manifest:
    return Manifest(
        format=FORMAT,
        kind=connection.dialect.name,
        schema=migrations.current(connection) or "",
        office=connection.execute(select(_office.short_name)).scalar_one(),
        made_at=stamp(now),
        cases=connection.execute(visible_cases(TIMERS, func.count(case.id))).scalar_one(),
        events=connection.execute(select(func.count()).select_from(Event)).scalar_one(),
        sha256=_sha256(dumped),
    )


def _pack(plain: Path, manifest: Manifest, dumped: Path) -> None:
    (dumped.parent / MANIFEST).write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n", "utf-8")
    with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in (MANIFEST, DATABASE):
            tar.add(dumped.parent / name, arcname=name)


# -- reading ------------------------------------------------------------------------------------------------------------


def opened_backup(path: Path, identities: Sequence[Any], work: Path) -> Manifest:
    """What is in a backup, its database beside; every byte has been looked at."""
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    plain = work / "plain.tar"
    try:
        pyrage.decrypt_file(str(path), str(plain), list(identities))
    except pyrage.DecryptError as error:
        raise BackupIsWrong("backup.not_for_this_key" if "matching keys" in str(error) else "backup.damaged") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise BackupIsWrong("backup.damaged") from None  # how the library says that a part was changed or is missing
    try:
        with tarfile.open(plain, "r:") as tar:
            for name in (MANIFEST, DATABASE):
                _extract(tar, name, work / name)
        said = json.loads((work / MANIFEST).read_text("utf-8"))
        if said.get("format", 0) > FORMAT:
            raise BackupIsWrong("backup.newer")
        manifest = Manifest(**said)
    except (tarfile.TarError, KeyError, ValueError, TypeError, AttributeError):
        raise BackupIsWrong("backup.damaged") from None
    finally:
        plain.unlink(missing_ok=True)
    if manifest.schema not in migrations.known():
        raise BackupIsWrong("backup.newer")
    if _sha256(work / DATABASE) != manifest.sha256:
        raise BackupIsWrong("backup.damaged")
    return manifest


def _extract(tar: tarfile.TarFile, name: str, to: Path) -> None:
    source = tar.extractfile(tar.getmember(name))
    if source is None:
        raise KeyError(name)
    with source, new_file(to) as target:
        shutil.copyfileobj(source, target, CHUNK)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
