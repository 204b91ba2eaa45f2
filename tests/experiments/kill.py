"""E01: SIGKILL at random moments over two writers, a sweep and a delivery; nothing acknowledged may be lost, nothing may
be doubled or half done, and every mail must arrive.

The parent kills by process id, restarts, runs the mail server and looks at the database from outside. Processes are
forked from one that has imported the program, so that they spend their short lives working.
"""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from random import Random

from cases.sweep import sweep
from notifications.deliver import deliver
from tests.cases import records
from tests.cases.records import World
from tests.experiments import checks
from tests.experiments.chance import chance
from tests.experiments.clock import FastClock
from tests.experiments.places import Place
from tests.experiments.processes import Job, mail_settings, work
from tests.experiments.sink import Sink, mail_server

PROCESSES = {"writer-1": "writer", "writer-2": "writer", "sweep": "sweep", "delivery": "delivery"}
GAP_SECONDS = (0.05, 0.35)
ALL_AT_ONCE = 0.15  #: the share of kills that hit every process
KILLS_BETWEEN_CHECKS = 20
#: What a drain may take: rounds of an hour each, of the clock that mails are put off by.
DRAIN_ROUNDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`defect` names one of `seeded.DEFECTS`; such a run ends at its first violation."""

    kills: int
    seed: int
    defect: str | None = None


@dataclass(slots=True, kw_only=True)
class Found:
    """What a run has seen. `again`: forms sent a second time after a restart that turned out to be taken before."""

    kills: int = 0
    checks: int = 0
    cases: int = 0
    events: int = 0
    acknowledged: int = 0
    again: int = 0
    crossings: int = 0
    mails: int = 0
    put_off: int = 0
    sent_twice: int = 0
    most_copies: int = 0
    days: int = 0
    violations: list[str] = field(default_factory=list)


def figures(found: Found) -> str:
    lines = [
        f"{name.replace('_', ' '):13} {getattr(found, name)}"
        for name in Found.__dataclass_fields__
        if name != "violations"
    ]
    return "\n".join(
        [*lines, f"{'violations':13} {len(found.violations)}", *(f"  {line}" for line in found.violations[:40])]
    )


def run(place: Place, plan: Plan) -> Found:
    """Kills as planned, then drains, and says what was found."""
    rng = chance(plan.seed)
    with mail_server(chance(plan.seed, "mail")) as sink, records.opened(place.url, place.stage) as world:
        clock = FastClock.starting_now()
        job = Job(
            kind="", name="", url=place.url, stage=place.stage, directory=place.directory, clock=clock,
            smtp_port=sink.port, seed=plan.seed, life=0, defect=plan.defect,
        )  # fmt: skip
        crew, found = Crew(job), Found()
        try:
            crew.start()
            _kill_at_random(crew, world, plan, rng, found)
        finally:
            crew.kill_all()
        _look(crew, world, found)
        if not (plan.defect and found.violations):
            _drain(world, place, clock, sink, found)
        _count(crew, world, sink, clock, found)
    return found


class Crew:
    """The processes, and who of them is alive."""

    def __init__(self, job: Job) -> None:
        self.jobs = {name: replace(job, name=name, kind=kind) for name, kind in PROCESSES.items()}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.experiments.nursery"])
        self._alive: dict[str, ForkServerProcess] = {}
        self.died: list[str] = []

    def start(self) -> None:
        """Starts whoever does not run."""
        for name in self.jobs.keys() - self._alive.keys():
            job = self.jobs[name] = replace(self.jobs[name], life=self.jobs[name].life + 1)
            process = self._context.Process(target=work, args=(job,), daemon=True)
            process.start()
            self._alive[name] = process

    def kill(self, name: str) -> None:
        process = self._alive.pop(name)
        if process.exitcode is not None:
            self.died.append(f"{name} died by itself ({process.exitcode}): {self.jobs[name].log.read_text()[-2000:]}")
        else:
            assert process.pid
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        process.close()

    def kill_all(self) -> None:
        for name in list(self._alive):
            self.kill(name)

    @property
    def names(self) -> list[str]:
        return sorted(self._alive)


def _kill_at_random(crew: Crew, world: World, plan: Plan, rng: Random, found: Found) -> None:
    while found.kills < plan.kills:
        time.sleep(rng.uniform(*GAP_SECONDS))
        everyone = rng.random() < ALL_AT_ONCE
        victims = crew.names if everyone else [rng.choice(crew.names)]
        for name in victims:
            crew.kill(name)
        before = found.kills
        found.kills += len(victims)
        if before // KILLS_BETWEEN_CHECKS != found.kills // KILLS_BETWEEN_CHECKS:
            _look(crew, world, found)
            if plan.defect and found.violations:
                return
        crew.start()


def _look(crew: Crew, world: World, found: Found) -> None:
    acknowledged = checks.read_acknowledged([job.acknowledged for job in crew.jobs.values()])
    found.checks += 1
    new = [*crew.died, *checks.while_running(world, acknowledged)]
    found.violations += [line for line in new if line not in found.violations]


def _drain(world: World, place: Place, clock: FastClock, sink: Sink, found: Found) -> None:
    """Everything due is recorded and everything waiting goes out, to a server that takes it all."""
    sink.put_off_share = 0
    now = clock.now()
    sweep(world.engine, now=now)
    settings = mail_settings(place.directory, sink.port)
    for hour in range(DRAIN_ROUNDS):
        deliver(world.engine, office=world.office, settings=settings, now=now + timedelta(hours=hour))
        if not world.column("SELECT id FROM message WHERE next_try_at IS NOT NULL LIMIT 1"):
            break
    found.violations += checks.at_the_end(world, sink, now=now)
    found.violations += [line for line in checks.while_running(world, []) if line not in found.violations]


def _count(crew: Crew, world: World, sink: Sink, clock: FastClock, found: Found) -> None:
    acknowledged = checks.read_acknowledged([job.acknowledged for job in crew.jobs.values()])
    found.cases = world.column("SELECT count(*) FROM cases")[0]
    found.events = world.column("SELECT count(*) FROM event")[0]
    found.crossings = world.column("SELECT count(*) FROM event WHERE code = 'clock:crossed'")[0]
    found.acknowledged = len({(told.case, told.seq) for told in acknowledged})
    found.again = sum(told.again for told in acknowledged)
    found.mails = len(sink.copies)
    found.put_off = sink.put_off
    found.sent_twice = sum(copies > 1 for copies in sink.copies.values())
    found.most_copies = max(sink.copies.values(), default=0)
    found.days = (clock.now() - records.START).days
