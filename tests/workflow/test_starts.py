"""What a time limit is counted from, where the rules of the field differ: receipt, acceptance or dispatch.

2 March 2026 is a Monday. Sources: 劳动争议调解仲裁法 §14; 特邀调解规定 §27; 北京 2020 年意见; 信访工作条例 §23 二款.
"""

from datetime import date

import pytest

from tests.workflow.factories import (
    CLERK,
    COORDINATOR,
    MEDIATOR,
    ROOM,
    a_mediation_in_session,
    a_registered_matter,
    all_parties,
    an_agreement,
    an_applied_mediation,
    at,
    calendar,
    local,
    refused,
    take,
    the_clock,
)
from tests.workflow.policy_texts import PROFILE, RULE, spoilt, the_fault
from workflow.clocks import due_on
from workflow.facts import CaseFacts
from workflow.procedures.every_case.commands import Accept, Refuse
from workflow.procedures.mediation.commands import RecordConsent
from workflow.procedures.petition.commands import Assign

LATER = "2026-03-06T10:00"  # the Friday of that week


def running(facts: CaseFacts) -> set[str]:
    return {clock.name for clock in facts.clocks if clock.stopped_at is None}


def dispatched(profile: str, *, on: str = LATER) -> CaseFacts:
    facts = take(a_registered_matter(profile, on="2026-03-02T09:00"), Accept(), by=CLERK, on="2026-03-02T10:00")
    return take(facts, Assign(unit=ROOM, handler=MEDIATOR.account), by=COORDINATOR, on=on)


# -- dispatch ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "due"),
    [
        ("hotline-beijing-emergency", "2026-03-06T12:00"),  # 2 hours from 10:00
        ("hotline-beijing-utilities", "2026-03-07T10:00"),  # 24 hours
        ("hotline-beijing", "2026-03-14T00:00"),  # 6 + 7 = 13 March, 24:00
        ("hotline-beijing-complex", "2026-03-22T00:00"),  # 6 + 15 = 21 March, 24:00
        ("grid-same-day", "2026-03-07T10:00"),  # 24 hours
        ("grid-ordinary", "2026-03-10T00:00"),  # 6 + 3 = 9 March
        ("grid", "2026-03-14T00:00"),  # 6 + 7 = 13 March
        ("grid-longest", "2026-03-22T00:00"),  # 6 + 15 = 21 March
    ],
)
def test_an_order_whose_rule_says_dispatch_is_counted_from_dispatch(profile: str, due: str) -> None:
    order = the_clock(dispatched(profile), "order")
    assert (local(order.started_at), local(order.due_at)) == (LATER, due)


def test_before_dispatch_a_time_limit_of_its_own_runs_and_ends_with_it() -> None:
    registered = a_registered_matter("hotline-beijing", on="2026-03-02T09:00")
    assert running(registered) == {"dispatch"}
    assert due_on(the_clock(registered, "dispatch"), calendar()).isoformat() == "2026-03-03"  # one working day
    facts = dispatched("hotline-beijing")
    assert running(facts) == {"contact", "order"}
    assert the_clock(facts, "dispatch").outcome == "met"


def test_an_urgent_order_is_dispatched_within_half_an_hour() -> None:
    registered = a_registered_matter("hotline-beijing-emergency", on="2026-03-02T09:00")
    assert local(the_clock(registered, "dispatch").due_at) == "2026-03-02T09:30"


def test_passing_the_order_on_does_not_count_it_anew() -> None:
    facts = dispatched("hotline-beijing", on="2026-03-02T11:00")
    again = take(facts, Assign(unit=ROOM), by=COORDINATOR, on=LATER)
    assert local(the_clock(again, "order").started_at) == "2026-03-02T11:00"
    assert [clock.name for clock in again.clocks].count("order") == 1


def test_an_order_whose_rule_says_receipt_is_counted_from_receipt() -> None:
    for profile in ("hotline", "enterprise", "mass-work", "english"):
        assert local(the_clock(dispatched(profile), "order").started_at) == "2026-03-02T09:00", profile


# -- receipt of an application or of a court's papers -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "due"),
    [
        ("labour", "2026-03-17"),  # 2 + 15: from receipt, the earlier of the two
        ("court-assigned", "2026-04-01"),  # 2 + 30 = 1 April
        ("court-entrusted", "2026-03-17"),  # 2 + 15
        ("court-entrusted-summary", "2026-03-09"),  # 2 + 7
    ],
)
def test_the_period_runs_from_receipt_where_the_law_says_so(profile: str, due: str) -> None:
    applied = an_applied_mediation(profile, on="2026-03-02T09:00")
    assert running(applied) == {"intake", "period"}
    accepted = accept(applied)
    period = the_clock(accepted, "period")
    assert (local(period.started_at), due_on(period, calendar()).isoformat()) == ("2026-03-02T09:00", due)
    assert [clock.name for clock in accepted.clocks].count("period") == 1


@pytest.mark.parametrize("profile", ["mediation-30d", "mediation-month", "medical"])
def test_elsewhere_the_period_runs_from_acceptance(profile: str) -> None:
    applied = an_applied_mediation(profile, on="2026-03-02T09:00")
    assert running(applied) == {"intake"}
    assert local(the_clock(accept(applied), "period").started_at) == LATER


def accept(applied: CaseFacts) -> CaseFacts:
    for party in all_parties(applied):
        applied = take(applied, RecordConsent(party=party, answer="given"), by=CLERK, on=LATER)
    return take(applied, Accept(), by=CLERK, on=LATER)


def test_papers_that_came_in_on_friday_and_are_registered_on_monday_count_from_friday() -> None:
    # Signed for on Fri 27 February, registered on Mon 2 March: 27 Feb + 15 = 14 March.
    applied = an_applied_mediation("court-entrusted", on="2026-03-02T09:00", received_at=at("2026-02-27T16:00"))
    assert due_on(the_clock(applied, "period"), calendar()).isoformat() == "2026-03-14"


# -- no notice without a name or an address ---------------------------------------------------------------------------


def test_no_written_notice_is_owed_to_whoever_gives_no_name_or_address() -> None:
    unclear = a_registered_matter("petition", on="2026-03-02T09:00", identity_unclear=True)
    assert running(unclear) == {"screening"}  # somebody still has to deal with it: 2 + 15 = 17 March
    assert due_on(the_clock(unclear, "screening"), calendar()).isoformat() == "2026-03-17"
    assert running(a_registered_matter("petition")) == {"notice"}


def test_screening_ends_with_the_acceptance_or_the_refusal() -> None:
    unclear = a_registered_matter("petition", on="2026-03-02T09:00", identity_unclear=True)
    assert the_clock(take(unclear, Accept(), by=CLERK, on=LATER), "screening").outcome == "met"
    refusing = Refuse(ground="not_competent", proper_channel="p")
    assert the_clock(take(unclear, refusing, by=CLERK, on=LATER), "screening").outcome == "met"


def test_a_profile_without_screening_keeps_the_notice_so_that_there_is_a_date() -> None:
    assert running(a_registered_matter("english", identity_unclear=True)) == {"notice", "order"}


# -- the last signature -----------------------------------------------------------------------------------------------


def test_the_window_for_judicial_confirmation_runs_from_the_last_signature() -> None:
    facts = a_mediation_in_session(on="2026-03-02T09:00")
    # Signed on Fri 6, entered on Mon 9: 6 + 30 = Sunday 5 April, a day off, 6 April is Qingming's: Tuesday 7 April.
    signed = an_agreement(facts, signed_on=at("2026-03-06T12:00").date())
    settled = take(facts, signed, by=MEDIATOR, on="2026-03-09T10:00")
    window = the_clock(settled, "confirmation")
    assert (local(window.started_at), due_on(window, calendar()).isoformat()) == ("2026-03-06T23:59", "2026-04-07")


@pytest.mark.parametrize(
    ("day", "why"),
    [("2026-03-10", "signed_on.in_the_future"), ("2026-03-01", "signed_on.before_mediation")],
)
def test_nobody_signs_tomorrow_or_before_there_is_a_mediator(day: str, why: str) -> None:
    facts = a_mediation_in_session(on="2026-03-02T09:00")
    signed = an_agreement(facts, signed_on=date.fromisoformat(day))
    assert refused(facts, signed, by=MEDIATOR, on="2026-03-09T10:00") == (why,)


# -- what an office may write ------------------------------------------------------------------------------------------


def test_a_rule_cannot_count_from_what_no_step_of_its_procedure_does() -> None:
    # The clock `notice` starts on receipt and on nothing else.
    fault = the_fault({"rule.toml": spoilt(RULE, 'kind = "duty"\n', 'kind = "duty"\ncounts_from = "dispatch"\n')})
    assert (fault.code, fault.value) == ("policy.cannot_count_from", "dispatch")


def test_a_profile_needs_a_clock_that_starts_with_the_case_and_not_only_with_its_dispatch() -> None:
    late = spoilt(RULE, 'kind = "duty"\n', 'kind = "duty"\ncounts_from = "dispatch"\n')
    order = spoilt(PROFILE, "notice =", "order =")
    fault = the_fault({"rule.toml": late, "profile.toml": order})
    assert (fault.code, fault.value) == ("policy.no_first_clock", "own")
