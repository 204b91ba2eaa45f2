"""The demo office under every scheme and in both of its years: what the program says is what the rules on paper give."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from cases.office import OfficeContext, load_office
from cases.tally import counts, fresh, keep_up
from infra.db import reading, transaction
from reports.years.assessment import Assessment, Sheet, assess
from tests.demo import demo_copy
from tests.oracle import marks_by_hand as by_hand
from workflow.model import TIMERS

YEARS = (2025, 2026)
SCHEMES = ("LIGHTS-A", "RATES-B", "DACHUAN", "JINHUA")


class Demo:
    """The demo office with what the oracle makes of its ledger."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with reading(engine) as connection:
            self.office: OfficeContext = load_office(connection)
            self.kept = by_hand.tally(connection, zone="Asia/Shanghai")
            self.above = _tree(connection)

    def assessed(self, year: int, scheme: str) -> Assessment:
        with reading(self.engine) as connection:
            return assess(connection, year=year, scheme=scheme, actor=TIMERS, office=self.office)


def _tree(connection: Connection) -> dict[int, set[int]]:
    """Every unit with itself and all above it."""
    parents = {row.id: row.parent for row in connection.execute(text("SELECT id, parent_id AS parent FROM unit"))}
    found = {}
    for unit in parents:
        line, at = set(), unit
        while at is not None:
            line.add(at)
            at = parents[at]
        found[unit] = line
    return found


@pytest.fixture(scope="module")
def demo(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_copy(demo_file, tmp_path_factory.mktemp("demo")) as engine:
        yield Demo(engine)


def _written(sheets: Iterable[Sheet], of: Callable[[Sheet], Any]) -> dict[Any, by_hand.Written]:
    return {of(one): _of_score(one.score) for one in sheets}


def _of_score(score: Any) -> by_hand.Written:
    return by_hand.Written({line.item.code: line.points for line in score.lines}, score.total)


def _expected(scheme: str, found: dict[Any, by_hand.Own]) -> dict[Any, by_hand.Written]:
    return {key: by_hand.sheet(scheme, own) for key, own in found.items()}


def _counts(connection: Connection, demo: Demo, year: int) -> Counter[Any]:
    return counts(connection, year=year, beside=fresh(connection, demo.office.policy.calendar))


@pytest.mark.parametrize("year", YEARS)
def test_the_counts_of_the_demo_are_those_worked_out_on_paper(demo: Demo, year: int) -> None:
    with reading(demo.engine) as connection:
        found = _counts(connection, demo, year)
    assert found == {key: n for key, n in demo.kept.items() if key[0] == year}
    assert len(found) > 50


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("year", YEARS)
def test_every_sheet_of_the_demo_comes_to_what_it_comes_to_on_paper(demo: Demo, year: int, scheme: str) -> None:
    found = demo.assessed(year, scheme)
    units = by_hand.gathered(demo.kept, year, of=lambda unit, _: unit)
    people = by_hand.gathered(demo.kept, year, of=lambda unit, person: (unit, person) if person else None)
    assert _written(found.units, lambda one: one.unit) == _expected(scheme, units)
    assert _written(found.people, lambda one: (one.unit, one.person)) == _expected(scheme, people)
    for sheet in found.units:
        before = by_hand.sheet(scheme, by_hand.without_waivers(units[sheet.unit]))
        assert _of_score(sheet.before) == before


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("year", YEARS)
def test_a_level_is_everything_counted_at_it_and_below_it(demo: Demo, year: int, scheme: str) -> None:
    found = demo.assessed(year, scheme).levels
    assert found
    for sheet in found:
        below = {unit for unit, line in demo.above.items() if sheet.unit in line}
        kept = Counter({(key[0], 0, 0, *key[3:]): 0 for key in demo.kept})
        for key, n in demo.kept.items():
            kept[key[0], 0, 0, key[3], key[4]] += n if key[1] in below else 0
        own = by_hand.gathered(kept, year, of=lambda unit, _: unit)[0]
        assert _of_score(sheet.score) == by_hand.sheet(scheme, own)


def test_what_the_timers_have_tallied_changes_no_sheet(demo: Demo) -> None:
    before = [demo.assessed(year, "LIGHTS-A") for year in YEARS]
    with transaction(demo.engine) as connection:
        for statement in ("DELETE FROM mark", "DELETE FROM tally", "UPDATE stream_head SET tallied = 0"):
            connection.execute(text(statement))
    assert [demo.assessed(year, "LIGHTS-A") for year in YEARS] == before
    with reading(demo.engine) as connection:  # nothing is tallied: every mark is worked out here and now
        anew = [_counts(connection, demo, year) for year in YEARS]
    assert sum(anew, Counter()) == demo.kept
    assert keep_up(demo.engine, demo.office.policy.calendar) > 300
    assert [demo.assessed(year, "LIGHTS-A") for year in YEARS] == before
    assert keep_up(demo.engine, demo.office.policy.calendar) == 0


def test_the_demo_years_hold_what_a_difference_would_show_in(demo: Demo) -> None:
    """Were nothing late, waived, open or dissatisfied, two wrong programs could agree."""
    for what, how in (
        ("light", "red"), ("light", "yellow"), ("closed", "late"), ("accepted", "late"), ("due", "open"),
        ("rated", "dissatisfied"), ("answered", "unrated"), ("extended", "granted"),
    ):  # fmt: skip
        assert any(key[3:] == (what, how) for key in demo.kept), (what, how)
    lit, counted = (sum(n for key, n in demo.kept.items() if key[3] == what) for what in ("lit", "light"))
    assert lit > counted
