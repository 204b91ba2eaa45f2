"""What the sheets of all units cost, for a year of closed cases: counted anew from the marks, and from the tallies.

The limit of both is one SELECT of the same counts through the bare driver, grouped in the order of the index that covers
it; it makes no sheet. Ours makes the sheets of two schemes. Last comes what it takes to tally cases that have moved.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine

from benchmarks.copies import full_copies
from benchmarks.databases import Bench, database
from benchmarks.marked_year import marked_year
from benchmarks.memory import peak_of
from benchmarks.office import READY_AT, Staff, staff_of
from benchmarks.ratios import Finding, compare, seconds
from cases.office import OfficeContext, load_office
from cases.tally import BATCH, NOBODY, Key, counts, fresh, keep_up, recount, tally_some
from infra.db import reading, transaction
from reports.years.assessment import Sheet, sheets_of
from workflow.procedures.every_case.commands import ExtendByConsent
from workflow.procedures.mediation.commands import HoldSession, Settle

YEAR = READY_AT.year
SCHEMES = ("LIGHTS-A", "RATES-B")
ROUNDS, ROUNDS_SMALL = 5, 3
MOVED, MOVED_SMALL = 5000, 100
#: The gates: seconds of a recount to those of the limit, and how many times the tallies are quicker than the limit.
RECOUNT, TALLIES = 2.0, 20.0
BY_HAND = (
    "SELECT year, unit, person, measure, outcome, count(*) FROM mark WHERE year = {year} "
    "GROUP BY year, unit, person, measure, outcome"
)

Sheets = tuple[tuple[Sheet, ...], ...]


def measure(bench: Bench) -> Iterator[Finding]:
    for dialect in bench.dialects:
        with database(bench, dialect) as engine:
            staff = staff_of(engine)
            marked_year(engine, staff, year=YEAR, count=bench.closed_cases)
            keep_up(engine, staff.office.policy.calendar)  # the office's own case
            _assert_alike(engine, staff.office)
            rounds = ROUNDS_SMALL if bench.small else ROUNDS
            yield from _speed(engine, staff.office, rounds=rounds)
            if bench.measures_memory(dialect):
                yield from _memory(engine)
            yield _catching_up(engine, staff, first=staff.case_id + bench.closed_cases + 1, small=bench.small)


def _speed(engine: Engine, office: OfficeContext, *, rounds: int) -> Iterator[Finding]:
    def by_hand() -> float:
        return seconds(lambda: _by_hand(engine))

    anew = compare(lambda: seconds(lambda: _anew(engine, office)), by_hand, rounds=rounds)
    yield Finding(
        name=f"sheets of all units, counted anew, {engine.dialect.name}",
        ours=f"{anew.ours_seconds:.2f} s",
        limit=f"{anew.other_seconds:.2f} s by hand",
        ratio=anew.ratio,
        gate=RECOUNT,
    )
    kept = compare(lambda: seconds(lambda: _from_tallies(engine, office)), by_hand, rounds=rounds)
    yield Finding(
        name=f"sheets of all units, from the tallies, {engine.dialect.name}",
        ours=f"{kept.ours_seconds * 1e3:.0f} ms",
        limit=f"{kept.other_seconds * 1e3:,.0f} ms by hand",
        ratio=1 / kept.ratio,
        gate=TALLIES,
        at_least=True,
    )


def _memory(engine: Engine) -> Iterator[Finding]:
    limit = peak_of(_by_hand, engine)
    for name, work in (("counted anew", recounted_in_a_new_process), ("from the tallies", tallied_in_a_new_process)):
        yield Finding(
            name=f"memory of sheets, {name}, {engine.dialect.name}",
            ours=f"{(ours := peak_of(work, engine)):.0f} MiB",
            limit=f"{limit:.0f} MiB by hand",
            ratio=ours / limit,
        )


# -- ours -------------------------------------------------------------------------------------------------------------


def _anew(engine: Engine, office: OfficeContext) -> Sheets:
    with reading(engine) as connection:
        return _sheets(office, recount(connection, year=YEAR))


def _from_tallies(engine: Engine, office: OfficeContext) -> Sheets:
    with reading(engine) as connection:
        beside = fresh(connection, office.policy.calendar)
        return _sheets(office, counts(connection, year=YEAR, beside=beside, by_person=False))


def _sheets(office: OfficeContext, found: Counter[Key]) -> Sheets:
    schemes = (office.policy.schemes[name] for name in SCHEMES)
    return tuple(sheets_of(found, scheme, by_person=False) for scheme in schemes)


def recounted_in_a_new_process(engine: Engine) -> None:
    _anew(engine, _office(engine))


def tallied_in_a_new_process(engine: Engine) -> None:
    _from_tallies(engine, _office(engine))


def _office(engine: Engine) -> OfficeContext:
    with reading(engine) as connection:
        return load_office(connection)


# -- by hand ----------------------------------------------------------------------------------------------------------


def _by_hand(engine: Engine) -> list[tuple[Any, ...]]:
    with reading(engine) as connection:
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        cursor.execute(BY_HAND.format(year=YEAR))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.close()
    return rows


def _assert_alike(engine: Engine, office: OfficeContext) -> None:
    """All three say the same, and it is what they are meant to say."""
    with reading(engine) as connection:
        anew = recount(connection, year=YEAR)
        kept = counts(connection, year=YEAR, beside=fresh(connection, office.policy.calendar))
    limit = {(y, unit, person or NOBODY, *kind): n for y, unit, person, *kind, n in _by_hand(engine)}
    assert anew == kept == limit, "the tallies are not the counts of the marks"
    sheets = _anew(engine, office)
    assert sheets == _from_tallies(engine, office), "the sheets differ"
    assert all(len(of_scheme) >= len({unit for _, unit, *_ in limit}) > 1 for of_scheme in sheets), "units are missing"


# -- catching up ------------------------------------------------------------------------------------------------------


def _catching_up(engine: Engine, staff: Staff, *, first: int, small: bool) -> Finding:
    """Cases a second that are tallied, in the batches of the recurring job, with the marks of the year about them."""
    _settle(engine, staff)
    full_copies(engine, staff, first=first, count=MOVED_SMALL if small else MOVED)
    moved = 0

    def catch_up() -> None:
        nonlocal moved
        while found := _batch(engine, staff.office):
            moved += found

    took = seconds(catch_up)
    return Finding(
        name=f"tallying cases that have moved, {engine.dialect.name}",
        ours=f"{moved / took:,.0f} cases/s of {moved:,}",
        limit=f"none; batches of {BATCH}",
    )


def _batch(engine: Engine, office: OfficeContext) -> int:
    with transaction(engine) as connection:
        return tally_some(connection, office.policy.calendar)


def _settle(engine: Engine, staff: Staff) -> None:
    """Three more steps of the office's own case, so that its copies have more to say."""
    steps = (
        HoldSession(form="joint", place="调解室", minutes="双方到场, 达成一致。" * 5),
        ExtendByConsent(to_length=45, consenting=staff.parties),
        Settle(
            form="written", terms="三十日内付清。", amount_yuan=3000, performance_due_on=date(YEAR, 11, 12),
            signed_by=staff.parties, mediator_signed=True, sealed=True,
        ),
    )  # fmt: skip
    for hours, command in enumerate(steps, start=1):
        staff.take(engine, staff.case_id, command, now=READY_AT + timedelta(hours=hours))
