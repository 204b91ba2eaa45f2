"""What a piece of work costs in memory: the peak of a process of its own, since a process never shrinks."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from infra.db import open_engine


def peak_of(work: Callable[[Engine], object], engine: Engine) -> float:
    """The MiB that a new process needs for the work on the same database. It is found again by its name in its module."""
    url = engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as new:
        return new.submit(_alone, work, url).result()


def _alone(work: Callable[[Engine], object], url: str) -> float:
    """What the other process does. Its peak is asked of Linux: `ru_maxrss` begins with that of whoever started it."""
    engine = open_engine(url)
    work(engine)
    engine.dispose()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    return int(status["VmHWM"].split()[0]) / 1024
