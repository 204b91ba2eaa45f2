"""`huiyin backup` and `huiyin restore` as commands; what they do is in `backup.py` and `restoring.py`."""

import errno
import signal
import sys
from pathlib import Path
from typing import Annotated

import pyrage
import typer

import migrations
from cases.clock_watch import trusted_time
from cases.jobruns import note_success
from cli.clock import read_clock
from cli.database import granted
from cli.opening import opened_engine, reader_words
from cli.printing import ASKED_WRONGLY, WRONG, fail
from infra.db import engine_of, reading, transaction
from infra.keys import FOLDER
from infra.new_files import new_file
from infra.settings import settings
from ops.backup import back_up
from ops.jobs import note_broken_off
from ops.restoring import read_identities
from ops.restoring import restore as restored
from people.office_keys import keys_missing, pins

#: As the footer of the pages and `/readyz` call it.
JOB = "backup"


def backup(
    path: Annotated[Path, typer.Argument(help="备份文件名 / the file to write")],
    to: Annotated[list[str] | None, typer.Option(help="公钥 age1…，可重复。The public key, or several.")] = None,
) -> None:
    """备份：运行中也一致，核验后用公钥加密，写完再读回。Back up: consistent while running, verified, encrypted, read back."""
    _clear_away_when_told_to_stop()
    words = reader_words()
    if not to:
        fail(words("backup.to_whom"), ASKED_WRONGLY)
    engine = opened_engine()
    now = trusted_time(engine, now=read_clock())
    try:
        if path.exists():
            raise FileExistsError(errno.EEXIST, "", str(path))
        made = back_up(engine, path, to=to, folder=settings().home, now=now)
        with transaction(engine) as connection:
            note_success(connection, JOB, now=now, figures={"cases": made.manifest.cases})
    except Exception:
        note_broken_off(JOB, engine, now=now)
        raise
    finally:
        engine.dispose()
    typer.echo(
        words("backup.done", path=path, cases=made.manifest.cases, events=made.manifest.events, sha256=made.sha256)
    )


def backup_key(
    path: Annotated[Path, typer.Argument(help="私钥文件名，另处保存 / the private key's file, kept elsewhere")],
) -> None:
    """生成备份用的密钥：私钥写入文件，公钥打印出来。Make a pair of keys for backups; prints the public one."""
    identity = pyrage.x25519.Identity.generate()
    with new_file(path) as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n".encode("ascii"))
    typer.echo(str(identity.to_public()))


def restore(
    path: Annotated[Path, typer.Argument(help="备份文件 / the backup")],
    identity: Annotated[Path, typer.Option(help="私钥文件 / the file of the private key")],
    role: Annotated[
        str, typer.Option(help="PostgreSQL 程序角色，一并授权 / the role of the program, granted at once")
    ] = "",
) -> None:
    """恢复到空的数据库或新机器上；等待中的邮件不会自动再寄。Restore where there is no office; waiting mails are held back."""
    _clear_away_when_told_to_stop()
    words, mine = reader_words(), settings()
    mine.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    manifest = restored(
        path, mine.database_url(), identities=read_identities(identity), folder=mine.home, now=read_clock()
    )
    engine = engine_of(mine)
    try:
        migrations.bring_up_to_date(engine)
        if role:
            granted(engine, role)
        with reading(engine) as connection:
            pinned = pins(connection)
    finally:
        engine.dispose()
    typer.echo(words("backup.restored", made_at=manifest.made_at, cases=manifest.cases, events=manifest.events))
    if missing := keys_missing(mine.home, pinned):
        fail(words("backup.keys_are_missing", keys=", ".join(missing), folder=mine.home / FOLDER), WRONG)


def _clear_away_when_told_to_stop() -> None:
    """What lies in the clear meanwhile goes with the command, also when it is ended by SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
