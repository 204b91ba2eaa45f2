"""`huiyin backup` and `huiyin restore`: the office's database as one file that only the holder of a private key can open.

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
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import pyrage
from sqlalchemy import URL, Connection, Engine, create_engine, func, select, update
from sqlalchemy.engine import make_url

import migrations
from cases.visibility import case, visible_cases
from infra.db import open_engine, reading, sqlite_file, transaction
from ledger.tables import Event, Message
from ops.verify import verify
from people.staffing import note
from people.tables import Office
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
#: The reason that stands at mails which waited when a backup was made: they may have gone out since.
RESTORED = "restored"

_event = Event.__table__.c  # type: ignore[attr-defined]
_message = Message.__table__.c  # type: ignore[attr-defined]
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
    size: int


# -- making -----------------------------------------------------------------------------------------------------------


def back_up(engine: Engine, path: Path, *, to: Sequence[str], now: datetime) -> Made:
    """Writes the backup under its name when it is whole, notes it in the record, and returns what is in it. Raises
    `CannotBackUp`, `OSError`."""
    recipients = [_recipient(one) for one in to]
    witness = pyrage.x25519.Identity.generate()  # its private half is gone with this call: it only reads the file back
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        dumped = Path(folder) / DATABASE
        manifest = _dump(engine, dumped, now)
        plain = Path(folder) / "plain.tar"
        _pack(plain, manifest, dumped)
        try:
            pyrage.encrypt_file(str(plain), str(unfinished), [*recipients, witness.to_public()])
            unfinished.chmod(0o600)
            _sync(unfinished)
            if _opened(unfinished, [witness], Path(folder) / "read-back") != manifest:
                raise CannotBackUp("backup.not_read_back")
            made = Made(manifest=manifest, sha256=_sha256(unfinished), size=unfinished.stat().st_size)
            unfinished.replace(path)
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


def _recipient(text: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise CannotBackUp("backup.no_recipient") from None


def _dump(engine: Engine, to: Path, now: datetime) -> Manifest:
    """The database as it is at one instant, which is sound, and what is in it."""
    file = sqlite_file(engine.url)
    sound = verify(str(file) if file else engine.url.render_as_string(hide_password=False))
    if not sound.ok:
        raise CannotBackUp("backup.not_sound")
    if file is None:
        with reading(engine) as connection:  # whose view is that of the dump, too
            snapshot = connection.execute(select(func.pg_export_snapshot())).scalar_one()
            _tool(
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
    copied = create_engine(f"sqlite:///{to}")
    try:
        with copied.connect() as connection:
            return _described(connection, to, now)
    finally:
        copied.dispose()


def _tool(name: str, url: URL, *arguments: str) -> None:
    """One of PostgreSQL's own programs; the password goes by its environment and stands in no list of processes."""
    program = shutil.which(name)
    if program is None:
        raise CannotBackUp(TOOLS[name][0])
    given = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environment = {**os.environ, **{key: str(value) for key, value in given.items() if value is not None}}
    done = subprocess.run([program, "--no-password", *arguments], env=environment, capture_output=True, check=False)  # noqa: S603 (found in PATH, arguments of ours)
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


# -- restoring --------------------------------------------------------------------------------------------------------


def read_identities(path: Path) -> list[Any]:
    """The private keys in a file as age-keygen writes it. Raises `BackupIsWrong`, `OSError`."""
    found = [line.strip() for line in path.read_text("utf-8", "replace").splitlines()]
    try:
        made = [pyrage.x25519.Identity.from_str(line) for line in found if line and not line.startswith("#")]
    except pyrage.IdentityError:
        raise BackupIsWrong("backup.no_identity") from None
    if not made:
        raise BackupIsWrong("backup.no_identity")
    return made


def restore(path: Path, url: str, *, identities: Sequence[Any], folder: Path, now: datetime) -> Manifest:
    """Puts the backup where there is no office yet, brings its schema up to date, holds back the mails that waited, and
    notes it all in the record. Nothing is left if it fails. Raises `BackupIsWrong`, `CannotBackUp`, `OSError`."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as work:
        manifest = _opened(path, identities, Path(work))
        kind = make_url(url).get_backend_name()
        if manifest.kind != kind:
            raise BackupIsWrong("backup.other_kind")
        _refuse_what_is_there(url)
        if kind == "sqlite":
            target = sqlite_file(make_url(url))
            assert target
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(Path(work) / DATABASE, target)
            target.chmod(0o600)
        else:
            _tool(
                "pg_restore", make_url(url), "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                f"--dbname={make_url(url).database}", str(Path(work) / DATABASE),
            )  # fmt: skip
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        _hold_mails(engine, manifest, now)
    finally:
        engine.dispose()
    return manifest


def _refuse_what_is_there(url: str) -> None:
    """An office that runs, or stands still, is never written over."""
    file = sqlite_file(make_url(url))
    if file is not None:
        if file.exists():
            raise BackupIsWrong("backup.database_is_there")
        return
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            if migrations.current(connection) is not None:
                raise BackupIsWrong("backup.database_is_there")
    finally:
        engine.dispose()


def _hold_mails(engine: Engine, manifest: Manifest, now: datetime) -> None:
    """What waited when the backup was made may have gone out since: a person decides what is sent again."""
    with transaction(engine) as connection:
        waiting = _message.sent_at.is_(None) & _message.dead_at.is_(None)
        held = connection.execute(
            update(Message).where(waiting).values(next_try_at=None, lease=None, dead_at=now, last_error=RESTORED)
        ).rowcount
        said: dict[str, Any] = {"made_at": manifest.made_at, "sha256": manifest.sha256, "mails": held}
        note(connection, "backup:restored", actor=TIMERS, now=now, data=said)


def _opened(path: Path, identities: Sequence[Any], work: Path) -> Manifest:
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
    with source, _closed_file(to) as target:
        shutil.copyfileobj(source, target, CHUNK)


@contextmanager
def _closed_file(path: Path) -> Iterator[IO[bytes]]:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 (Path.open knows no mode of a new file)
        yield file


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
