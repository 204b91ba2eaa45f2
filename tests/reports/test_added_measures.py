"""Measures that came after years had been closed: they change no byte of a year whose scheme does not count them."""

import json

import pytest

from reports.years.yearly import Year, gathered, result_of
from tests.workflow.factories import shipped_policy
from tests.workflow.test_marks import CALENDAR, a_crisis
from workflow.marks import ADDED, marks

#: First response, oral and written report, all in time.
IN_TIME = ("2026-03-02T09:05", "2026-03-02T09:10", "2026-03-02T10:59")


def the_year() -> Year:
    return gathered([a_crisis(*IN_TIME)], year=2026, calendar=CALENDAR)


def counts_under(scheme: str) -> set[str]:
    result = json.loads(result_of(the_year(), shipped_policy().schemes[scheme], zone="Asia/Shanghai"))
    return {code.partition(".")[0] for unit in result["units"] for code in unit["counts"]}


@pytest.mark.parametrize(
    ("scheme", "added"), [("LIGHTS-A", {"crisis_handled"}), ("RATES-B", set()), ("DACHUAN", set()), ("JINHUA", set())]
)
def test_an_added_measure_stands_in_the_years_whose_scheme_counts_it(scheme: str, added: set[str]) -> None:
    """Nothing of this crisis is due yet, so that nothing urgent is counted by JINHUA either."""
    assert {mark.measure for mark in marks(a_crisis(*IN_TIME), CALENDAR)} & ADDED == {"crisis_handled"}
    assert counts_under(scheme) & ADDED == added


def test_the_hash_of_all_marks_is_that_of_the_measures_there_always_were() -> None:
    """As the program before these measures hashed the same crisis: a line for each report in time, for the first response,
    and for taking it in."""
    assert the_year().marks_hash() == "7859932aeb296ae2e754edf4ff3eff49e738515c22fb698f61876b182595cd0a"
