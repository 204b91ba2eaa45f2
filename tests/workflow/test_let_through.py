"""What could be done with a time limit or a person's rights without anybody having to answer for it, and no longer can.

2 March 2026 is a Monday; 4-6 April is Qingming. Sources: 人民调解法 §17, §26, §31-33; 信访工作条例 §23; 济南市 12345 条例 §24.
"""

from datetime import date

import pytest

from tests.workflow.factories import (
    CLERK,
    COORDINATOR,
    MEDIATOR,
    SUPERVISOR,
    TUESDAY,
    a_matter_in_hand,
    a_mediation_in_session,
    a_registered_matter,
    a_settled_mediation,
    all_parties,
    an_accepted_mediation,
    an_actor,
    an_agreement,
    an_applied_mediation,
    an_order_with_an_extension_asked_for,
    asking,
    at,
    calendar,
    decided,
    is_open,
    local,
    refusal,
    refused,
    suspending,
    take,
    terminating,
    the_clock,
)
from workflow.clocks import crossed, due_on, light
from workflow.deciding import with_crossings_recorded
from workflow.facts import CaseFacts
from workflow.model import Actor, Audience, Consent, Light, Role
from workflow.procedures.every_case.commands import Accept, ExplainLateness, ExtendByConsent
from workflow.procedures.mediation.commands import (
    ApplyForConfirmation,
    CloseMediation,
    FollowUp,
    RecordConsent,
    RecordPerformance,
    SeekConsent,
)
from workflow.procedures.petition.commands import (
    Assign,
    ContactPerson,
    FindNotOurs,
    GrantExtension,
    RefuseExtension,
    RequestSuspension,
    SignByTime,
    SignFor,
)

TIMERS = Actor(account=None, role=Role.SYSTEM, unit=None)

# -- returned to the sender -------------------------------------------------------------------------------------------

RETURNING = FindNotOurs(ground="returned_with_consent", proper_channel="p")


def test_what_is_returned_within_the_time_for_it_was_never_ours() -> None:
    # PET-04, 5 working days from Mon 2 March: 3, 4, 5, 6, 9 March, 24:00.
    ended = take(a_registered_matter(on="2026-03-02T09:00"), RETURNING, by=COORDINATOR, on="2026-03-09T23:59")
    assert (ended.outcome, the_clock(ended, "notice").outcome) == ("not_ours.returned_with_consent", "void")


def test_what_is_returned_after_the_time_for_it_counts() -> None:
    ended = take(a_registered_matter(on="2026-03-02T09:00"), RETURNING, by=COORDINATOR, on="2026-03-10T00:00")
    assert (ended.state, ended.outcome) == ("not_accepted", "not_accepted.returned_late")
    assert the_clock(ended, "notice").outcome == "case_ended"


def test_a_red_light_is_not_returned_away() -> None:
    # PET-02: 2 + 15 = 17 March, red from the 18th.
    ended = take(a_registered_matter(on="2026-03-02T09:00"), RETURNING, by=COORDINATOR, on="2026-03-19T09:00")
    notice = the_clock(ended, "notice")
    assert (notice.outcome, notice.waived) == ("case_ended", False)


def test_what_was_another_bodys_matter_from_the_start_is_void_whenever_that_is_found() -> None:
    finding = FindNotOurs(ground="out_of_scope", proper_channel="p")
    ended = take(a_registered_matter(on="2026-03-02T09:00"), finding, by=COORDINATOR, on="2026-03-19T09:00")
    assert (ended.outcome, the_clock(ended, "notice").outcome) == ("not_ours.out_of_scope", "void")


# -- a pause that nobody has agreed to --------------------------------------------------------------------------------

OBJECTIVE = suspending("2026-04-30", ground="objective_limits")


def test_a_handler_does_not_pause_an_own_order_on_objective_limits() -> None:
    facts = a_matter_in_hand("hotline")
    assert refused(facts, OBJECTIVE, by=MEDIATOR, on=TUESDAY) == ("ground.needs_a_supervisor",)


def test_a_supervisor_does_once_the_person_has_been_told() -> None:
    facts = a_matter_in_hand("hotline")
    assert refused(facts, OBJECTIVE, by=SUPERVISOR, on=TUESDAY) == ("person_told.must_be_confirmed",)
    told = suspending("2026-04-30", ground="objective_limits", person_told=True)
    assert Audience.HOLDER in decided(facts, told, by=SUPERVISOR, on=TUESDAY).tells
    assert the_clock(take(facts, told, by=SUPERVISOR, on=TUESDAY), "order").pauses[-1].ground == "objective_limits"


def test_a_handler_asks_a_supervisor_for_it_and_for_nothing_else() -> None:
    facts = a_matter_in_hand("hotline")
    asked = RequestSuspension(ground="objective_limits", until=date(2026, 4, 30), reason="r")
    assert decided(facts, asked, by=MEDIATOR, on=TUESDAY).tells == (Audience.UNIT_HEAD,)
    needless = RequestSuspension(ground="measurement", until=date(2026, 3, 10), reason="r")
    assert refused(facts, needless, by=MEDIATOR, on=TUESDAY) == ("ground.needs_no_supervisor",)
    assert not is_open(a_matter_in_hand("petition"), RequestSuspension, by=MEDIATOR)  # PET-05 is never paused


def test_a_measurement_is_still_the_handlers_to_arrange() -> None:
    facts = take(a_matter_in_hand("hotline"), suspending("2026-03-10"), by=MEDIATOR, on=TUESDAY)
    assert the_clock(facts, "order").pauses


def test_while_the_other_side_is_asked_the_intake_waits_only_by_somebodys_word_and_goes_on_with_the_answer() -> None:
    applied = an_applied_mediation(on="2026-03-02T09:00")
    asked = take(applied, SeekConsent(), by=CLERK, on=TUESDAY)
    assert the_clock(asked, "intake").pauses == ()  # asking alone stops nothing
    waiting = take(asked, suspending("2026-03-16", ground="consent_awaited"), by=CLERK, on=TUESDAY)
    answer = RecordConsent(party=all_parties(waiting)[-1], answer="given")
    answered = take(waiting, answer, by=CLERK, on="2026-03-05T10:00")
    # MED-01, 3 working days from Mon 2: the pause uses Tue 3 up, Wed 4 and Thu 5 have no number: 1=3, 2=6, 3=Mon 9.
    assert local(the_clock(answered, "intake").due_at) == "2026-03-10T00:00"


# -- extension --------------------------------------------------------------------------------------------------------


def test_months_are_not_taken_for_days() -> None:
    facts = an_accepted_mediation("mediation-month")
    (reason,) = refusal(facts, ExtendByConsent(to_length=45, consenting=all_parties(facts)), by=COORDINATOR, on=TUESDAY)
    assert (reason.code, reason.values) == ("to_length.beyond_rule", {"max": 6, "unit": "month"})


def test_a_supervisor_refuses_an_extension_and_the_handler_is_told_and_may_ask_again() -> None:
    facts = an_order_with_an_extension_asked_for()
    refusing = RefuseExtension(reason="r")
    assert decided(facts, refusing, by=SUPERVISOR, on=TUESDAY).tells == (Audience.HOLDER,)
    after = take(facts, refusing, by=SUPERVISOR, on=TUESDAY)
    assert after.extension_asked is None
    assert not is_open(after, GrantExtension, by=SUPERVISOR)
    assert take(after, asking(10), by=MEDIATOR, on=TUESDAY).extension_asked == 10


def test_what_was_not_asked_for_is_not_refused_and_nobody_else_refuses() -> None:
    assert not is_open(a_matter_in_hand("hotline"), RefuseExtension, by=SUPERVISOR)
    assert not is_open(an_order_with_an_extension_asked_for(), RefuseExtension, by=MEDIATOR)


def test_what_the_parties_may_lengthen_on_the_petition_table_they_can() -> None:
    # EN-02, 10 working days, to 20 from Mon 2 March: 3-6, 9-13, 16-20, 23-27 are 19 (4+5+5+5), 20 = Mon 30 March.
    facts = a_matter_in_hand("english", on="2026-03-02T09:00")
    longer = take(facts, ExtendByConsent(to_length=20, consenting=all_parties(facts)), by=MEDIATOR, on=TUESDAY)
    assert local(the_clock(longer, "order").due_at) == "2026-03-31T00:00"
    alone = ExtendByConsent(to_length=20, consenting=())
    assert refused(facts, alone, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    assert not is_open(a_matter_in_hand("hotline"), ExtendByConsent, by=MEDIATOR)  # HOT-07: a supervisor


# -- follow-up, breach, closing ---------------------------------------------------------------------------------------


def following_up(extent: str, **fields: object) -> FollowUp:
    return FollowUp(extent=extent, note="n", **fields)  # type: ignore[arg-type]  # fields of FollowUp


def a_settlement_due_in_a_year() -> CaseFacts:
    return a_settled_mediation(on="2026-03-02T09:00", due="2027-03-02")


@pytest.mark.parametrize("extent", ["in_full", "in_part", "not_performed"])
def test_nothing_is_found_of_a_performance_that_is_not_due(extent: str) -> None:
    facts = a_settlement_due_in_a_year()
    early = following_up(extent)
    (reason,) = refusal(facts, early, by=MEDIATOR, on="2026-03-02T09:10")
    assert (reason.code, reason.values) == ("follow_up.too_early", {"first": "2027-03-02"})
    assert take(facts, early, by=MEDIATOR, on="2027-03-02T00:00").state == "followed_up"


def test_what_was_performed_in_full_may_be_followed_up_before_its_day() -> None:
    facts = a_settlement_due_in_a_year()
    in_part = take(facts, RecordPerformance(extent="in_part"), by=MEDIATOR, on=TUESDAY)
    assert refused(in_part, following_up("in_full"), by=MEDIATOR, on=TUESDAY) == ("follow_up.too_early",)
    done = take(facts, RecordPerformance(extent="in_full"), by=MEDIATOR, on=TUESDAY)
    assert take(done, following_up("in_full"), by=MEDIATOR, on=TUESDAY).state == "followed_up"


@pytest.mark.parametrize("extent", ["in_part", "not_performed"])
def test_a_breach_stays_with_the_case_beyond_its_closing(extent: str) -> None:
    facts = a_settled_mediation(on="2026-03-02T09:00", due="2026-03-20")
    found = take(facts, following_up(extent), by=MEDIATOR, on="2026-03-23T10:00")
    closed = take(found, CloseMediation(papers_complete=True), by=MEDIATOR, on="2026-03-23T10:00")
    assert "breached" in closed.milestones


def test_the_parties_windows_go_on_after_our_closing() -> None:
    # MED-07 from 2 March: + 30 = 1 April, a Wednesday.
    facts = a_settled_mediation(on="2026-03-02T09:00", due="2026-03-03")
    facts = take(facts, following_up("in_full"), by=MEDIATOR, on="2026-03-04T10:00")
    closed = take(facts, CloseMediation(papers_complete=True), by=MEDIATOR, on="2026-03-04T11:00")
    assert [clock.name for clock in closed.clocks if clock.stopped_at is None] == ["confirmation"]
    applying = ApplyForConfirmation(consenting=all_parties(closed), subject="performance")
    applied = take(closed, applying, by=MEDIATOR, on="2026-04-01T23:59")
    assert (applied.state, the_clock(applied, "confirmation").outcome) == ("closed", "met")
    assert local(applied.closed_at) == "2026-03-04T11:00"
    assert refused(closed, applying, by=MEDIATOR, on="2026-04-02T00:00") == ("confirmation.window_over",)


# -- ending a mediation -----------------------------------------------------------------------------------------------


def test_nobody_fails_to_agree_who_has_never_met() -> None:
    facts = an_accepted_mediation(on="2026-03-02T09:00")
    assert refused(facts, terminating(ground="no_agreement"), by=COORDINATOR, on="2026-03-02T09:01") == (
        "ground.nobody_has_met",
    )
    met = a_mediation_in_session()
    assert take(met, terminating(ground="no_agreement"), by=MEDIATOR, on=TUESDAY).outcome == "terminated.no_agreement"


def test_a_period_is_not_over_before_its_end() -> None:
    # MED-03: 2 March + 30 = 1 April.
    facts = an_accepted_mediation(on="2026-03-02T09:00")
    over = terminating(ground="period_over")
    (reason,) = refusal(facts, over, by=COORDINATOR, on="2026-04-01T23:59")
    assert (reason.code, reason.values) == ("ground.period_runs", {"last": "2026-04-01"})
    assert take(facts, over, by=COORDINATOR, on="2026-04-02T00:00").outcome == "terminated.period_over"


def test_whoever_withdraws_ends_the_mediation_and_is_recorded_as_refusing() -> None:
    facts = an_accepted_mediation()
    withdrawing = all_parties(facts)[-1]
    ended = take(facts, terminating(withdrawing=(withdrawing,)), by=CLERK, on=TUESDAY)
    assert (ended.state, ended.outcome) == ("terminated", "terminated.party_withdraws")
    assert [party.consent for party in ended.parties] == [Consent.GIVEN, Consent.REFUSED]
    other = terminating(ground="legal_bar", withdrawing=(withdrawing,))
    assert refused(facts, other, by=CLERK, on=TUESDAY) == ("withdrawing.not_the_ground",)


def test_a_settlement_after_the_period_says_so() -> None:
    facts = a_mediation_in_session(on="2026-03-02T09:00")
    fields = {"performance_due_on": date(2026, 4, 20)}
    in_time = take(facts, an_agreement(facts, **fields), by=MEDIATOR, on="2026-04-01T23:59")
    late = take(facts, an_agreement(facts, **fields), by=MEDIATOR, on="2026-04-02T00:00")
    assert ("settled_late" in in_time.milestones, "settled_late" in late.milestones) == (False, True)


# -- signing by time --------------------------------------------------------------------------------------------------


def an_unsigned_petition() -> CaseFacts:
    facts = take(a_registered_matter(on="2026-03-02T09:00"), Accept(), by=CLERK, on="2026-03-02T09:00")
    return take(facts, Assign(unit=SUPERVISOR.unit), by=COORDINATOR, on="2026-03-02T09:00")  # type: ignore[arg-type]


def test_what_nobody_has_signed_for_in_time_is_signed_for_by_time_and_lights_yellow() -> None:
    # OFC-01: one working day from Mon 2 is Tue 3, 24:00.
    facts = an_unsigned_petition()
    assert refused(facts, SignByTime(), by=TIMERS, on="2026-03-03T23:59") == ("signing.not_overdue",)
    signed = take(facts, SignByTime(), by=TIMERS, on="2026-03-04T00:00")
    clock = the_clock(signed, "signing")
    assert (signed.state, clock.outcome) == ("handling", "by_time")
    assert [rung.light for rung in clock.rungs] == ["yellow"]
    assert local(clock.rungs[0].at) == "2026-03-04T00:00"


def test_no_person_signs_by_time() -> None:
    for actor in (MEDIATOR, COORDINATOR, SUPERVISOR, CLERK):
        assert refused(an_unsigned_petition(), SignByTime(), by=actor, on="2026-03-04T00:00") == ("step.not_yours",)


def test_what_was_signed_for_by_time_is_taken_in_hand_by_whoever_signs_next() -> None:
    signed = take(an_unsigned_petition(), SignByTime(), by=TIMERS, on="2026-03-04T00:00")
    taken = take(signed, SignFor(), by=MEDIATOR, on="2026-03-04T09:00")
    assert (taken.state, taken.holder_person) == ("handling", MEDIATOR.account)
    second = an_actor(Role.MEDIATOR, 5)
    assert refused(taken, SignFor(), by=second, on="2026-03-04T10:00") == ("signing.in_hand",)


# -- the written explanation ------------------------------------------------------------------------------------------


def test_a_red_light_is_explained_in_writing_and_the_record_says_whether_in_time() -> None:
    # HOT-07 from Mon 2: due Mon 9, red Tue 10 March; two working days: Wed 11, Thu 12.
    facts = a_matter_in_hand("hotline", on="2026-03-02T09:00")
    facts = take(facts, ContactPerson(note="n"), by=MEDIATOR, on="2026-03-02T09:30")
    explaining = ExplainLateness(explanation="e")
    number = the_clock(facts, "order").number
    assert refused(facts, explaining, by=MEDIATOR, on="2026-03-09T23:59") == ("explanation.nothing_red",)
    for on, in_time in (("2026-03-12T23:59", True), ("2026-03-13T00:00", False)):
        decision = decided(facts, explaining, by=MEDIATOR, on=on)
        assert decision.data["explained"] == [{"clock": number, "in_time": in_time}]
        assert decision.tells == (Audience.UNIT_HEAD,)
    explained = take(facts, explaining, by=MEDIATOR, on="2026-03-12T10:00")
    assert refused(explained, explaining, by=MEDIATOR, on="2026-03-12T11:00") == ("explanation.nothing_red",)


# -- extended too often -----------------------------------------------------------------------------------------------


def extended(facts: CaseFacts, to: int, on: str) -> CaseFacts:
    return take(facts, ExtendByConsent(to_length=to, consenting=all_parties(facts)), by=MEDIATOR, on=on)


def test_the_third_extension_of_a_time_limit_lights_it_red_at_once() -> None:
    # MED-03 from 2 March, 30 days; to 40, 50 and 60: 2 March + 60 = 1 May.
    twice = extended(extended(a_mediation_in_session(), 40, TUESDAY), 50, "2026-03-04T10:00")
    assert light(the_clock(twice, "period"), at=at("2026-03-05T10:00")) is Light.GREEN
    thrice = extended(twice, 60, "2026-03-05T10:00")
    clock = the_clock(thrice, "period")
    assert light(clock, at=at("2026-03-05T10:00")) is Light.RED
    (lit,) = crossed(clock, until=at("2026-03-05T10:00"))
    assert (lit.rung.code, local(lit.rung.at)) == ("extra_red", "2026-03-05T10:00")
    assert lit.rung.tell == (Audience.HOLDER, Audience.UNIT_HEAD, Audience.DUTY_LEADER, Audience.UPSTREAM)
    assert due_on(clock, calendar()).isoformat() == "2026-05-01"


def test_what_is_red_for_its_extensions_stays_red_through_a_pause() -> None:
    facts = a_mediation_in_session("mediation-month")
    for to, on in ((2, TUESDAY), (3, "2026-03-04T10:00"), (4, "2026-03-05T10:00")):
        facts = extended(facts, to, on)
    settled_ = with_crossings_recorded(facts, until=at("2026-03-06T10:00"))
    pausing = suspending("2026-03-20", ground="appraisal", consenting=all_parties(facts))
    paused = take(settled_, pausing, by=MEDIATOR, on="2026-03-06T10:00")
    assert light(the_clock(paused, "period"), at=at("2026-03-06T11:00")) is Light.RED
