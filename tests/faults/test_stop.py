"""A short run of the experiment with SIGTERM on each database; `./dev experiments stop` is the long one."""

from pathlib import Path

import pytest

from tests.experiments.places import empty
from tests.experiments.stop import Plan, figures, run


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_what_is_in_hand_is_finished_and_what_is_left_is_done_once_by_the_next(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    server = request.getfixturevalue("postgres") if database == "postgresql" else None
    with empty(database, server, tmp_path) as url:
        found = run(url, tmp_path, Plan(clocks=1000, closed=3_000, mails=5, mail_seconds=0.5, request_seconds=2.0))
    assert found.violations == [], figures(found)
