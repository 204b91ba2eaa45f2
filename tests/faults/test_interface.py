"""A short run of the experiment with the interface, so that it cannot rot; `./dev experiments interface` is the long one."""

from tests.experiments.interface import Plan, figures, run

EXAMPLES, SEED = 5, 20260302


def test_whatever_the_description_allows_is_answered_as_described_and_changes_nothing_without_an_event() -> None:
    found = run(Plan(examples=EXAMPLES, seed=SEED))
    assert found.failures == [], figures(found)
    assert found.operations > 60
    assert found.changes > 2, "requests that all end at the door prove nothing"
    assert {200, 404, 409, 422} <= found.statuses.keys()
