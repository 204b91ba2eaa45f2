"""What a field may name is decided by the rules, whoever asks: a form, a replay, a program."""

from datetime import date
from typing import Any

import pytest

from tests.workflow.factories import (
    CENTRE,
    CLERK,
    COORDINATOR,
    ELSEWHERE,
    MEDIATOR,
    ROOM,
    a_matter_in_hand,
    a_mediation_with_mediators,
    a_registered_matter,
    an_accepted_mediation,
    applying,
    refusal,
    registering,
    take,
    unfiled,
)
from workflow.facts import CaseFacts
from workflow.fields import choices_in
from workflow.model import AccountId, Reason, RecordNumber, UnitId
from workflow.offers import OFFERS
from workflow.procedures import COMMANDS
from workflow.procedures.every_case.commands import Accept, Suspend
from workflow.procedures.mediation.commands import AppointMediators, NotifyRights
from workflow.procedures.petition.commands import Assign

NOBODY, NOWHERE = AccountId(999), UnitId(999)
NOT_OFFERED = "form.not_offered"


def why(facts: CaseFacts, command: Any, by: Any = COORDINATOR) -> list[tuple[str, str | None]]:
    reasons: tuple[Reason, ...] = refusal(facts, command, by=by, on="2026-03-02T10:00")
    return [(reason.code, reason.field) for reason in reasons]


def an_accepted_matter() -> CaseFacts:
    return take(a_registered_matter(), Accept(), by=CLERK, on="2026-03-02T09:30")


def test_a_unit_that_does_not_exist_or_is_out_of_reach_is_refused() -> None:
    assert why(an_accepted_matter(), Assign(unit=NOWHERE)) == [(NOT_OFFERED, "unit")]
    assert why(an_accepted_matter(), Assign(unit=ELSEWHERE)) == [(NOT_OFFERED, "unit")]


def test_units_in_reach_are_taken() -> None:
    for unit in (CENTRE, ROOM):
        assert take(an_accepted_matter(), Assign(unit=unit), by=COORDINATOR, on="2026-03-02T10:00")


def test_a_handler_who_does_not_exist_is_refused_once_and_by_the_check_that_says_why() -> None:
    assert why(an_accepted_matter(), Assign(unit=ROOM, handler=NOBODY)) == [("handler.not_of_unit", "handler")]


def test_a_mediator_who_does_not_exist_is_refused() -> None:
    facts = an_accepted_mediation()
    assert why(facts, AppointMediators(chief=NOBODY)) == [("person.not_on_roster", "chief")]
    known = MEDIATOR.account
    assert known is not None
    assert why(facts, AppointMediators(chief=known, others=(NOBODY,))) == [("person.not_on_roster", "others")]


@pytest.mark.parametrize("dispute_type", ["77", "", "marriage_family"])
def test_a_dispute_type_that_does_not_exist_is_refused(dispute_type: str) -> None:
    for profile, opening in (("petition", registering), ("mediation-30d", applying)):
        command = opening(dispute_type=dispute_type)
        assert why(unfiled(profile), command, by=CLERK) == [(NOT_OFFERED, "dispute_type")]


def test_a_party_of_another_case_is_refused_among_those_of_this_one() -> None:
    facts = a_mediation_with_mediators()
    strangers = (*(party.number for party in facts.parties), RecordNumber(99))
    assert why(facts, NotifyRights(signed_by=strangers), by=MEDIATOR) == [(NOT_OFFERED, "signed_by")]


def test_a_ground_of_pause_that_no_running_clock_knows_is_refused_by_its_own_check() -> None:
    facts = a_matter_in_hand("hotline")
    pausing = Suspend(ground="hearing", until=date(2026, 3, 10))
    assert [code for code, _ in why(facts, pausing, by=MEDIATOR)] == ["ground.not_in_rule"]


def test_every_choice_of_every_command_is_offered_by_the_rules() -> None:
    assert {choice for kind in COMMANDS.values() for choice in choices_in(kind).values()} == set(OFFERS)
