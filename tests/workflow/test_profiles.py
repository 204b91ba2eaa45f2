"""Profiles: what one takes from the one it extends, and from when an office that closes at night counts."""

from dataclasses import replace
from datetime import date, time

import pytest

from tests.workflow.factories import (
    CLERK,
    COORDINATOR,
    ELSEWHERE,
    MEDIATOR,
    ROOM,
    ROSTER,
    TUESDAY,
    a_matter_in_hand,
    a_replied_matter,
    a_settled_mediation,
    an_accepted_mediation,
    an_applied_mediation,
    asking,
    at,
    folded,
    local,
    policy_of,
    registering,
    shipped_policy,
    take,
    unfiled,
)
from tests.workflow.policy_texts import PROFILE, RULE, small_policy, spoilt
from workflow.clocks import due_on
from workflow.commands import Command
from workflow.deciding import decide
from workflow.definition import Situation
from workflow.facts import CaseFacts
from workflow.model import Actor, Clock, Refusal
from workflow.policy import CasePolicy, Profile
from workflow.procedures.every_case.commands import Accept, AskUnit
from workflow.procedures.every_case.rating import REVISIT
from workflow.procedures.mediation.commands import FollowUp
from workflow.procedures.petition.commands import Assign, SignFor

# -- inheritance ------------------------------------------------------------------------------------------------------

RULES = RULE + spoilt(RULE, "OWN-1", "OWN-2") + spoilt(RULE, "OWN-1", "OWN-3")
BASE = spoilt(
    PROFILE,
    '[profile.clocks]\nnotice = "OWN-1"\n',
    'intake_cutoff = 17:30:00\nknows = ["OWN-3"]\nzh = "本"\nen = "own"\n'
    '[profile.clocks]\nnotice = "OWN-1"\ndecision = "OWN-2"\n',
)


def heir(text: str, *, base: str = BASE) -> Profile:
    """A profile that extends the one above and says this itself. It stands in a file that is read before."""
    own = f'[[profile]]\nid = "heir"\nextends = "own"\nsource = "its own source"\n{text}\n'
    return small_policy({"a-heir.toml": own, "profile.toml": base, "rule.toml": RULES}).profiles["heir"]


def test_a_profile_that_says_nothing_is_the_one_it_extends_by_another_name() -> None:
    base = small_policy({"profile.toml": BASE, "rule.toml": RULES}).profiles["own"]
    assert heir("") == replace(base, id="heir", source="its own source", zh="", en="")
    assert base.intake_cutoff == time(17, 30)


def test_clocks_are_laid_over_those_of_the_other_by_name() -> None:
    assert heir('[profile.clocks]\ndecision = "OWN-3"\nclosing = "OWN-1"').clocks == {
        "notice": "OWN-1",
        "decision": "OWN-3",
        "closing": "OWN-1",
    }


def test_a_clock_that_is_named_under_without_does_not_run() -> None:
    assert heir('without = ["decision"]').clocks == {"notice": "OWN-1"}
    assert heir('without = ["closing"]').clocks == {"notice": "OWN-1", "decision": "OWN-2"}  # it did not run before


def test_what_is_known_is_added_to_what_the_other_knows_and_known_once() -> None:
    assert heir('knows = ["OWN-2", "OWN-3"]').knows == ("OWN-3", "OWN-2")


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('series = "t"', "series", "t"),
        ('ladder = "post"', "ladder", "post"),
        ('matter = "hotline"', "matter", "hotline"),
        ("intake_cutoff = 12:00:00", "intake_cutoff", time(12)),
        ('zh = "其"', "zh", "其"),
    ],
)
def test_what_a_profile_says_itself_it_does_not_take_from_the_other(line: str, key: str, value: object) -> None:
    said, silent = heir(line), heir("")
    assert getattr(said, key) == value != getattr(silent, key)
    assert replace(said, **{key: getattr(silent, key)}) == silent


def test_an_heir_of_an_heir_takes_from_both() -> None:
    files = {
        "rule.toml": RULES,
        "profile.toml": BASE
        + '[[profile]]\nid = "b"\nextends = "own"\nsource = "s"\nwithout = ["decision"]\nknows = ["OWN-1"]\n'
        + '[[profile]]\nid = "c"\nextends = "b"\nsource = "s"\n[profile.clocks]\ndecision = "OWN-3"\n',
    }
    found = small_policy(files).profiles["c"]
    assert found.clocks == {"notice": "OWN-1", "decision": "OWN-3"}  # left out by one, brought back by the next
    assert (found.knows, found.series, found.intake_cutoff) == (("OWN-3", "OWN-1"), "s", time(17, 30))


def test_an_heir_changes_nothing_in_the_one_it_extends() -> None:
    files = {"rule.toml": RULES, "profile.toml": BASE}
    alone = small_policy(files).profiles["own"]
    more = {**files, "heir.toml": '[[profile]]\nid = "heir"\nextends = "own"\nsource = "s"\n[profile.clocks]\nnotice = "OWN-3"\n'}  # fmt: skip
    assert small_policy(more).profiles["own"] == alone


# -- every profile lives ----------------------------------------------------------------------------------------------


A_DAY_S_HELP = AskUnit(co_unit=ELSEWHERE, what="w", length=1)


def life_of(profile: str) -> list[CaseFacts]:
    """A usual matter of a profile as it stood after each of its main steps."""
    now = "2026-03-04T10:00"
    if shipped_policy().profiles[profile].procedure == "mediation":
        settled = a_settled_mediation(profile)
        followed = take(settled, FollowUp(extent="in_full", note="n"), by=MEDIATOR, on="2026-03-23T10:00")
        asked = take(an_accepted_mediation(profile), A_DAY_S_HELP, by=COORDINATOR, on=TUESDAY)
        return [an_applied_mediation(profile), an_accepted_mediation(profile), asked, settled, followed]
    registered = take(unfiled(profile), registering(), by=CLERK, on=now)
    unclear = take(unfiled(profile), registering(identity_unclear=True), by=CLERK, on=now)
    accepted = take(registered, Accept(), by=CLERK, on=now)
    assigned = take(accepted, Assign(unit=ROOM, handler=MEDIATOR.account), by=COORDINATOR, on=now)
    asked = take(registered, A_DAY_S_HELP, by=COORDINATOR, on=now)
    return [registered, unclear, accepted, assigned, asked, a_matter_in_hand(profile), a_replied_matter(profile)]


OF_THE_FIELD = [name for name, one in shipped_policy().profiles.items() if one.procedure in ("petition", "mediation")]


@pytest.mark.parametrize("profile", sorted(OF_THE_FIELD))
def test_every_profile_starts_each_of_its_clocks_and_always_has_a_next_date(profile: str) -> None:
    policy, seen = policy_of(profile), dict[str, str]()
    for facts in life_of(profile):
        assert [clock for clock in facts.clocks if clock.stopped_at is None], facts.state
        seen |= {clock.name: clock.rule for clock in facts.clocks}
    expected = {name: rule for name, rule in policy.profile.clocks.items() if name != REVISIT}
    assert seen == expected, (
        "asking whoever is dissatisfied is owed from a later day on, and tried in tests/cases/test_dissatisfied.py"
    )


# -- the intake cut-off -----------------------------------------------------------------------------------------------


def closing_at(hour: int, minute: int = 0, *, profile: str = "hotline") -> CasePolicy:
    policy = policy_of(profile)
    return replace(policy, profile=replace(policy.profile, intake_cutoff=time(hour, minute)))


@pytest.mark.parametrize(
    ("received", "counted_from"),
    [
        ("2026-03-02T08:00", "2026-03-02T08:00"),  # Monday
        ("2026-03-02T17:29", "2026-03-02T17:29"),  # one minute before
        ("2026-03-02T17:30", "2026-03-03T00:00"),  # at the cut-off: the next working day
        ("2026-03-02T23:59", "2026-03-03T00:00"),
        ("2026-03-03T00:00", "2026-03-03T00:00"),  # before the office opens is not after it closes
        ("2026-03-06T20:00", "2026-03-09T00:00"),  # Friday evening
        ("2026-03-07T10:00", "2026-03-09T00:00"),  # Saturday
        ("2026-02-16T10:00", "2026-02-24T00:00"),  # Monday in the Spring Festival, 15-23 February
        ("2026-02-14T10:00", "2026-02-14T10:00"),  # a make-up Saturday
        ("2026-02-14T18:00", "2026-02-24T00:00"),  # its evening
        ("2026-02-13T18:00", "2026-02-14T00:00"),  # Friday evening before a make-up Saturday
    ],
)
def test_what_comes_in_after_the_cutoff_or_on_a_day_off_counts_as_received_on_the_next_working_day(
    received: str, counted_from: str
) -> None:
    policy = closing_at(17, 30)
    assert local(policy.deemed_received(at(received), policy.rules["HOT-07"][-1])) == counted_from


@pytest.mark.parametrize("rule", ["HOT-01", "CRI-01", "MED-07", "OFC-03", "LAB-05"])
def test_hours_windows_and_other_bodies_clocks_run_from_the_event_itself(rule: str) -> None:
    # Saturday night: hours run through it, a person's time is not shortened, and a court does not ask us.
    policy, night = closing_at(17, 30), at("2026-03-07T23:00")
    assert policy.deemed_received(night, policy.rules[rule][-1]) == night


def test_without_a_cutoff_everything_is_received_when_it_comes_in() -> None:
    policy, night = policy_of("hotline"), at("2026-03-07T23:00")
    assert policy.deemed_received(night, policy.rules["HOT-07"][-1]) == night


def registered(policy: CasePolicy, on: str, **fields: object) -> CaseFacts:
    facts, command = unfiled(policy.profile.id), registering(**fields)
    decision = decide(Situation(facts=facts, actor=CLERK, now=at(on), policy=policy), command)
    return folded(facts, decision, command, now=at(on))


def order(facts: CaseFacts) -> Clock:
    found = facts.running("order")
    assert found is not None
    return found


def test_an_order_of_the_evening_has_one_working_day_more() -> None:
    policy = closing_at(17, 30)
    facts = registered(policy, "2026-03-02T18:00")
    # From Tue 3: 1=4 2=5 3=6 4=9 5=10 March. In the morning it would have been Mon 9.
    assert local(order(facts).started_at) == "2026-03-03T00:00"
    assert due_on(order(facts), policy.calendar) == date(2026, 3, 10)
    assert local(facts.received_at) == "2026-03-02T18:00"  # and the record says when it came in
    assert due_on(order(registered(policy, "2026-03-02T09:00")), policy.calendar) == date(2026, 3, 9)


def test_a_letter_of_friday_night_that_is_registered_on_tuesday_is_counted_from_monday() -> None:
    facts = registered(closing_at(17, 30), "2026-03-10T09:00", received_at=at("2026-03-06T18:00"))
    assert local(order(facts).started_at) == "2026-03-09T00:00"


def test_a_crisis_of_the_evening_is_answered_in_the_evening() -> None:
    facts = registered(closing_at(17, 30, profile="crisis"), "2026-03-07T22:00")
    started = {clock.name: local(clock.started_at) for clock in facts.clocks}
    assert started == {
        "first_response": "2026-03-07T22:00",
        "oral_report": "2026-03-07T22:00",
        "written_report": "2026-03-07T22:00",
        "order": "2026-03-09T00:00",  # seven days, from Monday
    }


def led(facts: CaseFacts, command: Command, *, by: Actor, policy: CasePolicy, on: str) -> CaseFacts:
    decision = decide(Situation(facts=facts, actor=by, now=at(on), policy=policy, people=ROSTER), command)
    return folded(facts, decision, command, now=at(on))


def test_an_order_whose_time_has_not_begun_is_not_extended_and_the_reason_is_said() -> None:
    policy, on = closing_at(17, 30), "2026-03-02T18:30"
    facts = registered(policy, "2026-03-02T18:00")
    for command, actor in (
        (Accept(), CLERK),
        (Assign(unit=ROOM, handler=MEDIATOR.account), COORDINATOR),
        (SignFor(), MEDIATOR),
    ):
        facts = led(facts, command, by=actor, policy=policy, on=on)
    with pytest.raises(Refusal, match=r"extension\.too_early"):
        led(facts, asking(10), by=MEDIATOR, policy=policy, on=on)
