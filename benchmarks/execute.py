"""How far `execute` is from its own statements, written by hand for the driver.

Three steps on each case (`execute_by_hand.py`), each committed by itself, on copies of one case. The values of the
hand-written side are those that the program gave the driver on another copy, so it neither decides nor hashes. That
both sides say the same is proved before anything is measured.
"""

import secrets
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from benchmarks.copies import full_copies
from benchmarks.databases import Bench, database
from benchmarks.execute_by_hand import statements
from benchmarks.office import Staff, staff_of
from benchmarks.ratios import Finding, compare, seconds
from benchmarks.recording import Said, recorder, shape_of
from cases.finding import BITS, key_of
from infra.db import AUTOCHECKPOINT_PAGES, BUSY_TIMEOUT_MS, reading
from workflow.commands import Command
from workflow.procedures.every_case.commands import ExtendByConsent
from workflow.procedures.mediation.commands import HoldSession, Settle

ROUNDS, CASES_A_BLOCK = 40, 20
#: The share of the hand-written throughput to reach: a commit that waits longer hides more of us.
GATES = {"sqlite": 0.4, "postgresql": 0.6}
#: The case whose steps are recorded. No other value in a step is so large, so that it can be told apart.
RECORDED = 7_000_001
LEFT_BEHIND = (
    ("cases", "id", "version, state, next_number, next_due_at, outcome"),
    ("clock", "case_id", "number, name, outcome, due_at, rungs, next_crossing_at"),
    ("personal_text", "case_id", "number, kind, content"),
    ("finding", "id >> 20", "words"),
    ("event", "stream", "seq, code, occurred_at, length(data)"),
    ("stream_head", "stream", "seq"),
    ("message", "stream", "seq, recipient, next_try_at"),
)


def measure(bench: Bench) -> Iterator[Finding]:
    for dialect in bench.dialects:
        with database(bench, dialect) as engine:
            yield _on(engine, rounds=3 if bench.small else ROUNDS)


def _on(engine: Engine, *, rounds: int) -> Finding:
    staff, dialect = staff_of(engine), engine.dialect.name
    full_copies(engine, staff, first=RECORDED, count=1)
    said = _recorded(engine, staff)
    first, needed = staff.case_id + 1, (rounds + 1) * 2 * CASES_A_BLOCK
    cases = iter(full_copies(engine, staff, first=first, count=needed))
    with _driver(engine) as driver:
        ours = _block(cases, lambda case_id: _ours(engine, staff, case_id))
        hand = _block(cases, _by_hand(driver, said, statements(dialect)))
        compare(ours, hand, rounds=1)  # both have compiled, prepared and cached what they need
        _assert_alike(engine, first, first + CASES_A_BLOCK)
        found = compare(ours, hand, rounds=rounds)
    steps = CASES_A_BLOCK * len(said)
    return Finding(
        name=f"execute, {dialect}",
        ours=f"{steps / found.ours_seconds:,.0f} steps/s",
        limit=f"{steps / found.other_seconds:,.0f} by hand",
        ratio=1 / found.ratio,
        gate=GATES[dialect],
        at_least=True,
    )


def _block(cases: Iterator[int], walk: Callable[[int], None]) -> Callable[[], float]:
    """One block of work: the steps of so many cases that nobody has touched yet."""

    def block() -> float:
        taken = [next(cases) for _ in range(CASES_A_BLOCK)]
        return seconds(lambda: deque(map(walk, taken), maxlen=0))

    return block


# -- ours -------------------------------------------------------------------------------------------------------------


def _commands(staff: Staff) -> tuple[Command, ...]:
    terms = {
        "form": "written",
        "terms": "三十日内付清。",
        "amount_yuan": 3000,
        "performance_due_on": date(2026, 11, 12),
    }
    return (
        HoldSession(form="joint", place="调解室", minutes="双方到场, 各自陈述, 未能一致。" * 5),
        ExtendByConsent(to_length=45, consenting=staff.parties),
        Settle(signed_by=staff.parties, mediator_signed=True, sealed=True, **terms),  # type: ignore[arg-type]  # a dict of several types
    )


def _ours(engine: Engine, staff: Staff, case_id: int) -> None:
    for hours, command in enumerate(_commands(staff), 1):
        staff.take(engine, case_id, command, now=staff.ready_at + timedelta(hours=hours))


def _recorded(engine: Engine, staff: Staff) -> dict[str, list[Said]]:
    """What each step says to the driver. Raises AssertionError if the hand-written steps say anything else."""
    steps: dict[str, list[Said]] = {}
    by_hand = statements(engine.dialect.name)
    with recorder(engine) as (listening, said):
        for hours, command in enumerate(_commands(staff), 1):
            said.clear()
            staff.take(listening, RECORDED, command, now=staff.ready_at + timedelta(hours=hours))
            name = type(command).__name__
            ours, theirs = [one.shape for one in said], [shape_of(sql) for sql in by_hand[name]]
            assert ours == theirs, _difference(name, ours, theirs)
            steps[name] = list(said)
    return steps


def _difference(name: str, ours: Sequence[str], theirs: Sequence[str]) -> str:
    said = "\n  ".join(one for one in ours if one not in theirs)
    written = "\n  ".join(one for one in theirs if one not in ours)
    return f"{name}: execute_by_hand.py has to follow.\nOnly we say:\n  {said}\nOnly by hand:\n  {written}\n{ours=}"


# -- by hand ----------------------------------------------------------------------------------------------------------


@contextmanager
def _driver(engine: Engine) -> Iterator[Any]:
    """A bare connection of the driver with the settings that `infra/db.py` gives to its own."""
    if engine.dialect.name == "sqlite":
        assert engine.url.database, "a file"
        driver: Any = sqlite3.connect(engine.url.database, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
        for pragma in ("synchronous=full", "foreign_keys=on", "recursive_triggers=on", "trusted_schema=off"):
            driver.execute(f"PRAGMA {pragma}")
        driver.execute(f"PRAGMA wal_autocheckpoint={AUTOCHECKPOINT_PAGES}")
    else:
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        driver = psycopg.connect(url)
    yield driver
    driver.close()


def _by_hand(driver: Any, said: dict[str, list[Said]], written: dict[str, tuple[str, ...]]) -> Callable[[int], None]:
    """Says the recorded values with the hand-written statements, for another case and under another key."""
    steps = [[(sql, one.values, one.many) for sql, one in zip(written[name], said[name], strict=True)] for name in said]
    begin = "BEGIN IMMEDIATE" if isinstance(driver, sqlite3.Connection) else None  # psycopg says BEGIN by itself

    def walk(case_id: int) -> None:
        for step in steps:
            key = "request:" + secrets.token_hex(20)
            cursor = driver.cursor()
            if begin:
                cursor.execute(begin)
            for sql, values, many in step:
                if many:
                    cursor.executemany(sql, [_for(case_id, key, row) for row in values])
                else:
                    cursor.execute(sql, _for(case_id, key, values))
                    if cursor.description:
                        cursor.fetchall()
            driver.commit()
            cursor.close()

    return walk


def _for(case_id: int, key: str, values: list[Any]) -> list[Any]:
    return [_value(case_id, key, value) for value in values]


def _value(case_id: int, key: str, value: Any) -> Any:
    if isinstance(value, str):
        return key if value[:8] == "request:" else value
    if isinstance(value, int) and value >> BITS == RECORDED:  # the key of a text among what can be found
        return key_of(case_id, value & (1 << BITS) - 1)
    return case_id if value == RECORDED else value


def _assert_alike(engine: Engine, ours: int, by_hand: int) -> None:
    """Both sides have left the same behind, but for the salts, hashes and keys."""
    with reading(engine) as connection:
        for table, key, columns in LEFT_BEHIND:
            found = [
                connection.execute(text(f"SELECT {columns} FROM {table} WHERE {key} = :id ORDER BY 1"), {"id": case_id}).all()
                for case_id in (ours, by_hand)
            ]  # fmt: skip
            assert found[0] == found[1], f"{table}: {found}"
