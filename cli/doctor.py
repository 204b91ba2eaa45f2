"""`huiyin doctor`: whether everything that the program needs on this machine is there and right, each in one line.

It changes nothing and sends no mail: it greets the mail server, and signs in there if the office does. Exit code 1 if
anything is wrong; what is only unwise is marked, and is no fault.
"""

import platform
import resource
import shutil
import smtplib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

import migrations
from cases.anchors import WANTED_AUDITORS
from cases.clock_watch import doubt_about
from cases.jobruns import all_runs
from cases.office import NoOffice, OfficeContext, load_office
from cli.clock import read_clock
from cli.opening import reader_words
from cli.printing import WRONG
from cli.safe_keeping import JOB as BACKUP
from cli.troubles import trouble_of
from infra.db import WAL_FIXED_IN, engine_of, reading, sqlite_file
from infra.keys import OTHERS
from infra.settings import Settings, is_this_machine, settings
from infra.version import program_version
from notifications.transport import greet
from people.directory import active_with_role
from people.office_keys import keys_missing, pins
from reports.files.pdf import FONTS
from workflow.model import Role

GOOD, UNWISE, BAD = "ok", "note", "WRONG"
#: Bytes that must be free: a year of an office of this size, and its log.
ROOM = 2 * 1024**3
DESCRIPTORS = 1024
OLDEST_POSTGRESQL = 130000
BACKUP_EVERY = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look found: how bad it is, a code `doctor.<code>`, and the values of its words."""

    how: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)


def doctor() -> None:
    """逐项检查本机：设置、文件夹、数据库、密钥、时钟、邮件服务器、字体。Check everything on this machine; changes nothing."""
    words, wrong = reader_words(), False
    for look in looks(settings()):
        typer.echo(f"{look.how:5} {words(f'doctor.{look.code}', **look.values)}")
        wrong = wrong or look.how == BAD
    if wrong:
        raise typer.Exit(WRONG)


def looks(mine: Settings) -> Iterator[Look]:
    yield from _settings(mine)
    yield from _home(mine.home)
    yield from _database(mine)
    yield from _mail(mine)
    yield from _machine()


def _settings(mine: Settings) -> Iterator[Look]:
    yield Look(how=GOOD, code="program", values={"version": program_version(), "python": platform.python_version()})
    yield Look(how=GOOD, code="settings")
    if not mine.public_url and not is_this_machine(mine.host):
        yield Look(how=UNWISE, code="no_public_url", values={"address": mine.base_url()})
    if mine.public_url.startswith("http:"):
        yield Look(how=UNWISE, code="no_https", values={"address": mine.public_url})
    if mine.sends_mail and mine.mail_from.endswith("@localhost"):
        yield Look(how=UNWISE, code="sender", values={"address": mine.mail_from})
    if mine.sends_mail and mine.smtp_tls == "none" and not is_this_machine(mine.smtp_host):
        yield Look(how=UNWISE, code="mail_in_clear")


def _home(home: Path) -> Iterator[Look]:
    if not home.is_dir():
        yield Look(how=BAD, code="no_home", values={"path": home})
        return
    closed = not home.stat().st_mode & OTHERS
    yield Look(how=GOOD if closed else UNWISE, code="home" if closed else "home_is_open", values={"path": home})
    free = shutil.disk_usage(home).free
    yield Look(how=GOOD if free >= ROOM else BAD, code="disk", values={"free": f"{free / 1024**3:.1f}"})


def _database(mine: Settings) -> Iterator[Look]:
    file = sqlite_file(make_url(mine.database_url()))
    if file is not None and not file.exists():
        yield Look(how=BAD, code="no_database", values={"path": file})
        return
    engine = engine_of(mine)
    try:
        with reading(engine) as connection:
            yield from _version(connection)
            yield from _file(connection)
            outdated = list(_schema(connection))
            yield from outdated
            if outdated:
                return
            office = load_office(connection)
            yield from _office(connection, office, mine)
    except NoOffice:
        yield Look(how=BAD, code="no_office")
    except DBAPIError as error:
        trouble = trouble_of(error)
        said = reader_words()(trouble.code, **trouble.values) if trouble else type(error.orig).__name__
        yield Look(how=BAD, code="database_trouble", values={"said": said})
    finally:
        engine.dispose()


def _version(connection: Connection) -> Iterator[Look]:
    if connection.dialect.name == "sqlite":
        new = sqlite3.sqlite_version_info >= WAL_FIXED_IN
        yield Look(
            how=GOOD if new else UNWISE,
            code="sqlite" if new else "sqlite_is_old",
            values={"version": sqlite3.sqlite_version},
        )
        return
    version, encoding = (
        connection.execute(text(f"SHOW {name}")).scalar_one() for name in ("server_version_num", "server_encoding")
    )
    fits = int(version) >= OLDEST_POSTGRESQL and encoding == "UTF8"
    yield Look(
        how=GOOD if fits else BAD, code="postgresql", values={"version": int(version) // 10000, "encoding": encoding}
    )
    owner = connection.execute(
        text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('event')")
    ).scalar()
    if owner:
        yield Look(how=UNWISE, code="role_owns_tables")
    if missing := [name for name in ("pg_dump", "pg_restore") if shutil.which(name) is None]:
        yield Look(how=UNWISE, code="no_tools", values={"names": ", ".join(missing)})


def _file(connection: Connection) -> Iterator[Look]:
    """What SQLite says of its own file, page by page. PostgreSQL's files are its own."""
    if connection.dialect.name != "sqlite":
        return
    said = connection.execute(text("PRAGMA quick_check(1)")).scalars().all()
    if said != ["ok"]:
        yield Look(how=BAD, code="file_damaged", values={"said": str(said[0]).splitlines()[-1]})


def _schema(connection: Connection) -> Iterator[Look]:
    now, wanted = migrations.current(connection), migrations.head()
    if now is None:
        yield Look(how=BAD, code="no_office")
    elif now != wanted:
        yield Look(how=UNWISE, code="schema", values={"now": now, "wanted": wanted})


def _office(connection: Connection, office: OfficeContext, mine: Settings) -> Iterator[Look]:
    yield Look(how=GOOD, code="office", values={"name": office.name})
    doubt = doubt_about(connection, now=read_clock())
    yield Look(how=BAD if doubt else GOOD, code="clock_in_doubt" if doubt else "clock")
    auditors = len(active_with_role(connection, Role.AUDITOR))
    if auditors < WANTED_AUDITORS:
        yield Look(how=UNWISE, code="auditors", values={"n": auditors})
    made = next((run.succeeded_at for run in all_runs(connection) if run.job == BACKUP), None)
    if made is None or read_clock() - made > BACKUP_EVERY:
        yield Look(how=UNWISE, code="no_backup" if made is None else "old_backup", values={"at": made and f"{made:%F}"})
    missing = keys_missing(mine.home, pins(connection))
    yield Look(
        how=BAD if missing else GOOD, code="keys_missing" if missing else "keys", values={"names": ", ".join(missing)}
    )


def _mail(mine: Settings) -> Iterator[Look]:
    if not mine.sends_mail:
        yield Look(how=UNWISE, code="no_mail", values={"path": mine.home / "mail"})
        return
    where = {"server": f"{mine.smtp_host}:{mine.smtp_port}"}
    try:
        greet(mine)
    except smtplib.SMTPAuthenticationError:
        yield Look(how=BAD, code="mail_sign_in", values=where)
    except (OSError, smtplib.SMTPException) as error:
        yield Look(how=BAD, code="mail_server", values={**where, "error": type(error).__name__})
    else:
        yield Look(how=GOOD, code="mail", values=where)


def _machine() -> Iterator[Look]:
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    enough = descriptors >= DESCRIPTORS
    yield Look(how=GOOD if enough else UNWISE, code="descriptors", values={"n": descriptors})
    checks: tuple[tuple[str, Callable[[], object]], ...] = (("fonts", _fonts), ("zones", _zones))
    for name, check in checks:
        try:
            check()
        except (ImportError, OSError, ZoneInfoNotFoundError):
            yield Look(how=BAD, code=f"no_{name}")
        else:
            yield Look(how=GOOD, code=name)


def _fonts() -> None:
    import noto_cjk_sans_otc  # noqa: F401 (only whether it is there)

    if not any(one.name.endswith((".ttf", ".otf")) for one in FONTS.iterdir()):
        raise FileNotFoundError


def _zones() -> None:
    ZoneInfo("Asia/Shanghai")
