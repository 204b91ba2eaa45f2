"""Which rule a clock has: the one of the day it starts on, of the version it started under, whatever is published later.

The days are always those of the present calendar: a calendar says what days there are and not what is owed.
"""

from dataclasses import replace
from datetime import date, time

import pytest

from tests.workflow.clock_factories import ONE, TWO
from tests.workflow.factories import (
    CLERK,
    MEDIATOR,
    ROSTER,
    a_matter_in_hand,
    asking,
    at,
    local,
    policy_of,
    registering,
    shipped_policy,
    suspending,
)
from tests.workflow.policy_texts import LADDER, PROFILE, RULE, SHIPPED, YEAR, small_policy, spoilt
from workflow.clocks import due_on, extend, pause, start
from workflow.deciding import decide
from workflow.definition import Situation
from workflow.facts import CaseFacts
from workflow.model import UNFILED, Clock, Refusal
from workflow.policy import CasePolicy, Policy, rule_on
from workflow.policy_files import policy_from

# -- rules with dates -------------------------------------------------------------------------------------------------

#: Three days until the end of 2022, five from 2024 to the end of 2025; in between somebody forgot to say.
DATED = (
    RULE
    + "effective_to = 2022-12-31\n"
    + spoilt(spoilt(RULE, "2020", "2024"), "length = 3", "length = 5")
    + "effective_to = 2025-12-31\n"
)


@pytest.mark.parametrize(
    ("day", "length"),
    [
        ("2019-12-31", 3),  # before the first one: under the first one
        ("2020-01-01", 3),
        ("2022-12-31", 3),
        ("2023-06-30", 3),  # in a gap: a matter without any limit would be worse than one under the old one
        ("2023-12-31", 3),
        ("2024-01-01", 5),
        ("2025-12-31", 5),
        ("2026-03-02", 5),  # after the last one: under the last one
    ],
)
def test_the_rule_of_a_day_is_the_version_in_force_then(day: str, length: int) -> None:
    policy = small_policy({"rule.toml": DATED})
    assert rule_on(policy.rules, "OWN-1", date.fromisoformat(day)).length == length
    found = policy.for_profile("own").rule("notice", on=date.fromisoformat(day))
    assert found is not None
    assert found.length == length


def test_the_versions_of_a_rule_stand_in_the_order_of_their_dates_however_they_were_written() -> None:
    second, first = DATED[DATED.rindex("[[rule]]") :], DATED[: DATED.rindex("[[rule]]")]
    assert small_policy({"rule.toml": second + first}).rules == small_policy({"rule.toml": DATED}).rules


def test_a_clock_keeps_the_rule_of_the_day_it_started_on() -> None:
    # Started on the last day of 2022, asked about in 2026.
    policy = small_policy({"rule.toml": DATED}).for_profile("own")
    early = start(ONE, "notice", policy.rules["OWN-1"][0], policy, at=at("2022-12-31T23:59"))
    late = start(TWO, "notice", policy.rules["OWN-1"][1], policy, at=at("2024-01-01T00:00"))
    assert (policy.rule_of(early).length, policy.rule_of(late).length) == (3, 5)


def test_a_matter_takes_the_version_of_the_local_day_it_was_received_on() -> None:
    # 00:30 of 1 January 2024 in Shanghai is 16:30 of 31 December in UTC.
    policy = small_policy({"rule.toml": DATED}).for_profile("own")
    found = policy.rule("notice", on=policy.calendar.local_day(at("2024-01-01T00:30")))
    assert found is not None
    assert found.length == 5


def test_an_unknown_rule_is_no_rule() -> None:
    with pytest.raises(KeyError):
        rule_on(shipped_policy().rules, "PET-99", date(2026, 3, 2))
    assert policy_of("hotline").rule("notice", on=date(2026, 3, 2)) is None


def test_a_clock_that_is_deemed_to_start_later_has_one_rule_and_not_two() -> None:
    # Received on Wed 31 December 2025 at 18:00, after the cut-off: counted from the next working day, in another version.
    files = {
        "rule.toml": RULE + "effective_to = 2025-12-31\n" + spoilt(spoilt(RULE, "2020", "2026"), "length = 3", "length = 9"),
        "profile.toml": spoilt(PROFILE, 'series = "s"', 'series = "s"\nintake_cutoff = 17:30:00'),
    }  # fmt: skip
    policy = small_policy(files).for_profile("own")
    clock = registered(policy, on="2025-12-31T18:00")
    assert clock.length == policy.rule_of(clock).length


def registered(policy: CasePolicy, *, on: str) -> Clock:
    """The clock that registering a matter starts."""
    facts = CaseFacts(id=None, procedure="petition", profile=policy.profile.id, state=UNFILED)
    decision = decide(Situation(facts=facts, actor=CLERK, now=at(on), policy=policy), registering())
    (clock,) = [record for record in decision.new if isinstance(record, Clock)]
    return clock


# -- published versions -----------------------------------------------------------------------------------------------

#: The next version: nine days instead of three, another ladder, and 4 March 2026 is a day off.
NEXT = {
    "rule.toml": spoilt(spoilt(RULE, "length = 3", "length = 9"), '"day"', '"working_day"'),
    "profile.toml": spoilt(PROFILE, '"third"', '"post"'),
    "calendar.toml": spoilt(YEAR, "2026-10-01,", "2026-10-01, 2026-03-04,"),
}


def two_versions() -> tuple[Policy, Policy]:
    """A policy in working days, and the one that was published after it."""
    first = small_policy({"rule.toml": spoilt(RULE, '"day"', '"working_day"')})
    return first, small_policy(NEXT).after({first.version: first})


def a_clock_of(policy: CasePolicy) -> Clock:
    return start(ONE, "notice", policy.rules["OWN-1"][-1], policy, at=at("2026-03-02T09:00"))


def test_a_running_clock_keeps_rule_and_ladder_of_its_version_and_a_new_one_has_the_new() -> None:
    first, present = two_versions()
    running = a_clock_of(first.for_profile("own"))
    view = present.for_profile("own")
    assert view.rule_of(running).length == 3
    assert view.of(running).ladder_of(view.rule_of(running)).id == "third"
    assert view.of(running).version == first.version
    fresh = a_clock_of(view)
    assert (fresh.length, fresh.policy) == (9, present.version)
    assert view.of(fresh) is view
    assert view.ladder_of(view.rule_of(fresh)).id == "post"


def test_a_ladder_that_was_changed_under_its_name_is_the_old_one_for_a_running_clock() -> None:
    first = small_policy({"ladder.toml": LADDER, "profile.toml": spoilt(PROFILE, '"third"', '"own"')})
    later = {"ladder.toml": spoilt(LADDER, 'code = "red"', 'code = "late"'), "profile.toml": spoilt(PROFILE, '"third"', '"own"')}  # fmt: skip
    view = small_policy(later).after({first.version: first}).for_profile("own")
    running = a_clock_of(first.for_profile("own"))
    assert [rung.code for rung in view.of(running).ladder_of(view.rule_of(running)).rungs] == ["yellow", "red"]
    assert [rung.code for rung in a_clock_of(view).rungs] == ["yellow", "late"]


def test_what_changes_a_running_clock_counts_by_its_own_rule_and_the_present_days() -> None:
    first, present = two_versions()
    running, view = a_clock_of(first.for_profile("own")), present.for_profile("own")
    assert due_on(running, view.calendar) == date(2026, 3, 5)  # 1=3 2=4 3=5, as it was counted
    # To 4 working days: 1=3, 4 is off by now, 2=5 3=6 4=Mon 9; k=2: yellow on day 3.
    _, longer = extend(running, TWO, view.rule_of(running), view.of(running), at=at("2026-03-03T10:00"), length=4)
    assert due_on(longer, view.calendar) == date(2026, 3, 9)
    assert [(rung.code, local(rung.at)) for rung in longer.rungs][:2] == [
        ("yellow", "2026-03-06T00:00"),
        ("half_yellow", "2026-03-09T00:00"),
    ]
    assert longer.policy == first.version


def test_a_pause_of_a_running_clock_is_counted_by_the_present_days() -> None:
    first, present = two_versions()
    running, view = a_clock_of(first.for_profile("own")), present.for_profile("own")
    held = pause(running, view.rule_of(running), view.of(running), at=at("2026-03-03T10:00"), until=at("2026-03-05T00:00"), ground="x")  # fmt: skip
    # 1=Tue 3 (paused), 4 and 5 not counted, 2=6 3=Mon 9.
    assert due_on(held, view.calendar) == date(2026, 3, 9)


def test_a_version_knows_those_before_it_although_it_was_looked_at_before() -> None:
    first, present = small_policy(), small_policy(NEXT)
    assert present.for_profile("own").earlier == {}
    assert set(present.after({first.version: first}).for_profile("own").earlier) == {first.version}


def test_a_clock_of_a_version_that_nobody_kept_is_taken_for_one_of_the_present() -> None:
    _, present = two_versions()
    view = present.for_profile("own")
    stray = replace(a_clock_of(view), policy="000000000000")
    assert view.of(stray) is view
    assert view.rule_of(stray).length == 9


def test_a_clock_of_a_profile_that_its_version_did_not_have_is_looked_up_by_its_rule() -> None:
    first = small_policy()
    newer = {"ladder.toml": LADDER, "new.toml": spoilt(PROFILE, 'id = "own"', 'id = "new"')}
    view = small_policy(newer).after({first.version: first}).for_profile("new")
    assert view.rule_of(a_clock_of(first.for_profile("own"))).length == 3


# -- in a case --------------------------------------------------------------------------------------------------------


def hotline_after(*changes: tuple[str, str]) -> CasePolicy:
    """The hotline profile of a version published after the shipped one, with HOT-07 changed."""
    text = SHIPPED["rules/hotline.toml"].decode()
    for right, wrong in changes:
        text = spoilt(text, right, wrong)
    present = policy_from({**SHIPPED, "rules/hotline.toml": text.encode()}, calendar="cn")
    return present.after({shipped_policy().version: shipped_policy()}).for_profile("hotline")


NO_EXTENSION = ('extension = { by = "supervisor", max_length = 15, times = 1 }\n', "")
NO_PAUSE = (
    'pause = { grounds = ["measurement", "appraisal", "objective_limits"], max_days = 60, approval = ["objective_limits"] }\n',
    "",
)


def test_what_a_rule_allowed_when_a_clock_started_it_goes_on_allowing() -> None:
    facts = a_matter_in_hand("hotline")  # under the shipped version
    policy = hotline_after(NO_EXTENSION, NO_PAUSE)
    now = at("2026-03-03T10:00")
    situation = Situation(facts=facts, actor=MEDIATOR, now=now, policy=policy, people=ROSTER)
    assert decide(situation, asking(15))
    assert decide(situation, suspending("2026-03-10"))


def test_a_clock_that_starts_under_the_new_rule_has_only_what_that_allows() -> None:
    policy = hotline_after(NO_EXTENSION, NO_PAUSE)
    facts = a_matter_in_hand("hotline")
    renewed = tuple(replace(clock, policy=policy.version) for clock in facts.clocks)
    situation = Situation(
        facts=replace(facts, clocks=renewed), actor=MEDIATOR, now=at("2026-03-03T10:00"), policy=policy
    )
    for command, code in ((asking(15), "extension.not_allowed_by_rule"), (suspending("2026-03-10"), "pause.not_allowed_by_rule")):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            decide(situation, command)


def test_a_new_matter_is_counted_by_the_new_version() -> None:
    policy = hotline_after(("length = 5\nunit = \"working_day\"\nkind = \"duty\"\nextension", "length = 7\nunit = \"working_day\"\nkind = \"duty\"\nextension"))  # fmt: skip
    clock = registered(policy, on="2026-03-02T09:00")
    assert (clock.rule, clock.length, clock.policy) == ("HOT-07", 7, policy.version)


def test_the_cutoff_of_the_present_version_is_the_one_that_counts() -> None:
    policy = hotline_after()
    late = replace(policy, profile=replace(policy.profile, intake_cutoff=time(17, 30)))
    assert local(registered(late, on="2026-03-02T17:30").started_at) == "2026-03-03T00:00"
