"""What starting a clock costs: one of 120 working days against one of 3, and against a bare look-up in the same index.

All sides take the same start instants, at all hours of a thousand different days and in no order, so that nothing that
is remembered of one day helps. What the calendar remembers of every day (where it begins in UTC) it does for all.
"""

import random
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from benchmarks.databases import Bench
from benchmarks.ratios import Block, Compared, Finding, compare, seconds
from cases.policies import shipped_files
from workflow import clocks
from workflow.model import Clock, RecordNumber
from workflow.policy import CasePolicy
from workflow.policy_files import policy_from

PROFILE, CLOCK, RULE = "hotline", "order", "HOT-07"
LONG, SHORT = 120, 3  #: working days
DAYS, FIRST_DAY = 1000, datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS, ROUNDS_SMALL = 200, 3
LOOKUPS_A_START = 20  #: a block of look-ups alone would be too short to time
AGAINST_SHORT, AGAINST_LOOKUP = 1.5, 60.0  #: the gates


def measure(bench: Bench) -> Iterator[Finding]:
    policy = policy_from(shipped_files(), calendar="cn").for_profile(PROFILE)
    instants = _instants()
    rounds = ROUNDS_SMALL if bench.small else ROUNDS
    long, short, lookups = _starts(policy, instants, LONG), _starts(policy, instants, SHORT), _lookups(policy, instants)
    for block in (long, short, lookups):  # all have remembered what they remember
        block()
    yield _finding(f"{SHORT}", compare(long, short, rounds=rounds), AGAINST_SHORT)
    yield _finding("a look-up", compare(long, lookups, rounds=rounds), AGAINST_LOOKUP)


def _instants() -> list[datetime]:
    """One instant on each day, in no order."""
    dice = random.Random(DAYS)
    instants = [FIRST_DAY + timedelta(days=n, minutes=dice.randrange(24 * 60)) for n in range(DAYS)]
    dice.shuffle(instants)
    return instants


def _starts(policy: CasePolicy, instants: Sequence[datetime], length: int) -> Block:
    shipped = policy.rule(CLOCK, on=policy.calendar.local_day(FIRST_DAY))
    assert shipped, "the profile has the order's clock"
    assert shipped.id == RULE, shipped
    rule = replace(shipped, length=length)

    def start(at: datetime) -> Clock:
        return clocks.start(RecordNumber(1), CLOCK, rule, policy, at=at)

    counted = policy.calendar.working_days_between
    for clock in map(start, instants):
        first, last = policy.calendar.local_day(clock.started_at), clocks.due_on(clock, policy.calendar)
        assert counted(first, last) == length, clock
    return lambda: seconds(lambda: deque(map(start, instants), maxlen=0))


def _lookups(policy: CasePolicy, instants: Sequence[datetime]) -> Block:
    """The seconds of one look-up for each start, in the calendar's own index."""
    days = policy.calendar._working_ordinals
    ordinals = [policy.calendar.local_day(at).toordinal() for at in instants] * LOOKUPS_A_START

    def look_up() -> None:
        for day in ordinals:
            bisect_right(days, day)

    return lambda: seconds(look_up) / LOOKUPS_A_START


def _finding(other: str, found: Compared, gate: float) -> Finding:
    ours, theirs = (took / DAYS * 1e6 for took in (found.ours_seconds, found.other_seconds))
    return Finding(
        name=f"count, {LONG} working days to {other}",
        ours=f"{ours:.1f} µs",
        limit=f"{theirs:.2f} µs",
        ratio=found.ratio,
        gate=gate,
    )
