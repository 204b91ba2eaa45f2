"""What a dry run costs: the plan of an invented notice for 2027 over a million running clocks, and the memory it takes.

The limit is a bare loop over the same rows (`plan_by_hand.py`); both must find the same. A plan takes as long as many
sweeps, so its rounds are few. Running clocks of every rule that ships, of which about one in twenty changes.
"""

import multiprocessing
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from benchmarks.copies import dealt_clocks
from benchmarks.databases import Bench, database
from benchmarks.office import staff_of
from benchmarks.plan_by_hand import Counted, by_hand, names_of, rule_of
from benchmarks.ratios import Finding, compare, seconds
from cases.office import load_office
from cases.planning import Plan, planned
from cases.policies import candidate_of, shipped_files
from infra.db import open_engine, reading
from workflow import clocks
from workflow.model import Clock, RecordNumber, Unit
from workflow.policy import Policy

RUNNING, RUNNING_SMALL, HUNDREDTH = 1_000_000, 10_000, 100
ALIKE = 10  #: running clocks that are alike; others may still have the same ladder
OVERDUE = 1.2  #: clocks started so many times their length ago at most: a sixth is overdue
ROUNDS, ROUNDS_SMALL = 3, 1
OF_BARE, MEGABYTES_MORE = 0.3, 20  #: the gates
NOW = datetime(2026, 12, 10, 1, tzinfo=UTC)
NOTICE = "calendars/cn-2027.toml"
#: What the invented notice says otherwise than the law alone.
SAYS = (("provisional = true\n", ""), ("off = [", "off = [2027-01-02, 2027-01-03, 2027-01-04,"), ("work = [", "work = [2027-01-09"))  # fmt: skip
DAYS_OF = {Unit.MINUTE: 1 / 1440, Unit.HOUR: 1 / 24, Unit.DAY: 1.0, Unit.WORKING_DAY: 7 / 5, Unit.MONTH: 30.0}
EVERY = 100_000  #: clocks between two words of progress


def measure(bench: Bench) -> Iterator[Finding]:
    running = RUNNING_SMALL if bench.small else RUNNING
    for dialect in bench.dialects:
        with database(bench, dialect) as big, database(bench, dialect) as small:
            _book(big, running)
            _book(small, running // HUNDREDTH)
            yield _speed(big, rounds=ROUNDS_SMALL if bench.small else ROUNDS)
            if bench.measures_memory(dialect):
                yield _memory(big, small, running)


def _speed(engine: Engine, *, rounds: int) -> Finding:
    candidate = _candidate(engine)
    plans: list[Plan] = []
    counted: list[Counted] = []
    found = compare(
        lambda: seconds(lambda: plans.append(_plan(engine, candidate))),
        lambda: seconds(lambda: counted.append(by_hand(engine, candidate))),
        rounds=rounds,
    )
    plan = plans[0]
    assert {(one.clocks, one.changes, one.due_dates) for one in plans} == set(counted), (plans, counted)
    assert 0.02 < plan.changes / plan.clocks < 0.2, plan
    return Finding(
        name=f"plan, {plan.changes:,} of {plan.clocks:,} change, {engine.dialect.name}",
        ours=f"{found.ours_seconds:.1f} s",
        limit=f"{found.other_seconds:.1f} s by hand",
        ratio=1 / found.ratio,
        gate=OF_BARE,
        at_least=True,
    )


def _memory(big: Engine, small: Engine, running: int) -> Finding:
    much, little = (_peak_in_a_new_process(engine) for engine in (big, small))
    return Finding(
        name=f"memory of a plan, {big.dialect.name}",
        ours=f"{much:.0f} MB of {running:,}",
        limit=f"{little:.0f} MB of {running // HUNDREDTH:,}, {MEGABYTES_MORE} more",
        ratio=abs(much - little) / MEGABYTES_MORE,
        gate=1.0,
    )


# -- the book ---------------------------------------------------------------------------------------------------------


def _book(engine: Engine, running: int) -> None:
    """Clocks of every rule that ships, started not much longer ago than they last, swept until now."""
    staff, dice = staff_of(engine), random.Random(running)
    policy = staff.office.policy
    names = dice.choices(names_of(policy), k=running // ALIKE)
    dealt = [(profile, _clock(policy, profile, name, dice)) for profile, name in names]
    dealt_clocks(engine, staff, dealt, count=running - 1)  # the office's own case has one, too


def _clock(policy: Policy, profile: str, name: str, dice: random.Random) -> Clock:
    rule, _ = rule_of(policy, profile, name)
    ago = timedelta(days=dice.random() * OVERDUE * rule.length * DAYS_OF[rule.unit])
    clock = clocks.start(RecordNumber(1), name, rule, policy.for_profile(profile), at=NOW - ago)
    return clocks.settled(clock, until=NOW)


def _candidate(engine: Engine) -> Policy:
    notice = shipped_files()[NOTICE].decode()
    for law, invented in SAYS:
        assert law in notice, law
        notice = notice.replace(law, invented)
    with reading(engine) as connection:
        calendar = load_office(connection).policy.calendar.name
        return candidate_of(connection, {NOTICE: notice.encode()}, calendar=calendar)[1]


# -- ours -------------------------------------------------------------------------------------------------------------


def _plan(engine: Engine, candidate: Policy) -> Plan:
    with reading(engine) as connection:
        plan = planned(connection, candidate, now=NOW, progress=_progress)
    print(file=sys.stderr)
    return plan


def _progress(clocks: int) -> None:
    if clocks % EVERY == 0:
        print(f"\rplan: {clocks:,}", end="", file=sys.stderr, flush=True)


def _peak_in_a_new_process(engine: Engine) -> float:
    url = engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as new:
        return new.submit(peak_of_plan, url).result()


def peak_of_plan(url: str) -> float:
    """What the other process does. Its peak is asked of Linux: `ru_maxrss` begins with that of whoever started it."""
    engine = open_engine(url)
    _plan(engine, _candidate(engine))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024
