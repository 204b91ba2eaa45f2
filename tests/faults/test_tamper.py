"""A short run of the tamper experiment, so that it cannot rot; `./dev experiments tamper` is the long one."""

from dataclasses import replace

import pytest

from tests.experiments.attacks import ATTACKS
from tests.experiments.copies import DATABASES, FILES
from tests.experiments.tamper import (
    EDITED_IN_PLACE,
    IN_PLACE,
    PROTECTED,
    PUT_BACK,
    PUT_IN,
    TAKEN_OUT,
    TAKEN_OUT_IN_PLACE,
    Found,
    Plan,
    figures,
    run,
)
from verify.office import MAY_GO

#: One change of each column that is taken, of each table a row put in and one taken out, and two of each attack: whoever
#: no longer looks at a table or for an attack is found out by the first. Of the columns each database takes others, by its
#: seed. PostgreSQL, where a look takes twice as long, changes rows of one table in three: the same code looks at them.
SQLITE = Plan(seed=20260302, edits=1, each_column=1, one_in=5, attacks=2, copies=6, processes=1)
POSTGRESQL = replace(SQLITE, seed=20260303, one_in=8, one_in_tables=3, copies=3)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def found(request: pytest.FixtureRequest) -> Found:
    """Once a database: one worker runs all of these (`tests/conftest.py`)."""
    return run(SQLITE) if request.param == "sqlite" else run(POSTGRESQL, server=request.getfixturevalue("postgres"))


def test_every_change_of_the_database_is_noticed_and_no_untouched_copy_is_complained_of(found: Found) -> None:
    assert found.failures == [], figures(found)
    _did_something(found)


def test_the_owner_too_is_refused_as_long_as_the_triggers_stand(found: Found) -> None:
    assert found.of(EDITED_IN_PLACE)
    assert len(found.of(TAKEN_OUT_IN_PLACE)) == len(PROTECTED)
    assert all(one.refused for one in found.of(*IN_PLACE))


def test_only_anchors_notice_what_was_forged_by_somebody_who_knows_the_format(found: Found) -> None:
    """That nobody notices without them is what makes the attacks an experiment."""
    forged = list(ATTACKS)[2:]
    assert [one.what for one in found.of(*forged) if one.without] == []
    after = found.of("the same after the older anchor")
    assert (any(one.older for one in after), all(one.newer for one in after)) == (False, True)


def _did_something(found: Found) -> None:
    """A run in which nothing happened proves nothing."""
    plan = POSTGRESQL if found.database == "PostgreSQL" else SQLITE
    assert len(found.of(PUT_BACK)) == found.columns >= 250 // plan.one_in
    put_in = {one.trial.table for one in found.of(PUT_IN)}
    assert len(found.of(PUT_IN)) == len(put_in) >= 30 // plan.one_in_tables
    assert sorted(one.trial.table for one in found.of(TAKEN_OUT)) == sorted(put_in - MAY_GO)
    assert [len(found.of(kind)) for kind in ATTACKS] == [plan.attacks] * 6
    assert len(found.of(*FILES, *DATABASES)) == plan.copies
    assert found.office.cases > 30
