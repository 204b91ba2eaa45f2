"""How long a person's step waits while 50,000 clocks of 1,000,000 are swept, and while the log is folded back.

Steps are taken on other cases, one every 20 ms, through the door; the sweep runs in another thread of this process and
in another process. Nobody calls `checkpoint()` during a sweep here. The figure is the worst wait of the median sweep: a
hiccup of the machine must not decide, and neither may one lucky sweep. SQLite alone: PostgreSQL has no such queue.
"""

import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from typing import Protocol

from sqlalchemy import Engine

from benchmarks.copies import full_copies, open_clocks
from benchmarks.databases import Bench, database, folded_up
from benchmarks.office import Staff, staff_of
from benchmarks.ratios import Finding
from benchmarks.sweep import OPEN, OPEN_SMALL
from cases.sweep import sweep
from infra.db import checkpoint, open_engine, transaction
from workflow.procedures.mediation.commands import HoldSession

SWEEPS_A_KIND, SWEEPS_SMALL = 3, 1
EVERY_SECONDS = 0.02
LIMIT_SECONDS = 0.1
CASES = 200  #: that steps are taken on
STEPS_ALONE, STEPS_SMALL = 100, 10
#: Every eightieth of a million cases stands on a page of its own: some 50 MB, near what a commit would fold by itself.
FILL_THE_LOG = "UPDATE cases SET dispute_type = dispute_type WHERE id % 80 = 0"


class Running(Protocol):
    """A thread or a process."""

    def start(self) -> None: ...
    def is_alive(self) -> bool: ...
    def join(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who takes steps all the time."""

    engine: Engine
    staff: Staff
    cases: Iterator[int]

    def step(self) -> float:
        """The seconds that one step took, from asking to committed."""
        begun = time.perf_counter()
        command = HoldSession(form="joint", place="调解室", minutes="双方到场, 各自陈述。" * 5)
        self.staff.take(self.engine, next(self.cases), command, now=self.staff.ready_at)
        return time.perf_counter() - begun

    def waits_during(self, other: Running) -> list[float]:
        """The seconds of each step that was taken while the other was at work."""
        other.start()
        waits = [self.step()]
        while other.is_alive():
            time.sleep(max(0.0, EVERY_SECONDS - waits[-1]))
            waits.append(self.step())
        other.join()
        return waits


def measure(bench: Bench) -> Iterator[Finding]:
    count, sweeps = (OPEN_SMALL, SWEEPS_SMALL) if bench.small else (OPEN, SWEEPS_A_KIND)
    with database(bench, "sqlite") as engine:
        staff = staff_of(engine)
        groups = open_clocks(engine, staff, count=count, few=0, few_slots=0, many=2 * sweeps)
        copies = full_copies(engine, staff, first=staff.case_id + 1 + count, count=CASES)
        person = Person(engine=engine, staff=staff, cases=cycle(copies))
        alone = [person.step() for _ in range(STEPS_SMALL if bench.small else STEPS_ALONE)]
        yield _worst("wait, sweep in a thread", alone, _beside_sweeps(person, groups.many[:sweeps], _thread))
        yield _worst("wait, sweep in a process", alone, _beside_sweeps(person, groups.many[sweeps:], _process))
        yield _worst("wait, log folded back", alone, _beside_folding(person, sweeps))


def _beside_sweeps(
    person: Person, instants: Sequence[datetime], kind: Callable[[Engine, datetime], Running]
) -> list[list[float]]:
    found = []
    for now in instants:
        folded_up(person.engine)
        found.append(person.waits_during(kind(person.engine, now)))
        assert sweep(person.engine, now=now).clocks == 0, "the sweep was not over"
    return found


def _thread(engine: Engine, now: datetime) -> Running:
    return threading.Thread(target=sweep, args=(engine,), kwargs={"now": now})


def _process(engine: Engine, now: datetime) -> Running:
    url = engine.url.render_as_string(hide_password=False)
    return multiprocessing.get_context("spawn").Process(target=sweep_at, args=(url, now))


def sweep_at(url: str, now: datetime) -> None:
    """What the other process does."""
    sweep(open_engine(url), now=now)


def _beside_folding(person: Person, times: int) -> list[list[float]]:
    """One `checkpoint()` of a full log beside a step after the other, some times."""
    found = []
    for _ in range(times):
        folded_up(person.engine)
        with transaction(person.engine) as connection:
            connection.exec_driver_sql(FILL_THE_LOG)
        found.append(person.waits_during(threading.Thread(target=checkpoint, args=(person.engine,))))
    return found


def _worst(name: str, alone: list[float], waits: list[list[float]]) -> Finding:
    worst = statistics.median(max(one) for one in waits)
    every = [wait for one in waits for wait in one]
    print(
        f"{name}: {len(every)} steps, median {statistics.median(every) * 1000:.1f} ms, worst of each "
        f"{', '.join(f'{max(one) * 1000:.0f}' for one in waits)} ms; alone {statistics.median(alone) * 1000:.1f} ms"
    )
    return Finding(
        name=name,
        ours=f"{worst * 1000:.1f} ms worst",
        limit=f"{LIMIT_SECONDS * 1000:.0f} ms",
        ratio=worst / LIMIT_SECONDS,
        gate=1.0,
    )
