"""One fair gate for the writers of an SQLite file, across threads and processes.

SQLite lets one writer in at a time but wakes the others by chance, after sleeps of up to 100 ms: the worst of four
writers waits for a second. Two lock files make a turnstile: whoever is next in line holds the first and waits for the
second, so that nobody is overtaken for long. `docs/decisions/0005-sqlite-writers.md` has the figures.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class WriteGate:
    """Let `with gate.turn():` be around every write transaction. Not re-entrant: a writer writes one thing at a time."""

    def __init__(self, database: Path) -> None:
        self._paths = (database.with_name(database.name + ".next"), database.with_name(database.name + ".turn"))
        self._local = threading.local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        next_in_line, turn = self._files()
        fcntl.flock(next_in_line, fcntl.LOCK_EX)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(next_in_line, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)

    def _files(self) -> tuple[int, int]:
        """This thread's own open files: flock excludes holders of different descriptions, threads of one process too."""
        if getattr(self._local, "pid", None) != os.getpid():
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._local.files = _Files(os.open(path, flags, 0o600) for path in self._paths)
            self._local.pid = os.getpid()
        files: _Files = self._local.files
        return files.next_in_line, files.turn


class _Files:
    """Closes its descriptors with the thread that opened them."""

    def __init__(self, descriptors: Iterator[int]) -> None:
        self.next_in_line, self.turn = descriptors

    def __del__(self) -> None:
        os.close(self.next_in_line)
        os.close(self.turn)
