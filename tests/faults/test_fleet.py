"""A short run of the experiment with several processes; `./dev experiments fleet` is the long one."""

from pathlib import Path

import pytest

from tests.experiments.fleet import Plan, run
from tests.experiments.places import empty
from tests.experiments.stop import figures


@pytest.mark.postgres
def test_what_six_processes_and_a_new_policy_do_at_once_is_done_once(postgres: str, tmp_path: Path) -> None:
    with empty("postgresql", postgres, tmp_path) as url:
        found = run(url, tmp_path, Plan(seconds=6, clerks=4, cases=150, share=8, drain=False))
    assert found.violations == [], figures(found)
