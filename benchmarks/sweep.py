"""What a sweep costs: against four set-based statements, and with ten times as many open clocks.

Each round uses up clocks that nobody has touched yet (`copies.py`): ours and the limit take turns on the same tables,
each on its own instant. A sweep of 50,000 takes seconds, so its rounds are few and long; between them, unmeasured, the
write-ahead log is folded up.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from benchmarks.copies import SHARES, SLOTS, Groups, open_clocks
from benchmarks.databases import Bench, database, folded_up
from benchmarks.office import staff_of
from benchmarks.ratios import Block, Compared, Finding, compare, seconds
from benchmarks.sweep_by_hand import effects, sweep_by_hand
from cases.sweep import sweep

OPEN, OPEN_SMALL = 1_000_000, 10_000
TENTH = 10  #: the other database has a tenth of the open clocks
MANY_ROUNDS, FEW_ROUNDS, IDLE_ROUNDS, ROUNDS_SMALL = 5, 20, 40, 2
IDLE_SWEEPS_A_BLOCK = 20
AGAINST_HAND, FEW_AMONG_MORE, NOTHING_AMONG_MORE = 2.5, 4.0, 1.5  #: the gates


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    engine: Engine
    clocks: int
    groups: Groups


def measure(bench: Bench) -> Iterator[Finding]:
    count = OPEN_SMALL if bench.small else OPEN
    for dialect in bench.dialects:
        with ExitStack() as stack:
            big, small = (stack.enter_context(database(bench, dialect)) for _ in range(2))
            offices = _office(big, count, tenth=False), _office(small, count // TENTH, tenth=True)
            yield from _on(*offices, dialect, at_most=ROUNDS_SMALL if bench.small else IDLE_ROUNDS)


def _office(engine: Engine, count: int, *, tenth: bool) -> Office:
    """Groups of a thousandth of the bigger office come due in both; shares of 5 % in the bigger one alone."""
    few_slots, many = (TENTH, 0) if tenth else (1, 2 * MANY_ROUNDS)
    staff = staff_of(engine)
    groups = open_clocks(engine, staff, count=count, few=FEW_ROUNDS, few_slots=few_slots, many=many)
    return Office(engine=engine, clocks=count, groups=groups)


def _on(big: Office, small: Office, dialect: str, *, at_most: int) -> Iterator[Finding]:
    idle = compare(_idle(big), _idle(small), rounds=min(IDLE_ROUNDS, at_most))
    yield _scaling(f"sweep, nothing due, {dialect}", idle, big, small, NOTHING_AMONG_MORE, per=IDLE_SWEEPS_A_BLOCK)
    few = compare(_few(big), _few(small), rounds=min(FEW_ROUNDS, at_most))
    yield _scaling(f"sweep, {big.clocks // SLOTS:,} due, {dialect}", few, big, small, FEW_AMONG_MORE, per=1)
    instants = iter(big.groups.many)  # one row for both sides: whoever is next takes what comes due next
    left: list[dict[str, object]] = []
    ours = _many(big.engine, instants, left, lambda now: sweep(big.engine, now=now))
    hand = _many(big.engine, instants, left, lambda now: sweep_by_hand(big.engine, now=now))
    many = compare(ours, hand, rounds=min(MANY_ROUNDS, at_most))
    assert left[0]["events"][0][0] == big.clocks // SHARES, left[0]
    assert all(one == left[0] for one in left), left
    yield Finding(
        name=f"sweep, {big.clocks // SHARES:,} of {big.clocks:,}, {dialect}",
        ours=f"{many.ours_seconds:.2f} s",
        limit=f"{many.other_seconds:.2f} s by hand",
        ratio=many.ratio,
        gate=AGAINST_HAND,
    )


def _idle(office: Office) -> Block:
    def once() -> None:
        assert sweep(office.engine, now=office.groups.nothing_due_at).clocks == 0

    return lambda: sum(seconds(once) for _ in range(IDLE_SWEEPS_A_BLOCK))


def _few(office: Office) -> Block:
    instants = iter(office.groups.few)
    return lambda: seconds(lambda: sweep(office.engine, now=next(instants)))


def _many(
    engine: Engine, instants: Iterator[datetime], left: list[dict[str, object]], work: Callable[[datetime], object]
) -> Block:
    """One share of the clocks a block. What it has left behind is noted, to be compared with the others."""

    def block() -> float:
        now = next(instants)
        folded_up(engine)
        took = seconds(lambda: work(now))
        left.append(effects(engine, at=now))
        return took

    return block


def _scaling(name: str, found: Compared, big: Office, small: Office, gate: float, *, per: int) -> Finding:
    return Finding(
        name=name,
        ours=f"{found.ours_seconds / per * 1000:.2f} ms of {big.clocks:,}",
        limit=f"{found.other_seconds / per * 1000:.2f} ms of {small.clocks:,}",
        ratio=found.ratio,
        gate=gate,
    )
