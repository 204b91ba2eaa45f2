"""A short siege of the program as it is served, so that the experiment cannot rot; `./dev experiments crowd` is the long one.

128 descriptors are room for 64 connections of each worker, 32 from one address: fewer than the crowd is.
"""

from tests.experiments.crowd import Found, Plan, figures, run
from tests.experiments.idlers import SCENARIOS

PLAN = Plan(
    clients={"half_a_post": 100, "silence": 20, "dribbled_header": 20, "dribbled_body": 20, "untaken_answers": 5},
    seconds=6, descriptors=128, workers=2, page_seconds=30, health_seconds=30, seed=20260302,
)  # fmt: skip


def test_who_keeps_the_program_waiting_keeps_nobody_else_waiting() -> None:
    found = run(PLAN)
    assert found.failures == [], figures(found)
    _did_something(found)


def _did_something(found: Found) -> None:
    """A siege of which the program noticed nothing proves nothing."""
    assert PLAN.clients.keys() == SCENARIOS.keys()
    assert found.clients["503"] > 100
    assert len(found.during) > 10
    assert 20 < found.most_descriptors < PLAN.descriptors
