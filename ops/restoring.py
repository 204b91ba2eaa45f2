"""`huiyin restore`: a backup (`backup.py`) put where there is no office, whole or not at all.

Mails that waited when it was made are held back; the watch over the clock of the machine it was made on is forgotten.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyrage
from sqlalchemy import Engine, delete, update
from sqlalchemy.engine import make_url

import migrations
from cases.tables import ClockWatch
from infra.closed_files import FILES_OF_SQLITE
from infra.db import fold_up, open_engine, reading, sqlite_file, transaction
from infra.new_files import new_file
from ledger.tables import Message, TextMessage
from notifications.forwarding import RESTORED
from ops.backup import CHUNK, DATABASE, UNFINISHED, BackupIsWrong, CannotBackUp, Manifest, opened_backup, run_tool
from people.noting import note
from workflow.model import TIMERS

_message = Message.__table__.c  # type: ignore[attr-defined]
_text = TextMessage.__table__.c  # type: ignore[attr-defined]


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
        manifest = opened_backup(path, identities, Path(work))
        if manifest.kind != kind:
            raise BackupIsWrong("backup.other_kind")
        _refuse_what_is_there(url)
        if kind == "sqlite":
            _finish(f"sqlite:///{Path(work) / DATABASE}", manifest, now)
            target = sqlite_file(make_url(url))
            assert target
            _put(Path(work) / DATABASE, target)
            return manifest
        run_tool(
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
        with source.open("rb") as read, new_file(beside) as copy:
            shutil.copyfileobj(read, copy, CHUNK)
        os.link(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _finish(url: str, manifest: Manifest, now: datetime) -> None:
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        _hold_mails(engine, manifest, now)
        fold_up(engine)
    finally:
        engine.dispose()


def _refuse_what_is_there(url: str) -> None:
    """An office that runs, or stands still, is never written over."""
    file = sqlite_file(make_url(url))
    if file is not None:
        # A log that was left over would be read into the new file.
        if any(Path(f"{file}{ending}").exists() for ending in FILES_OF_SQLITE):
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
        texts = update(TextMessage).where(_text.sent_at.is_(None), _text.dead_at.is_(None))
        connection.execute(texts.values(next_try_at=None, lease=None, dead_at=now, last_error=RESTORED))
        connection.execute(delete(ClockWatch))  # of the machine that the backup was made on
        said: dict[str, Any] = {"made_at": manifest.made_at, "sha256": manifest.sha256, "mails": held}
        note(connection, "backup:restored", actor=TIMERS, now=now, data=said)
