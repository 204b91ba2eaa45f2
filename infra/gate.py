"""One fair gate for the writers of an SQLite file, across threads and processes.

SQLite lets one writer in at a time but wakes the others by chance, after sleeps of up to 100 ms: the worst of four
writers waits for a second. The threads of a process stand in a line (`line.py`); the processes pass a turnstile of two
lock files: whoever is next in line holds the first and waits for the second, so that nobody is overtaken for long.
`docs/decisions/0005-sqlite-writers.md` has the figures. A process that is stopped in the gate keeps it: the others give
up after a while (`docs/decisions/0023-waits.md`).
"""

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.line import PATIENCE_SECONDS, Line, WaitedTooLong


class WriteGate:
    """Let `with gate.turn():` be around every write transaction. Not re-entrant: a writer writes one thing at a time."""

    def __init__(self, database: Path) -> None:
        self._paths = (database.with_name(database.name + ".next"), database.with_name(database.name + ".turn"))
        self._opening = threading.Lock()
        self._pid: int | None = None

    @contextmanager
    def turn(self, *, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Raises `WaitedTooLong`, with a patience of nothing at once."""
        until = time.monotonic() + patience_seconds
        line, turnstile = self._entrance()
        line.enter(until=until)
        try:
            turnstile.pass_through(until=until)
            try:
                yield
            finally:
                turnstile.let_go()
        finally:
            line.leave()

    def _entrance(self) -> "tuple[Line, _Turnstile]":
        """This process's own: a forked one inherits open files, and with those alone it would walk in beside its parent."""
        if self._pid != os.getpid():
            with self._opening:
                if self._pid != os.getpid():
                    self._line, self._turnstile = Line(inside=1), _Turnstile(self._paths)
                    self._pid = os.getpid()
        return self._line, self._turnstile


class _Turnstile:
    """The two lock files as one process has them open. One thread at a time asks."""

    def __init__(self, paths: tuple[Path, Path]) -> None:
        self._files = _Files(paths)
        self._begun: _Wait | None = None

    def pass_through(self, *, until: float) -> None:
        """Raises `WaitedTooLong`."""
        if self._begun and self._begun.is_over():
            self._begun = None
        if self._begun is None and self._files.taken_at_once():
            return
        if until <= time.monotonic():
            raise WaitedTooLong
        if self._begun is None or not self._begun.is_wanted_again():
            self._begun = _Wait(self._files)
        if not self._begun.ends_before(until):
            raise WaitedTooLong  # it goes on by itself: the kernel knows no limit for it
        self._begun = None

    def let_go(self) -> None:
        self._files.let_go()


class _Wait:
    """Waits for the turn in a thread of its own, however long that takes. If nobody wants it any more, it is given back."""

    def __init__(self, files: "_Files") -> None:
        self._files = files
        self._mutex = threading.Lock()
        self._wanted, self._over = True, False
        self._ended = threading.Event()
        self._error: OSError | None = None
        threading.Thread(target=self._wait, name="write gate", daemon=True).start()

    def is_over(self) -> bool:
        with self._mutex:
            return self._over

    def is_wanted_again(self) -> bool:
        """Whether it still waits, and from now on for somebody."""
        with self._mutex:
            self._wanted = self._wanted or not self._over
            return not self._over

    def ends_before(self, until: float) -> bool:
        """Whether the turn came before that instant; if not, it is not wanted. Raises what the lock files raise."""
        if not self._ended.wait(max(0.0, until - time.monotonic())):
            with self._mutex:
                self._wanted = self._over
        if self._error:
            raise self._error
        return self._over

    def _wait(self) -> None:
        try:
            self._files.take()
        except OSError as error:
            self._error = error
        with self._mutex:
            self._over = True
            if not self._wanted and self._error is None:
                self._files.let_go()
        self._ended.set()


class _Files:
    """The lock files of one process: flock excludes holders of other descriptions of the same files. They are closed with
    the gate."""

    def __init__(self, paths: tuple[Path, Path]) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._next_in_line, self._turn = opened = [os.open(path, flags, 0o600) for path in paths]
        weakref.finalize(self, _close, opened)

    def taken_at_once(self) -> bool:
        """Whether nobody was before us, and it is our turn now."""
        try:
            self._take(fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def take(self) -> None:
        """Returns when it is our turn."""
        self._take(0)

    def _take(self, flags: int) -> None:
        fcntl.flock(self._next_in_line, fcntl.LOCK_EX | flags)
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX | flags)
        finally:
            fcntl.flock(self._next_in_line, fcntl.LOCK_UN)

    def let_go(self) -> None:
        fcntl.flock(self._turn, fcntl.LOCK_UN)


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)
