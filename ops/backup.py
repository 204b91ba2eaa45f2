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
from sqlalchemy import URL, Connection, Engine, create_engine, delete, func, select, text, update
from sqlalchemy.engine import make_url

import migrations
from cases.tables import ClockWatch
from cases.visibility import case, visible_cases
from infra.db import open_engine, reading, sqlite_file, transaction
from ledger.tables import Event, Message
from ops.verify import verify
from ops.verify_sources import CannotRead
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
#: How folders begin that hold the database in the clear while a backup is made.
UNFINISHED = ".backup-"
A_DAY_SECONDS = 86_400

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
            with _closed_file(unfinished):
                pyrage.encrypt_file(str(plain), str(unfinished), [*recipients, witness.to_public()])
            _sync(unfinished)
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
        same = _opened(path, [witness], work) == manifest
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


def _tool(name: str, url: URL, *arguments: str) -> None:
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
    notes it all in the record. An SQLite file gets its name when all that is done; a PostgreSQL database that could be
    filled and not finished is called so. Raises `BackupIsWrong`, `CannotBackUp`, `OSError`."""
    with path.open("rb"):
        pass  # the library calls a file that is not there damaged
    kind = make_url(url).get_backend_name()
    with tempfile.TemporaryDirectory(dir=folder, prefix=UNFINISHED) as work:
        manifest = _opened(path, identities, Path(work))
        if manifest.kind != kind:
            raise BackupIsWrong("backup.other_kind")
        _refuse_what_is_there(url)
        if kind == "sqlite":
            _finish(f"sqlite:///{Path(work) / DATABASE}", manifest, now)
            target = sqlite_file(make_url(url))
            assert target
            _put(Path(work) / DATABASE, target)
            return manifest
        _tool(
            "pg_restore", make_url(url), "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
            str(Path(work) / DATABASE),
        )  # fmt: skip
    try:
        _finish(url, manifest, now)
    except Exception as error:
        raise CannotBackUp("backup.half_restored") from error
    return manifest


def _put(source: Path, target: Path) -> None:
    """A copy under that name, whole or not at all, and never in the place of another file."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with source.open("rb") as read, _closed_file(beside) as copy:
            shutil.copyfileobj(read, copy, CHUNK)
        _sync(beside)
        os.link(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _finish(url: str, manifest: Manifest, now: datetime) -> None:
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        _hold_mails(engine, manifest, now)
        if engine.dialect.name == "sqlite":  # all of it in the one file
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
    finally:
        engine.dispose()


def _refuse_what_is_there(url: str) -> None:
    """An office that runs, or stands still, is never written over."""
    file = sqlite_file(make_url(url))
    if file is not None:
        # A log that was left over would be read into the new file.
        if any(Path(f"{file}{ending}").exists() for ending in ("", "-wal", "-shm", "-journal")):
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
        connection.execute(delete(ClockWatch))  # of the machine that the backup was made on
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
