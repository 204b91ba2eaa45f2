"""When a clock may be lengthened or paused, by whom, and on what grounds. How it then counts is in `test_clocks_changed.py`."""

import pytest

from tests.workflow.factories import (
    CLERK,
    COORDINATOR,
    MEDIATOR,
    ROOM,
    SECOND,
    SUPERVISOR,
    TUESDAY,
    a_matter_in_hand,
    a_mediation_in_session,
    a_paused_order,
    a_registered_matter,
    a_settled_mediation,
    all_parties,
    an_order_with_an_extension_asked_for,
    asking,
    at,
    calendar,
    decided,
    granting,
    is_open,
    refusal,
    refused,
    suspending,
    take,
    the_clock,
)
from workflow.clocks import due_on, paused_until
from workflow.model import Reason
from workflow.procedures.every_case.commands import Accept, ExtendByConsent, Resume, Suspend
from workflow.procedures.petition.commands import Assign, GrantExtension, Reply, RequestExtension

# -- extension --------------------------------------------------------------------------------------------------------


def test_nothing_is_granted_that_was_not_asked_for() -> None:
    assert refused(a_matter_in_hand("hotline"), granting(15), by=SUPERVISOR, on=TUESDAY) == ("extension.not_asked_for",)


def test_an_extension_is_granted_before_the_due_time_and_not_at_it() -> None:
    facts = an_order_with_an_extension_asked_for()  # HOT-07: due on Mon 9 March
    assert decided(facts, granting(15), by=SUPERVISOR, on="2026-03-09T23:59")
    assert refused(facts, granting(15), by=SUPERVISOR, on="2026-03-10T00:00") == ("extension.too_late",)
    assert refused(facts, asking(15), by=MEDIATOR, on="2026-03-10T00:00") == ("extension.too_late",)


def test_an_extension_is_longer_than_before_and_no_longer_than_the_rule_allows() -> None:
    facts = an_order_with_an_extension_asked_for()
    (reason,) = refusal(facts, granting(5), by=SUPERVISOR, on=TUESDAY)
    assert reason == Reason(code="to_length.not_longer", field="to_length", values={"length": 5, "unit": "working_day"})
    (reason,) = refusal(facts, granting(16), by=SUPERVISOR, on=TUESDAY)
    assert reason == Reason(code="to_length.beyond_rule", field="to_length", values={"max": 15, "unit": "working_day"})
    assert refused(facts, asking(16), by=MEDIATOR, on=TUESDAY) == ("to_length.beyond_rule",)


def test_an_extension_that_the_rule_allows_once_is_not_granted_twice() -> None:
    facts = take(an_order_with_an_extension_asked_for(), granting(10), by=SUPERVISOR, on=TUESDAY)
    (reason,) = refusal(facts, asking(15), by=MEDIATOR, on=TUESDAY)
    assert reason == Reason(code="extension.used_up", values={"times": 1})
    assert not is_open(facts, RequestExtension, by=MEDIATOR)


def test_a_grant_uses_up_the_request() -> None:
    facts = an_order_with_an_extension_asked_for()
    assert facts.extension_asked == 15
    assert take(facts, granting(15), by=SUPERVISOR, on=TUESDAY).extension_asked is None


def test_an_extension_is_granted_only_when_the_person_was_told() -> None:
    untold = GrantExtension(to_length=15, person_told=False)
    assert refused(an_order_with_an_extension_asked_for(), untold, by=SUPERVISOR, on=TUESDAY) == (
        "person_told.must_be_confirmed",
    )


def test_the_handler_who_asks_does_not_grant() -> None:
    facts = an_order_with_an_extension_asked_for()
    assert refused(facts, granting(15), by=MEDIATOR, on=TUESDAY) == ("step.not_yours",)


def test_a_mediation_is_extended_by_the_consent_of_every_party_and_as_often_as_they_agree() -> None:
    facts = a_mediation_in_session(on="2026-03-02T09:00")
    alone = ExtendByConsent(to_length=45, consenting=all_parties(facts)[:1])
    assert refused(facts, alone, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    for length in (45, 60):
        agreed = ExtendByConsent(to_length=length, consenting=all_parties(facts))
        facts = take(facts, agreed, by=MEDIATOR, on=TUESDAY)
    # 2 March + 60 = 1 May (29 days of March, 30 of April, 1).
    assert due_on(the_clock(facts, "period"), calendar()).isoformat() == "2026-05-01"
    assert [clock.outcome for clock in facts.clocks if clock.name == "period"] == ["extended", "extended", None]


def test_a_clock_whose_rule_knows_no_extension_is_not_extended() -> None:
    facts = take(a_registered_matter("petition"), Accept(), by=CLERK, on="2026-03-02T09:30")
    assert refused(facts, granting(90), by=SUPERVISOR, on=TUESDAY) == ("step.not_open",)
    settled = a_settled_mediation()
    agreed = ExtendByConsent(to_length=45, consenting=all_parties(settled))
    assert refused(settled, agreed, by=MEDIATOR, on=TUESDAY) == ("step.not_open",)


def test_the_event_of_an_extension_says_which_clock_follows_which_and_whether_a_light_was_waived() -> None:
    facts = an_order_with_an_extension_asked_for()
    first = the_clock(facts, "order").number
    data = decided(facts, granting(15), by=SUPERVISOR, on="2026-03-06T08:00").data["extension"]  # yellow since 00:00
    assert data == {"clock": first, "successor": facts.next_number, "waived": True}


# -- pause ------------------------------------------------------------------------------------------------------------


def test_a_clock_is_paused_only_on_a_ground_that_its_rule_knows() -> None:
    facts = a_matter_in_hand("hotline")
    assert refused(facts, suspending("2026-03-10", ground="party_unable"), by=MEDIATOR, on=TUESDAY) == (
        "ground.not_in_rule",
    )
    assert decided(facts, suspending("2026-03-10", ground="appraisal"), by=MEDIATOR, on=TUESDAY)


def test_a_clock_whose_rule_knows_no_pause_is_not_paused() -> None:
    assert not is_open(a_matter_in_hand("petition"), Suspend, by=MEDIATOR)
    assert "pause.not_allowed_by_rule" in refused(
        a_matter_in_hand("petition"), suspending("2026-03-10"), by=MEDIATOR, on=TUESDAY
    )
    assert not is_open(a_mediation_in_session("mediation-30d"), Suspend, by=MEDIATOR)


@pytest.mark.parametrize("until", ["2026-03-03", "2026-03-02"])
def test_a_pause_ends_in_the_future(until: str) -> None:
    assert refused(a_matter_in_hand("hotline"), suspending(until), by=MEDIATOR, on=TUESDAY) == (
        "until.not_in_the_future",
    )
    assert decided(a_matter_in_hand("hotline"), suspending("2026-03-04"), by=MEDIATOR, on=TUESDAY)


def test_a_pause_is_no_longer_than_the_rule_allows() -> None:
    # HOT-07: at most 60 days; 3 March + 60 = 2 May.
    assert decided(a_matter_in_hand("hotline"), suspending("2026-05-02"), by=MEDIATOR, on=TUESDAY)
    (reason,) = refusal(a_matter_in_hand("hotline"), suspending("2026-05-03"), by=MEDIATOR, on=TUESDAY)
    assert reason == Reason(code="until.beyond_rule", field="until", values={"max_days": 60})


def test_a_pause_needs_the_parties_consent_where_the_rule_asks_for_it() -> None:
    facts = a_mediation_in_session("mediation-month")
    alone = suspending("2026-03-10", ground="appraisal", consenting=all_parties(facts)[:1])
    assert refused(facts, alone, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    agreed = suspending("2026-03-10", ground="appraisal", consenting=all_parties(facts))
    assert decided(facts, agreed, by=MEDIATOR, on=TUESDAY)


def test_while_paused_a_matter_is_neither_answered_nor_passed_on_nor_extended_nor_paused_again() -> None:
    facts, now = a_paused_order(), "2026-03-04T10:00"
    why = ("pause.resume_first",)
    assert refused(facts, Reply(form="oral", answer="r"), by=MEDIATOR, on=now) == why
    assert refused(facts, Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on=now) == why
    assert refused(facts, asking(15), by=MEDIATOR, on=now) == why
    assert refused(facts, suspending("2026-03-12"), by=MEDIATOR, on=now) == why


def test_only_the_clocks_whose_rule_knows_the_ground_are_paused() -> None:
    facts = a_paused_order()
    assert paused_until(the_clock(facts, "order"), at=at(TUESDAY)) == at("2026-03-10T00:00")
    assert the_clock(facts, "contact").pauses == ()  # OFC-02: the person is still to be contacted


def test_a_matter_is_resumed_only_while_it_is_paused() -> None:
    assert refused(a_matter_in_hand("hotline"), Resume(), by=MEDIATOR, on=TUESDAY) == ("pause.not_paused",)
    facts = a_paused_order()
    assert refused(facts, Resume(), by=MEDIATOR, on="2026-03-10T00:00") == ("pause.not_paused",)  # ended by itself
    resumed = take(facts, Resume(), by=MEDIATOR, on="2026-03-05T09:00")
    # 1=Tue 3 (paused), 4 and 5 not counted, 2=6 3=9 4=10 5=11.
    assert due_on(the_clock(resumed, "order"), calendar()).isoformat() == "2026-03-11"
    assert decided(resumed, Reply(form="oral", answer="r"), by=MEDIATOR, on="2026-03-05T09:01")
