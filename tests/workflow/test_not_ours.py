"""A matter that should never have been counted here, a crisis that is reported to others, and what rules do not allow.

2 March 2026 is a Monday. How a void clock counts is in `test_clocks_moved.py`.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflow.factories import (
    CENTRE,
    CLERK,
    COORDINATOR,
    ELSEWHERE,
    MEDIATOR,
    PETITIONER,
    ROSTER,
    SUPERVISOR,
    TUESDAY,
    a_matter_in_hand,
    a_registered_matter,
    a_replied_matter,
    an_actor,
    asking,
    at,
    decided,
    is_open,
    local,
    policy_of,
    refused,
    suspending,
    take,
    the_clock,
)
from workflow.clocks import ClockRefuses, pause, paused_until
from workflow.deciding import decide
from workflow.definition import Situation
from workflow.facts import CaseFacts, Decision
from workflow.model import Actor, Audience, Clock, RecordNumber, Refusal, Role, Text
from workflow.policy import CasePolicy
from workflow.policy_rules import Rule
from workflow.procedures.every_case.commands import Accept, Rate, Refuse, Suspend
from workflow.procedures.petition.commands import FindNotOurs, ReportByPhone, ReportInWriting

NOT_OURS = FindNotOurs(ground="duplicate", proper_channel="the town's petition office")

# -- not ours ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ground", ["out_of_scope", "duplicate", "returned_with_consent"])
def test_a_matter_that_was_never_ours_ends_with_its_clocks_void(ground: str) -> None:
    finding = FindNotOurs(ground=ground, proper_channel="p")  # type: ignore[arg-type]  # one of the three
    ended = take(a_registered_matter(on="2026-03-02T09:00"), finding, by=COORDINATOR, on=TUESDAY)
    assert (ended.state, ended.outcome) == ("not_accepted", f"not_ours.{ground}")
    assert local(ended.closed_at) == TUESDAY
    assert [(clock.name, clock.outcome, clock.waived) for clock in ended.clocks] == [("notice", "void", False)]


def test_what_had_lit_before_is_waived() -> None:
    # Red since 18 March: 2 March + 15 = 17 March.
    ended = take(a_registered_matter(on="2026-03-02T09:00"), NOT_OURS, by=COORDINATOR, on="2026-03-19T09:00")
    assert [(clock.outcome, clock.waived) for clock in ended.clocks] == [("void", True)]


def test_every_clock_of_an_order_is_void_and_not_only_one() -> None:
    ended = take(a_registered_matter("enterprise", on="2026-03-02T09:00"), NOT_OURS, by=COORDINATOR, on="2026-03-05T09:00")  # fmt: skip
    # ENT-01a is red since Wed 4; ENT-01c green.
    assert {clock.name: (clock.outcome, clock.waived) for clock in ended.clocks} == {
        "first_response": ("void", True),
        "order": ("void", False),
    }


def test_a_refusal_takes_no_light_back() -> None:
    refusing = Refuse(ground="not_competent", proper_channel="court")
    ended = take(a_registered_matter(on="2026-03-02T09:00"), refusing, by=CLERK, on="2026-03-19T09:00")
    assert [(clock.outcome, clock.waived) for clock in ended.clocks] == [("met", False)]


def test_only_a_coordinator_answers_for_it_and_only_before_it_is_accepted() -> None:
    facts = a_registered_matter()
    for other in (CLERK, MEDIATOR, SUPERVISOR, an_actor(Role.COORDINATOR, 70, ELSEWHERE)):
        assert refused(facts, NOT_OURS, by=other, on=TUESDAY) == ("step.not_yours",)
    accepted = take(facts, Accept(), by=CLERK, on=TUESDAY)
    assert refused(accepted, NOT_OURS, by=COORDINATOR, on=TUESDAY) == ("step.not_open",)


def test_the_head_of_the_unit_is_told_and_the_channel_is_personal_text() -> None:
    decision = decided(a_registered_matter(), NOT_OURS, by=COORDINATOR, on=TUESDAY)
    assert (decision.event, decision.tells) == ("case:found_not_ours", (Audience.UNIT_HEAD,))
    (text,) = [record for record in decision.new if isinstance(record, Text)]
    assert text.content == NOT_OURS.proper_channel
    assert decision.data["command"] == {"name": "FindNotOurs", "ground": "duplicate", "proper_channel": [text.number]}


def test_the_person_may_rate_what_was_not_ours() -> None:
    ended = take(a_registered_matter(), NOT_OURS, by=COORDINATOR, on=TUESDAY)
    assert take(ended, Rate(score="dissatisfied"), by=PETITIONER, on="2026-03-09T09:00").state == "not_accepted"


# -- a crisis ---------------------------------------------------------------------------------------------------------

PHONE, WRITING = ReportByPhone(note="n"), ReportInWriting(note="n")


def a_crisis() -> CaseFacts:
    return a_registered_matter("crisis", on="2026-03-07T22:00")  # a Saturday night


def test_a_crisis_is_answered_and_reported_within_minutes_and_hours() -> None:
    due = {clock.name: local(clock.due_at) for clock in a_crisis().clocks}
    assert due == {
        "first_response": "2026-03-07T22:30",
        "oral_report": "2026-03-07T22:30",
        "written_report": "2026-03-08T00:00",
        "order": "2026-03-15T00:00",  # 7 days: 24:00 of Sat 14
    }


@pytest.mark.parametrize(
    ("command", "clock", "event", "milestone"),
    [
        (PHONE, "oral_report", "case:reported_by_phone", "reported_by_phone"),
        (WRITING, "written_report", "case:reported_in_writing", "reported_in_writing"),
    ],
)
def test_a_report_is_made_once_and_tells_the_heads(command: Any, clock: str, event: str, milestone: str) -> None:
    facts, now = a_crisis(), "2026-03-07T22:20"
    decision = decided(facts, command, by=CLERK, on=now)
    assert (decision.event, decision.tells) == (event, (Audience.UNIT_HEAD, Audience.DUTY_LEADER))
    after = take(facts, command, by=CLERK, on=now)
    assert (the_clock(after, clock).outcome, after.state) == ("met", "registered")
    assert milestone in after.milestones
    assert [one.name for one in after.clocks if one.stopped_at] == [clock]
    assert refused(after, command, by=CLERK, on=now) == ("clock.does_not_run",)


def test_there_is_nothing_to_report_of_a_matter_that_is_no_crisis() -> None:
    for command in (PHONE, WRITING):
        assert refused(a_matter_in_hand("hotline"), command, by=MEDIATOR, on=TUESDAY) == ("clock.does_not_run",)


@pytest.mark.parametrize("actor", [CLERK, COORDINATOR, an_actor(Role.SUPERVISOR, 71, CENTRE)])
def test_whoever_is_there_reports_a_crisis(actor: Actor) -> None:
    # Anybody of the centre, which holds it: no time is lost looking for somebody.
    assert is_open(a_crisis(), ReportByPhone, by=actor, on="2026-03-07T22:05")


def test_a_crisis_is_reported_after_the_time_too() -> None:
    after = take(a_crisis(), PHONE, by=CLERK, on="2026-03-07T23:30")
    assert the_clock(after, "oral_report").outcome == "met"


def test_a_crisis_is_neither_paused_nor_extended() -> None:
    facts = a_matter_in_hand("crisis", on="2026-03-07T22:00")
    now = "2026-03-07T22:10"
    assert refused(facts, suspending("2026-03-09"), by=MEDIATOR, on=now)[0] == "pause.not_allowed_by_rule"
    assert refused(facts, asking(10), by=MEDIATOR, on=now) == ("extension.not_allowed_by_rule",)


def test_an_answered_matter_has_no_clock_that_nobody_can_meet_any_more() -> None:
    facts = a_replied_matter("crisis", on="2026-03-07T22:00")
    running = {clock.name for clock in facts.clocks if clock.stopped_at is None}
    assert running == {"closing"} or is_open(facts, ReportByPhone, by=MEDIATOR, on="2026-03-07T22:10")


# -- what can be paused -----------------------------------------------------------------------------------------------


def with_clocks(facts: CaseFacts, *more: Clock) -> CaseFacts:
    return replace(facts, clocks=(*facts.clocks, *more))


def another(clock: Clock, name: str, number: int, **changes: Any) -> Clock:
    return replace(clock, name=name, number=RecordNumber(number), **changes)


def paused_by(decision: Decision) -> list[str]:
    return [record.name for record in decision.changed if isinstance(record, Clock) and record.pauses]


def test_a_clock_that_is_due_already_is_not_paused() -> None:
    # HOT-07 from Mon 2 March is due at 24:00 of Mon 9.
    facts = a_matter_in_hand("hotline")
    assert decided(facts, suspending("2026-03-20"), by=MEDIATOR, on="2026-03-09T23:59")
    late = refused(facts, suspending("2026-03-20"), by=MEDIATOR, on="2026-03-10T00:00")
    assert late == ("pause.too_late", "ground.not_in_rule")
    assert not is_open(facts, Suspend, by=MEDIATOR, on="2026-03-10T00:00")


def test_a_pause_steps_over_clocks_that_have_not_begun_or_are_over() -> None:
    facts = a_matter_in_hand("hotline")
    order = the_clock(facts, "order")
    ahead = another(order, "ahead", 90, started_at=at("2026-03-05T00:00"))
    over = another(order, "over", 91, due_at=at("2026-03-03T00:00"))
    stopped = another(order, "stopped", 92, stopped_at=at("2026-03-02T10:00"), outcome="met")
    whole = with_clocks(facts, ahead, over, stopped)
    assert paused_by(decided(whole, suspending("2026-03-10"), by=MEDIATOR, on=TUESDAY)) == ["order"]
    for clock, code in ((ahead, "pause.before_the_start"), (over, "pause.after_the_due_time")):
        rule, policy = policy_of("hotline").rules["HOT-07"][-1], policy_of("hotline")
        with pytest.raises(ClockRefuses, match=code):
            pause(clock, rule, policy, at=at(TUESDAY), until=at("2026-03-10T00:00"), ground="appraisal")


def test_a_clock_that_begins_in_this_instant_is_paused() -> None:
    facts = a_matter_in_hand("hotline")
    begins = another(the_clock(facts, "order"), "begins", 90, started_at=at(TUESDAY))
    decision = decided(with_clocks(facts, begins), suspending("2026-03-10"), by=MEDIATOR, on=TUESDAY)
    assert paused_by(decision) == ["order", "begins"]


def test_the_shortest_of_the_rules_that_know_the_ground_limits_a_pause() -> None:
    # HOT-07 allows 60 days; a second clock by PET-09 knows another ground and its 90 days do not count.
    facts = a_matter_in_hand("hotline")
    hearing = another(the_clock(facts, "order"), "review", 90, rule="PET-09")
    whole = with_clocks(facts, hearing)
    assert refused(whole, suspending("2026-05-03"), by=MEDIATOR, on=TUESDAY) == ("until.beyond_rule",)  # 61 days
    decision = decided(whole, suspending("2026-06-01", ground="hearing"), by=MEDIATOR, on=TUESDAY)  # 90 days
    assert paused_by(decision) == ["review"]
    (review,) = [record for record in decision.changed if isinstance(record, Clock)]
    assert paused_until(review, at=at(TUESDAY)) == at("2026-06-01T00:00")


# -- who lengthens ----------------------------------------------------------------------------------------------------


def under(facts: CaseFacts, rule: Rule) -> Situation:
    """The situation of a mediator on Tuesday under a policy in which this rule is another."""
    policy: CasePolicy = policy_of(facts.profile)
    changed = replace(policy, rules={**policy.rules, rule.id: (rule,)})
    return Situation(facts=facts, actor=MEDIATOR, now=at(TUESDAY), policy=changed, people=ROSTER)


def test_what_another_body_decides_of_its_own_clock_nobody_here_grants() -> None:
    rule = policy_of("hotline").rules["HOT-07"][-1]
    assert rule.extension
    facts = a_matter_in_hand("hotline")
    assert decide(under(facts, rule), asking(15))
    outside = replace(rule, extension=replace(rule.extension, by="outside"))
    with pytest.raises(Refusal) as caught:
        decide(under(facts, outside), asking(15))
    assert [reason.code for reason in caught.value.reasons] == ["extension.not_allowed_by_rule"]


def test_a_rule_that_names_no_longest_length_is_lengthened_to_twice_its_own_at_most() -> None:
    rule = policy_of("hotline").rules["HOT-07"][-1]
    assert rule.extension
    unlimited = replace(rule, extension=replace(rule.extension, max_length=None))
    situation = under(a_matter_in_hand("hotline"), unlimited)
    assert decide(situation, asking(10))  # 5 working days, twice
    with pytest.raises(Refusal) as caught:
        decide(situation, asking(11))
    (reason,) = caught.value.reasons
    assert (reason.code, reason.values) == ("to_length.beyond_rule", {"max": 10, "unit": "working_day"})


def test_what_the_parties_lengthen_by_agreement_a_supervisor_does_not_grant() -> None:
    # EN-02: extension by the parties.
    facts = a_matter_in_hand("english")
    assert refused(facts, asking(20), by=MEDIATOR, on=TUESDAY) == ("extension.not_allowed_by_rule",)
