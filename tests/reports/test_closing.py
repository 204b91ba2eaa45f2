"""A year is closed by two people, once, under exactly what both of them saw.

The small office has two hotline orders of Monday 3 March 2025 (days 4, 5, 6, 7, 10; yellow on the 7th, red on the 11th): one
answered on the 10th, yellow, and one never answered, red.
"""

import pytest
from sqlalchemy import Engine, text

from cases.execute import execute
from infra.db import reading, transaction
from reports.years.assessment import YearWithoutCalendar, YearWithoutData
from reports.years.closed_years import NotClosed, closed_year
from reports.years.closing import AppealsWait, ClosedAlready, NotProposed, RecordHasMoved, SignedByTheSame, TooEarly
from tests.databases import found
from tests.reports.ended import SIGNED_AT, Ended, ended, local, refused
from tests.reports.told import appealed, came_in, in_hand, replied
from workflow.policy import NoSuchScheme
from workflow.procedures.every_case.commands import DecideWaiver

__all__ = ["ended"]

# -- two signatures ---------------------------------------------------------------------------------------------------


def test_two_people_close_a_year_and_it_is_kept_with_both_names(ended: Ended) -> None:
    result_hash = ended.close()
    with reading(ended.engine) as connection:
        year = closed_year(connection, 2025)
    assert year is not None
    accounts = ended.office.accounts
    assert (year.proposed_by, year.closed_by) == (accounts["assessor"], accounts["auditor"])
    assert (year.scheme, year.result_hash, year.cases) == ("LIGHTS-A", result_hash, 2)
    units = ended.office.units
    # The room: one yellow, one red: 100 - 0.5 - 1. The centre has taken two in and nothing else.
    assert {sheet.unit: (sheet.total, sheet.before) for sheet in year.sheets} == {
        units["centre"]: ("100", "100") if year.sheets[0].total == "100" else ("100.00", "100.00"),
        units["room"]: ("98.50", "98.50"),
    }
    proof = ended.proof()
    assert proof.ok
    assert proof.content.decode() == year.result


def test_the_second_signature_is_somebody_elses(ended: Ended) -> None:
    result_hash = ended.propose()
    refused(SignedByTheSame, ended.sign, result_hash, by="assessor")
    ended.sign(result_hash)


def test_a_proposal_of_ones_own_does_not_turn_somebody_into_the_second_signer(ended: Ended) -> None:
    result_hash = ended.propose(by="assessor")
    ended.propose(by="auditor", at="2026-01-16T11:00")
    refused(SignedByTheSame, ended.sign, result_hash, by="auditor")
    ended.sign(result_hash, by="assessor")


def test_nothing_is_signed_that_nobody_has_proposed(ended: Ended) -> None:
    refused(NotProposed, ended.sign, "0" * 64)


@pytest.mark.parametrize("act", ["propose", "sign"])
def test_a_year_is_closed_from_the_fifteenth_of_january_on(ended: Ended, act: str) -> None:
    if act == "propose":
        assert refused(TooEarly, ended.propose, at="2026-01-14T23:59").value == "2026-01-15"
        ended.propose(at="2026-01-15T00:00")
    else:
        assert refused(TooEarly, ended.sign, "0" * 64, at="2026-01-14T23:59").value == "2026-01-15"


def test_another_result_than_the_one_proposed_is_not_signed(ended: Ended) -> None:
    result_hash = ended.propose()
    assert refused(RecordHasMoved, ended.sign, "0" * 64).value == result_hash


def test_the_record_may_not_move_between_the_two_signatures(ended: Ended) -> None:
    result_hash = ended.propose()
    ended.answer_the_open_one("2026-01-16T10:30")
    moved = refused(RecordHasMoved, ended.sign, result_hash, at="2026-01-16T11:00")
    assert moved.value != result_hash
    again = ended.propose(at="2026-01-16T12:00")
    assert again == moved.value
    ended.sign(again, at="2026-01-16T13:00")
    assert ended.proof().ok


def test_a_case_that_has_nothing_of_the_year_does_not_stop_the_second_signature(ended: Ended) -> None:
    result_hash = ended.propose()
    ended.office.tell("hotline", *came_in("2026-01-16T10:30"))
    ended.sign(result_hash, at="2026-01-16T11:00")


def test_a_year_is_closed_once(ended: Ended) -> None:
    result_hash = ended.close()
    refused(ClosedAlready, ended.propose)
    refused(ClosedAlready, ended.sign, result_hash)
    refused(ClosedAlready, ended.sign, result_hash, by="upstream")


def test_a_year_is_not_closed_while_a_light_of_it_is_contested(engine: Engine) -> None:
    office = found(engine)
    contested = office.tell(
        "hotline", *in_hand("2025-03-03"), *replied("2025-03-10T10:00"), *appealed("2025-03-10T12:00", "order:yellow")
    )
    ended = Ended(office, contested.case_id)
    assert refused(AppealsWait, ended.propose).value == 1
    with reading(engine) as connection:
        (waiver,) = connection.execute(text("SELECT number FROM waiver")).scalars()
    with transaction(engine) as connection:
        execute(
            connection, contested.case_id, DecideWaiver(waiver=waiver, decision="upheld", reason="核"),
            actor=office.actors["assessor"], now=local("2026-01-16T09:00"), expected_version=None, office=office.context,
            request="decided",
        )  # fmt: skip
    ended.close()
    assert ended.proof().ok


def test_what_is_contested_of_the_year_after_does_not_wait(ended: Ended) -> None:
    ended.office.tell(
        "hotline", *in_hand("2026-01-05"), *replied("2026-01-12T10:00"), *appealed("2026-01-12T12:00", "order:yellow")
    )
    ended.close()


@pytest.mark.parametrize(("year", "now", "kind"), [
    (2027, "2028-02-01T09:00", YearWithoutCalendar),
    (2024, SIGNED_AT, YearWithoutCalendar),
    (2026, "2027-01-18T09:00", YearWithoutData),
])  # fmt: skip
def test_a_year_without_calendar_or_data_is_not_closed(
    ended: Ended, year: int, now: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        ended.propose(year=year, at=now)


def test_a_scheme_that_there_is_not_is_not_proposed(ended: Ended) -> None:
    with pytest.raises(NoSuchScheme):
        ended.propose(scheme="LIGHTS-Z")


def test_a_year_that_is_not_closed_can_neither_be_proved_nor_added_to(ended: Ended) -> None:
    for act in (ended.proof, ended.late):
        with pytest.raises(NotClosed):
            act()
