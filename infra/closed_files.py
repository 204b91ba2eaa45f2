"""Nobody but the program's own user reads what it keeps: the home is 0700, every file in it 0600.

New files are closed because the program begins with a umask. Files that an older one, or somebody's copying, has left open
are closed when the program opens its database, if they are its own. The secrets in `keys/` are not touched: who could read
one may have done so, and `keys.py` refuses it.

    FileIsOpenToOthers   a file may be read by others and cannot be closed; carries its path
"""

import contextlib
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from infra.keys import FOLDER, OTHERS
from infra.settings import Settings

log = logging.getLogger(__name__)

#: How the files of an SQLite database end: itself, its log and what belongs to that.
FILES_OF_SQLITE = ("", "-wal", "-shm", "-journal")
#: The same with the lock files of the gate.
BESIDE_DATABASE = (*FILES_OF_SQLITE, ".next", ".turn")
IN_HOME = ("mail", "timers.lock", "petitioner-code.txt", FOLDER)


class FileIsOpenToOthers(Exception):
    """Others may read what people said in confidence, and this user cannot change that. Carries the path."""


def open_new_files_to_nobody_else() -> None:
    """For this process and those that it starts."""
    os.umask(OTHERS)


def close_to_others(settings: Settings) -> int:
    """The home and what the program keeps in it, and its database wherever that is, are closed to others from now on.
    Returns how many were not; says so in the log. Raises `FileIsOpenToOthers`."""
    if os.name != "posix":
        return 0
    closed = sum(_close(path) for path in _kept(settings))
    if closed:
        log.warning("files of the office could be read by others, and were closed", extra={"files": closed})
    return closed


def _kept(settings: Settings) -> Iterator[Path]:
    home = settings.home
    if home.is_dir() and not home.stat().st_mode & stat.S_ISVTX:  # a folder that everybody shares, such as /tmp
        yield home
    url = make_url(settings.database_url())
    if url.get_backend_name() == "sqlite" and url.database:
        yield from (Path(url.database + ending) for ending in BESIDE_DATABASE)
    for name in IN_HOME:
        yield home / name
    yield from (home / "mail").glob("*")


def _close(path: Path) -> bool:
    """Whether it was open to others."""
    with contextlib.suppress(FileNotFoundError):  # SQLite takes files away that nobody needs any more
        before = path.stat().st_mode
        if not before & OTHERS:
            return False
        try:
            path.chmod(stat.S_IMODE(before) & ~OTHERS)
        except PermissionError:
            raise FileIsOpenToOthers(path) from None
        if path.stat().st_mode & OTHERS:  # a file system that knows no users
            raise FileIsOpenToOthers(path)
        return True
    return False
