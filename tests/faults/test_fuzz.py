"""A short run of the fuzz experiment, so that it cannot rot; `./dev experiments fuzz` is the long one."""

from tests.experiments.fuzz import Found, Plan, figures, run
from tests.experiments.visitors import WHO

REQUESTS, SEED = 400, 20260302


def test_nothing_that_is_sent_is_answered_5xx_or_without_the_strict_headers() -> None:
    found = run(Plan(requests=REQUESTS, seed=SEED))
    assert found.failures == [], figures(found)
    _did_something(found)


def _did_something(found: Found) -> None:
    """Requests that are all refused at the door prove nothing."""
    assert sum(found.statuses.values()) == REQUESTS
    assert len(found.visitors) == len(WHO)
    assert found.pages > 200
    assert found.forms > 50
    assert found.let_in > REQUESTS / 5
    assert {200, 303, 400, 403, 404, 405, 413, 422} <= found.statuses.keys()
