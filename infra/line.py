"""A line that the writers of one process stand in: so many are let in at once, the others in the order in which they came.

Nobody waits for ever, and a line that stands still does not fill the program: its threads are also those that serve
pages. `docs/decisions/0023-waits.md` has the figures.

    WaitedTooLong   it was not this writer's turn in time
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

#: The longest that a writer waits for its turn.
PATIENCE_SECONDS = 5.0
#: Whoever stands behind the first so many gives up as soon as nobody has moved for so long.
FRONT, STANDSTILL_SECONDS = 16, 0.5


class WaitedTooLong(Exception):
    """Others were writing all the time, or one of them does not end. Nothing was written; it may be tried again."""


class Line:
    """Let `with line.turn():` be around what only so many may do at once."""

    def __init__(self, *, inside: int) -> None:
        self._free = inside
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()  #: a lock each that is released to let its thread in
        self._moved_at = 0.0

    @contextmanager
    def turn(self, *, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Raises `WaitedTooLong`, with a patience of nothing at once."""
        self.enter(until=time.monotonic() + patience_seconds)
        try:
            yield
        finally:
            self.leave()

    def enter(self, *, until: float) -> None:
        """It is this thread's turn. `until` is an instant of the monotonic clock; one that has passed means not to wait at
        all. Raises `WaitedTooLong`."""
        with self._mutex:
            if self._free:
                self._free -= 1
                self._moved_at = time.monotonic()
                return
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        try:
            while not called.acquire(timeout=max(0.0, min(until - time.monotonic(), STANDSTILL_SECONDS))):
                if self._gives_up(called, until=until):
                    raise WaitedTooLong
        except BaseException:
            self._step_out(called)
            raise

    def leave(self) -> None:
        with self._mutex:
            self._moved_at = time.monotonic()
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _gives_up(self, called: threading.Lock, *, until: float) -> bool:
        now = time.monotonic()
        with self._mutex:
            if called not in self._waiting:
                return False  # called in this very moment
            stands_still = now - self._moved_at >= STANDSTILL_SECONDS
            return now >= until or (stands_still and self._waiting.index(called) >= FRONT)

    def _step_out(self, called: threading.Lock) -> None:
        with self._mutex:
            if called in self._waiting:
                self._waiting.remove(called)
                return
        self.leave()  # called meanwhile, and not there any more
