"""A short run of the tamper experiment, so that it cannot rot; `./dev experiments tamper` is the long one."""

import pytest

from tests.experiments.attacks import ATTACKS
from tests.experiments.tamper import COPIES, IN_PLACE, PUT_BACK, Found, Plan, figures, run

PLAN = Plan(seed=20260302, edits=1, each_column=1, attacks=5, copies=9, processes=1)
#: One process makes the tampered copies for all of these.
pytestmark = pytest.mark.xdist_group("tamper")


@pytest.fixture(scope="module")
def found() -> Found:
    return run(PLAN)


def test_every_change_of_the_file_is_noticed_and_no_untouched_copy_is_complained_of(found: Found) -> None:
    assert found.failures == [], figures(found)
    _did_something(found)


def test_the_owner_too_is_refused_as_long_as_the_triggers_stand(found: Found) -> None:
    assert found.of(IN_PLACE)
    assert all(one.refused for one in found.of(IN_PLACE))


def test_only_anchors_notice_what_was_forged_by_somebody_who_knows_the_format(found: Found) -> None:
    """That nobody notices without them is what makes the attacks an experiment."""
    forged = list(ATTACKS)[2:]
    assert [one.what for one in found.of(*forged) if one.without] == []
    after = found.of("the same after the older anchor")
    assert (any(one.older for one in after), all(one.newer for one in after)) == (False, True)


def _did_something(found: Found) -> None:
    """A run in which nothing happened proves nothing."""
    assert len(found.of(PUT_BACK)) == found.columns >= 60
    assert [len(found.of(kind)) for kind in ATTACKS] == [PLAN.attacks] * 6
    assert sum(len(found.of(kind)) for kind in COPIES) == PLAN.copies
    assert found.office.cases > 30
