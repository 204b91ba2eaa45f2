"""The processes that are killed: writers, a sweep, a delivery. Each opens the database anew and works until it dies.

A writer notes an acknowledgement only after the commit has returned, one line a step, in a file that is only appended
to. It also keeps what it is about to ask for, as a person keeps a form on the screen: after a restart it sends the same
form again, not knowing whether it had been taken.
"""

import os
import pickle
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection

import infra.db
import notifications.deliver
from cases.execute import CaseHasMoved, CaseNotFound
from cases.facts import load_facts
from cases.sweep import sweep
from infra.settings import Settings
from notifications.deliver import deliver
from stories.story import Stage
from tests.cases import records
from tests.cases.records import World
from tests.experiments.chance import chance
from tests.experiments.clock import FastClock
from tests.experiments.seeded import A_MOMENT, DEFECTS
from tests.experiments.steps import next_opening, next_step
from workflow.commands import Command, Intake
from workflow.model import TIMERS, Refusal

MOST_CASES = 300
OPENS = 0.1  #: the share of a writer's steps that open a case
PAUSE_SECONDS = {"writer": 0.005, "sweep": 0.02, "delivery": 0.02}


#: The program's fifty take longer than a process lives here, so that no batch would ever be recorded.
MAILS_AT_A_TIME = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a process is told when it is started. `life` counts its starts."""

    kind: str  #: writer, sweep or delivery
    name: str
    url: str
    stage: Stage
    directory: Path
    clock: FastClock
    smtp_port: int
    seed: int
    life: int
    defect: str | None

    @property
    def acknowledged(self) -> Path:
        return self.directory / f"{self.name}.acknowledged"

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A form as it was sent; `case` None opens one."""

    request: str
    case: int | None
    command: Command
    by: str
    matter: str
    version: int | None


def work(job: Job) -> None:
    """Never returns. Whatever goes wrong is in the process's log, and its exit says so."""
    os.dup2(os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), sys.stderr.fileno())
    if job.defect:
        DEFECTS[job.defect]()
    with records.opened(job.url, job.stage) as world:
        {"writer": _write, "sweep": _sweep, "delivery": _deliver}[job.kind](world, job)


def _sweep(world: World, job: Job) -> None:
    while True:
        swept = sweep(world.engine, now=job.clock.now(), batch=20)
        assert not swept.failed, swept
        infra.db.checkpoint(world.engine)
        time.sleep(PAUSE_SECONDS["sweep"])


def _deliver(world: World, job: Job) -> None:
    settings = mail_settings(job.directory, job.smtp_port)
    notifications.deliver.BATCH = MAILS_AT_A_TIME
    while True:
        deliver(world.engine, office=world.office, settings=settings, now=job.clock.now())
        time.sleep(PAUSE_SECONDS["delivery"])


def mail_settings(directory: Path, port: int) -> Settings:
    return Settings(home=directory, smtp_host="127.0.0.1", smtp_port=port, smtp_timeout=10, mail_domain="kill.invalid")


# -- writers ----------------------------------------------------------------------------------------------------------


def _write(world: World, job: Job) -> None:
    rng = chance(job.seed, job.name, job.life)
    kept = job.directory / f"{job.name}.form"
    file = os.open(job.acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    asked = pickle.loads(kept.read_bytes()) if kept.exists() else None  # noqa: S301 -- written by this very program
    while True:
        if asked is None and (asked := _choose(world, job, rng)):
            _keep(kept, asked)
        if asked is not None:
            with suppress(Refusal, CaseHasMoved, CaseNotFound):
                _take(world, job, asked, file)
            asked = None
            kept.unlink()
        time.sleep(PAUSE_SECONDS["writer"] * 2 * rng.random())


def _choose(world: World, job: Job, rng: Random) -> Asked | None:
    cases = world.column("SELECT id FROM cases WHERE closed_at IS NULL ORDER BY id")
    request = rng.randbytes(16).hex()
    if len(cases) < MOST_CASES and (rng.random() < OPENS or len(cases) < MOST_CASES / 5):
        matter, opening = next_opening(rng, job.clock.now())
        return Asked(request=request, case=None, command=opening, by="clerk", matter=matter, version=None)
    case = rng.choice(cases)
    with infra.db.reading(world.engine) as connection:
        loaded = load_facts(connection, case, actor=TIMERS)
    assert loaded, "a case that was there is there"
    step = next_step(world, loaded[0], rng, job.clock.now())
    if step is None:
        return None
    return Asked(request=request, case=case, command=step[1], by=step[0], matter="", version=loaded[0].version)


def _keep(kept: Path, asked: Asked) -> None:
    unfinished = kept.with_suffix(".new")
    unfinished.write_bytes(pickle.dumps(asked))
    unfinished.replace(kept)


def _take(world: World, job: Job, asked: Asked, file: int) -> None:
    """The step, and its acknowledgement once the commit has returned."""
    now = job.clock.now()
    with infra.db.transaction(world.engine) as connection:
        case, seq, repeated = _taken(world, asked, now, connection)
        found = connection.exec_driver_sql(f"SELECT hash FROM event WHERE stream = {case} AND seq = {seq}").scalar()
        line = f"{case} {seq} {found} {'again' if repeated else 'new'}\n".encode()
        if job.defect == "acknowledge_before_commit":
            os.write(file, line)
            time.sleep(A_MOMENT)
    if job.defect != "acknowledge_before_commit":
        os.write(file, line)


def _taken(world: World, asked: Asked, now: Any, connection: Connection) -> tuple[int, int, bool]:
    if asked.case is None:
        assert isinstance(asked.command, Intake)
        opened = world.open(
            asked.matter, by=asked.by, at=now, request=asked.request, command=asked.command, connection=connection
        )
        return opened.case_id, 1, opened.repeated
    done = world.take(
        asked.case, asked.command, by=asked.by, at=now, version=asked.version, request=asked.request,
        connection=connection,
    )  # fmt: skip
    return done.case_id, done.seq, done.repeated
