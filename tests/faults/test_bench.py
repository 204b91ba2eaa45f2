"""Every measure in its small form, on both databases, so that none can rot; `./dev bench` is the long one.

A measure compares what both of its sides leave behind before it compares how long they take: when a step or the sweep
writes something new, its hand-written twin has to follow, and here is where that is noticed.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import bindparam, text

from benchmarks.__main__ import MEASURES, main
from benchmarks.copies import open_clocks
from benchmarks.databases import Bench, database
from benchmarks.office import staff_of
from benchmarks.served import ROOT, main_of, tree_of
from benchmarks.sweep_by_hand import effects
from cases.sweep import sweep
from infra.columns import UTCDateTime
from infra.db import transaction


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_runs_and_both_of_its_sides_do_the_same(
    name: str, postgres: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEST_PG_URL", postgres)
    assert main([name, "--small"]) == 0
    table = capsys.readouterr().out
    assert f"{name}: " in table
    assert "NO POSTGRESQL" not in table


#: What one side might forget, undone in the rows that the second of two sweeps has written.
FORGOTTEN = {
    "the mail of the morning": "DELETE FROM message WHERE bundle = 'daily' AND recorded_at = :at",
    "that it waits": "UPDATE message SET next_try_at = recorded_at WHERE bundle = 'daily' AND recorded_at = :at",
    "a column of a mail": "UPDATE message SET lease = 'x' WHERE recorded_at = :at",
    "where a clock goes on": "UPDATE clock SET next_crossing_at = NULL WHERE crossed_until = :at",
    "the ends of chains": "UPDATE stream_head SET seq = seq + 1",
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_what_one_side_of_the_sweep_forgets_is_noticed(what: str, tmp_path: Path) -> None:
    bench = Bench(directory=tmp_path, postgres=None, small=True, closed_cases=0, before="")
    with database(bench, "sqlite") as engine:
        groups = open_clocks(engine, staff_of(engine), count=1000, few=0, few_slots=0, many=2)
        first, second = groups.many
        assert second - first == timedelta(minutes=1)
        sweep(engine, now=first)
        sweep(engine, now=second)
        before = effects(engine, at=first)
        assert effects(engine, at=second) == before
        with transaction(engine) as connection:
            wrong = text(FORGOTTEN[what])
            at = bindparam("at", second, type_=UTCDateTime())
            assert connection.execute(wrong.bindparams(at) if ":at" in FORGOTTEN[what] else wrong).rowcount
        assert effects(engine, at=second) != before


def test_a_commit_is_unpacked_to_be_served_beside_this_tree(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    with tree_of("HEAD", tmp_path) as tree:
        assert (tree / main_of(tree).replace(".", "/")).with_suffix(".py").is_file()
        assert (tree / "templates" / "static").is_dir()
    assert not tree.exists()
