"""The timers: APScheduler runs the jobs of `jobs.py`, in memory, one thread a job. The one place they read the clock.

Nothing here knows a deadline. A job that was missed runs once when the process is back; a job never overlaps itself. Of
several programs on one home, one runs the timers, and the next takes over when it ends. Told to stop, a job ends after the
piece of work in hand; one that does not within the office's limit is left behind, and what it had not done is found again.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from cases.clock_watch import ClockIsInDoubt
from infra.settings import Settings
from infra.ticks import read_ticks
from ops.jobs import JOBS, Job, run_job

log = logging.getLogger(__name__)
# That a job is not begun again while it is still at work is as it should be: a long report would say so every few seconds.
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)

#: The first run of everything, so that a restart never leaves a light unnoticed for a whole period.
FIRST_AFTER = timedelta(seconds=1)
LOCK_FILE = "timers.lock"
LOOK_SECONDS = 0.2
#: A scheduler at rest needs a moment to end, however long the last answer took.
REST_SECONDS = 2.0
#: A clock that is kept right over the network is moved by less at a time.
A_STEP = timedelta(seconds=20)


class TimersLock:
    """Held by the one process of a home that runs the timers, until it lets go or ends, however it ends."""

    def __init__(self, home: Path) -> None:
        self._path = home / LOCK_FILE
        self._asking = threading.Lock()
        self._file: IO[bytes] | None = None

    def is_ours(self) -> bool:
        """Whether this process has it, from now on if nobody else had."""
        with self._asking:
            if self._file is None:
                self._file = self._taken()
            return self._file is not None

    def let_go(self) -> None:
        with self._asking:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _taken(self) -> IO[bytes] | None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file


class Stopping:
    """Whether this process has been told to stop, and since when. Told by signal handlers, which may take no lock: they run
    wherever the main thread happens to be. Asked from any thread."""

    def __init__(self) -> None:
        self._since: float | None = None

    def ask(self) -> None:
        if self._since is None:
            self._since = time.monotonic()

    def is_asked(self) -> bool:
        return self._since is not None

    def wait(self) -> None:
        """A signal that another thread has taken runs its handler when this one wakes."""
        while not self.is_asked():
            time.sleep(LOOK_SECONDS)

    def seconds_left(self, settings: Settings) -> float:
        assert self._since is not None
        return max(0.0, self._since + settings.stop_seconds - time.monotonic())


@contextmanager
def running_timers(
    engine: Engine, settings: Settings, stopping: Stopping | None = None
) -> Iterator[BackgroundScheduler]:
    """The timers of this process run, unless and until those of another process of this home do. Leaving the block tells them
    to stop, if nobody has yet, and waits for them within the limit."""
    stopping = stopping or Stopping()
    lock = TimersLock(settings.home)
    if not lock.is_ours():
        log.info("timers run in another process")
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in JOBS:
        scheduler.add_job(
            _run,
            "interval",
            seconds=job.every.total_seconds(),
            next_run_time=datetime.now(UTC) + FIRST_AFTER,
            args=(job, engine, settings, lock, stopping),
            id=job.name,
        )
    scheduler.start()
    threading.Thread(target=_follow_clock, args=(scheduler, stopping), name="clock", daemon=True).start()
    try:
        yield scheduler
    finally:
        stopping.ask()
        ending = threading.Thread(target=scheduler.shutdown, daemon=True)
        ending.start()
        ending.join(max(stopping.seconds_left(settings), REST_SECONDS))
        if ending.is_alive():
            log.error("jobs did not end in time and were left behind")
        lock.let_go()


def _follow_clock(scheduler: BackgroundScheduler, stopping: Stopping) -> None:
    """The library plans by the time of day: when that is set, what was planned by the other one is due at once."""
    last, ticks = datetime.now(UTC), read_ticks().milliseconds
    while not stopping.is_asked():
        time.sleep(LOOK_SECONDS)
        now, passed = datetime.now(UTC), read_ticks().milliseconds
        if abs(now - last - timedelta(milliseconds=passed - ticks)) > A_STEP:
            for planned in scheduler.get_jobs():
                planned.modify(next_run_time=now + FIRST_AFTER)
        last, ticks = now, passed


def _run(job: Job, engine: Engine, settings: Settings, lock: TimersLock, stopping: Stopping) -> None:
    if stopping.is_asked() or not lock.is_ours():
        return
    try:
        figures = run_job(job, engine, settings, now=datetime.now(UTC), stop=stopping.is_asked)
        log.debug("job done", extra={"job": job.name, **{f"did_{name}": n for name, n in figures.items()}})
    except ClockIsInDoubt:
        log.debug("job waits for the clock", extra={"job": job.name})
    except Exception:  # the per-job edge: logged, and shown in the footer of every page; the other jobs go on
        log.exception("job failed", extra={"job": job.name})
