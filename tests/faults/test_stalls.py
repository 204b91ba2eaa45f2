"""A short run of the experiment with stalls on each database, so that it cannot rot; `./dev experiments stalls` is the long one.

On a machine that is busy with something else an answer takes longer than there: here only as long that it cannot have
waited for the end of the stall.
"""

import pytest

from tests.experiments.places import Place
from tests.experiments.stalls import Plan, figures, run
from tests.faults.test_kill import postgresql_place, sqlite_place

__all__ = ["postgresql_place", "sqlite_place"]

SECONDS, IN_TIME_SECONDS = 7.0, 5.0


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_pages_are_answered_and_forms_and_mails_are_kept_while_something_does_not_come_to_an_end(
    request: pytest.FixtureRequest, database: str
) -> None:
    place: Place = request.getfixturevalue(f"{database}_place")
    plan = Plan(
        seconds=SECONDS, health_seconds=IN_TIME_SECONDS, page_seconds=IN_TIME_SECONDS, form_seconds=20, once=True
    )
    found = run(place, plan)
    assert found.violations == [], figures(found)
