"""What no command can mend by itself, in words: one sentence that says what to do, and an exit code. Never a traceback,
never what a driver said, which may quote a password or a row."""

import errno
import logging
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime
from typer.exceptions import TyperException

import migrations
from cases.clock_watch import ClockIsInDoubt
from cases.office import NoOffice
from cli.printing import ASKED_WRONGLY, BROKEN, UNREADABLE, WRONG
from infra.closed_files import FileIsOpenToOthers
from infra.i18n import DEFAULT, LANGUAGES, known_language
from infra.keys import KeyIsExposed, KeyIsUnreadable
from infra.line import WaitedTooLong
from infra.settings import SettingFault, SettingsAreWrong, variable
from infra.steering import without_steering
from ops.backup import BackupIsWrong, CannotBackUp
from ops.serving import CannotListen, PortIsTaken
from people.office_keys import KeyIsAnother, KeyIsMissing
from words import Words, fault_words
from workflow.policy_files import PolicyIsWrong

log = logging.getLogger(__name__)


class NotText(Exception):
    """An argument that is no text in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    code: str
    exit_code: int
    values: Mapping[str, str] = field(default_factory=dict)


#: Codes `trouble.<code>`. PostgreSQL's, by their longest beginning (its manual, appendix A).
SERVER = {
    "08": "database_away", "28": "database_sign_in", "3D000": "database_missing", "42501": "database_rights",
    "53100": "disk_full", "53300": "database_crowded", "57P": "database_away", "25P": "database_away", "25006": "database_read_only",
    "55P03": "busy", "57014": "busy", "42P01": "database_strange", "42703": "database_strange",
}  # fmt: skip
#: A server that refuses a connection gives no code; in another language than English it counts as away.
_REFUSED = {
    "authentication failed": "database_sign_in", 'role "': "database_sign_in", "does not exist": "database_missing", "no pg_hba.conf entry": "database_sign_in",
    "too many clients": "database_crowded", "connection slots": "database_crowded",
}  # fmt: skip
FILE = {
    sqlite3.SQLITE_CANTOPEN: "database_file", sqlite3.SQLITE_READONLY: "database_read_only",
    sqlite3.SQLITE_PERM: "database_file", sqlite3.SQLITE_CORRUPT: "database_corrupt",
    sqlite3.SQLITE_NOTADB: "database_corrupt", sqlite3.SQLITE_FULL: "disk_full", sqlite3.SQLITE_IOERR: "disk_error",
    sqlite3.SQLITE_BUSY: "busy", sqlite3.SQLITE_LOCKED: "busy", sqlite3.SQLITE_PROTOCOL: "busy",
}  # fmt: skip
SYSTEM = {
    errno.EACCES: "no_access", errno.EPERM: "no_access", errno.EROFS: "read_only", errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full", errno.EFBIG: "disk_full", errno.ENOTDIR: "not_a_folder", errno.EEXIST: "is_there", errno.EIO: "disk_error",
    errno.ENOENT: "not_there", errno.EISDIR: "is_a_folder", errno.EMFILE: "too_many_files", errno.ENFILE: "too_many_files",
    errno.EADDRINUSE: "port_taken", errno.ENAMETOOLONG: "name_too_long", errno.ELOOP: "not_there",
}  # fmt: skip
#: May be tried again in a moment; the others stay until somebody has done something.
PASSING = frozenset({"busy", "database_crowded"})


#: What the program itself raises: a code, an exit code, and the name of what the error carries.
_OURS: tuple[tuple[type[Exception], str, int, str], ...] = (
    (migrations.SchemaIsUnknown, "schema.unknown", UNREADABLE, "version"),
    (migrations.SchemaIsNotOurs, "schema.not_ours", UNREADABLE, ""),
    (migrations.NoDatabase, "trouble.no_database", UNREADABLE, "path"),
    (migrations.DatabaseIsEmpty, "trouble.database_empty", UNREADABLE, "path"),
    (NoOffice, "policy.no_office", WRONG, ""),
    (FileIsOpenToOthers, "files.open_to_others", UNREADABLE, "file"),
    (KeyIsExposed, "trouble.key_exposed", WRONG, "path"),
    (KeyIsUnreadable, "trouble.key_unreadable", UNREADABLE, "path"),
    (KeyIsMissing, "trouble.key_missing", UNREADABLE, "path"),
    (KeyIsAnother, "trouble.key_another", UNREADABLE, "path"),
    (ClockIsInDoubt, "trouble.clock", WRONG, ""),
    (PortIsTaken, "trouble.port_taken", UNREADABLE, "path"),
    (CannotListen, "trouble.port_refused", UNREADABLE, "path"),
    (WaitedTooLong, "trouble.busy", WRONG, ""),
    (NoConnectionInTime, "trouble.busy", WRONG, ""),
)


def trouble_of(error: BaseException) -> Trouble | None:
    """What a person is told of an error; None for one that nobody has thought of."""
    for kind, code, exit_code, name in _OURS:
        if isinstance(error, kind):
            return Trouble(code=code, exit_code=exit_code, values={name: str(error)} if name else {})
    if isinstance(error, (BackupIsWrong, CannotBackUp)):
        return Trouble(code=str(error), exit_code=UNREADABLE)
    if isinstance(error, DBAPIError):
        return _of_database(error.orig)
    if isinstance(error, sqlite3.Error):
        return _of_database(error)
    return _of_system(error) if isinstance(error, OSError) else None


def _of_database(driver: Any) -> Trouble | None:
    """By the driver's own error."""
    if isinstance(driver, sqlite3.Error):
        code = FILE.get(getattr(driver, "sqlite_errorcode", 0) & 0xFF)
        if code is None and "no such" in str(driver):
            code = "database_strange"
    else:
        state = getattr(driver, "sqlstate", None)
        if state is None:  # the server was not reached, refused, or went away
            said = str(driver)
            code = next((code for words, code in _REFUSED.items() if words in said), "database_away")
            return Trouble(code=f"trouble.{code}", exit_code=WRONG if code in PASSING else UNREADABLE)
        code = next((SERVER[state[:n]] for n in (5, 3, 2) if state[:n] in SERVER), None)
    if code is None:
        return None
    return Trouble(code=f"trouble.{code}", exit_code=WRONG if code in PASSING else UNREADABLE)


def _of_system(error: OSError) -> Trouble | None:
    code = SYSTEM.get(error.errno or 0)
    if code is None:
        return None
    path = error.filename if isinstance(error.filename, str) else str(error.filename or "")
    return Trouble(code=f"trouble.{code}", exit_code=UNREADABLE, values={"path": path})


def setting_words(fault: SettingFault, words: Words) -> str:
    return words(f"settings.{fault.code}", name=fault.name, **fault.values)


@contextmanager
def told_in_words(environment: Mapping[str, str]) -> Iterator[None]:
    """Ends the program for an error with its sentence on standard error; the frames of one that nobody has thought of go
    to the log."""
    words = Words(known_language(environment.get(variable("language"), DEFAULT)))
    try:
        yield
    except (typer.Exit, typer.Abort, TyperException):  # said already, or said by the library
        raise
    except SettingsAreWrong as error:
        both = any(fault.code == "language" for fault in error.faults)
        for each in [Words(language) for language in LANGUAGES] if both else [words]:
            _tell(each("settings.wrong"))
            for fault in error.faults:
                _tell("  " + setting_words(fault, each))
        sys.exit(ASKED_WRONGLY)
    except PolicyIsWrong as error:
        for wrong in error.faults:
            _tell(fault_words(wrong, words))
        sys.exit(ASKED_WRONGLY)
    except BrokenPipeError:  # whoever read the answer has gone, such as `head`
        sys.exit(WRONG)
    except (NotText, UnicodeEncodeError):  # half of a character that came in by a way that nobody watches
        _tell(words("trouble.no_text"))
        sys.exit(ASKED_WRONGLY)
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            log.exception("the program failed")
            trouble = Trouble(code="trouble.unknown", exit_code=BROKEN)
        _tell(words(trouble.code, **trouble.values))
        sys.exit(trouble.exit_code)


def _tell(line: str) -> None:
    typer.echo(without_steering(line), err=True)
