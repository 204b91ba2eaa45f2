"""What another ladder or another scheme would have given, by hand-made literals and on the demo; nothing is touched."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cases.history import histories
from cases.office import OfficeContext, load_office
from cases.sweep import sweep
from infra.db import reading
from reports.years.whatif import what_if
from tests.databases import found
from tests.demo import BUILT_AT, demo_copy
from tests.reports.ended import local
from tests.reports.told import Steps, appealed, decided, handed, in_hand, replied
from workflow.history import History, Lit
from workflow.model import TIMERS
from workflow.whatif import under


@pytest.fixture(scope="module")
def demo(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, OfficeContext]]:
    with demo_copy(demo_file, tmp_path_factory.mktemp("demo")) as engine:
        with reading(engine) as connection:
            office = load_office(connection)
        yield engine, office


# -- what would have been ---------------------------------------------------------------------------------------------


def compared(engine: Engine, ladder: str, *, now: str) -> dict[int, tuple[Decimal | None, Decimal | None]]:
    with reading(engine) as connection:
        office = load_office(connection)
        scheme = office.policy.schemes["LIGHTS-A"]
        found = what_if(
            connection,
            year=2026,
            scheme=scheme,
            other=scheme,
            ladder=ladder,
            actor=TIMERS,
            office=office,
            now=local(now),
        )
    return {one.unit: (one.now and one.now.score.total, one.then and one.then.score.total) for one in found}


POST: dict[str, tuple[Steps, str, str]] = {
    # Answered on 9 March 2026, yellow since the 6th under `third`; under `post` nothing lights before the 10th.
    "in time": ((*in_hand("2026-03-02"), *replied("2026-03-09T15:00")), "99.50", "100.00"),
    # Answered on the 10th at 10:00: red under `third`, yellow under `post`, whose red would come on the 17th.
    "late": ((*in_hand("2026-03-02"), *replied("2026-03-10T10:00")), "99.00", "99.50"),
    # Never answered, and looked at on 1 April: red under both.
    "never": (in_hand("2026-03-02"), "99.00", "99.00"),
    # What was decided about a real light does not carry over: under `third` itself the waived yellow is there again.
    "waived": (
        (*in_hand("2026-03-02"), *replied("2026-03-10T10:00"), *appealed("2026-03-11T09:00", "order:red"),
         *decided("2026-03-12T09:00", "upheld")),
        "99.50", "99.50",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", POST)
def test_what_post_would_have_given(engine: Engine, name: str) -> None:
    steps, now, then = POST[name]
    office = found(engine)
    office.tell("hotline", *steps)
    sweep(engine, now=local("2026-04-01T09:00"))
    before = _rows(engine)
    assert compared(engine, "post", now="2026-04-01T09:00")[office.units["room"]] == (Decimal(now), Decimal(then))
    assert _rows(engine) == before


def _rows(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return [
            connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("event", "mark", "tally", "message", "clock")
        ]


def test_what_if_counts_a_light_to_whoever_would_have_held_the_case(engine: Engine) -> None:
    # Under `post` it would have lit on the 10th at 00:00, when the desk had it since the 9th: the late answer is yellow.
    office = found(engine)
    steps = (*in_hand("2026-03-02"), *handed("2026-03-09T09:00", "2026-03-09T09:30", "2026-03-09T10:00", unit="desk"))
    office.tell("hotline", *steps, *replied("2026-03-10T10:00", unit="desk"))
    found_ = compared(engine, "post", now="2026-04-01T09:00")
    assert found_[office.units["desk"]] == (Decimal("99.00"), Decimal("99.50"))
    assert found_[office.units["room"]] == (Decimal(100), Decimal(100))


def _lights(history: History) -> set[tuple[Any, ...]]:
    def of(lit: Lit) -> tuple[Any, ...]:
        return (lit.clock, lit.rung, lit.light, lit.at, lit.unit, lit.person)

    return {of(lit) for lit in history.lit}


def _differing(demo: tuple[Engine, OfficeContext]) -> set[str]:
    """Of the clocks whose lights the office's own ladder would have lit otherwise: their rules."""
    engine, office = demo
    rules = set()
    with reading(engine) as connection:
        for history in histories(connection, actor=TIMERS):
            policy = office.policy.for_profile(history.profile)
            supposed = under(history, office.policy.ladders["third"], policy, now=BUILT_AT)
            differing = {light[0] for light in _lights(history) ^ _lights(supposed)}
            rules |= {clock.rule for clock in history.clocks if clock.number in differing}
    return rules


def test_the_ladder_that_lit_would_have_lit_the_same_wherever_the_profile_chooses_it(
    demo: tuple[Engine, OfficeContext],
) -> None:
    assert _differing(demo) <= {"OFC-01"}  # the one rule of the demo that names a ladder of its own


def test_the_ladder_that_lit_would_have_lit_the_same(demo: tuple[Engine, OfficeContext]) -> None:
    assert _differing(demo) == set()


def test_another_scheme_is_compared_without_changing_what_lit(demo: tuple[Engine, OfficeContext]) -> None:
    engine, office = demo
    scheme = office.policy.schemes["LIGHTS-A"]
    lenient = replace(scheme, items=scheme.items[1:])  # no points for lights at all
    with reading(engine) as connection:
        found_ = what_if(
            connection, year=2025, scheme=scheme, other=lenient, ladder=None, actor=TIMERS, office=office, now=BUILT_AT
        )
    assert len(found_) == 5
    for one in found_:
        assert one.now is not None
        assert one.then is not None
        assert one.then.score.total == 100 > (one.now.score.total or 0)
