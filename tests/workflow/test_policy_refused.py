"""What an office can get wrong in its rules, ladders and profiles: each is refused, with the line to mend.

Calendars are in `test_policy_calendars.py`. Before any of these is spoilt, the small files of `policy_texts.py` are right.
"""

import pytest

from tests.workflow.policy_texts import LADDER, PROFILE, RULE, faults, place, small_policy, spoilt, the_fault

# -- lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", ["0", "-1", "-3652"])
def test_a_length_is_at_least_one_unit(length: str) -> None:
    fault = the_fault({"rule.toml": spoilt(RULE, "length = 3", f"length = {length}")})
    assert place(fault) == ("rule.toml", 3, 1, "rule.OWN-1.length", "policy.bad_value")
    assert (fault.value, fault.text) == (length, f"length = {length}")


@pytest.mark.parametrize(
    ("unit", "longest"),
    # Ten years: 120 months, 3652 days, 2500 working days, 87660 hours, 5259600 minutes.
    [("month", 120), ("day", 3652), ("working_day", 2500), ("hour", 87_660), ("minute", 5_259_600)],
)
def test_a_length_of_more_than_ten_years_is_a_slip_of_the_keyboard(unit: str, longest: int) -> None:
    def rule(length: int) -> str:
        return spoilt(spoilt(RULE, "length = 3", f"length = {length}"), '"day"', f'"{unit}"')

    assert small_policy({"rule.toml": rule(longest)}).rules["OWN-1"][0].length == longest
    fault = the_fault({"rule.toml": rule(longest + 1)})
    assert place(fault) == ("rule.toml", 3, 1, "rule.OWN-1.length", "policy.absurd")
    assert fault.value == str(longest)  # the limit, so that the sentence can name it


@pytest.mark.parametrize("length", ['"3"', "3.0", "true"])
def test_a_length_is_a_whole_number_and_nothing_that_could_be_taken_for_one(length: str) -> None:
    fault = the_fault({"rule.toml": spoilt(RULE, "length = 3", f"length = {length}")})
    assert place(fault) == ("rule.toml", 3, 1, "rule.OWN-1.length", "policy.bad_value")


def test_a_number_is_not_a_date() -> None:
    fault = the_fault({"rule.toml": spoilt(RULE, "2020-01-01", "0")})
    assert place(fault) == ("rule.toml", 8, 1, "rule.OWN-1.effective_from", "policy.bad_value")


def test_a_source_of_spaces_is_no_source() -> None:
    fault = the_fault({"rule.toml": spoilt(RULE, "an office's own rule", "  ")})
    assert place(fault) == ("rule.toml", 6, 1, "rule.OWN-1.source", "policy.missing")


# -- dates ------------------------------------------------------------------------------------------------------------

UNTIL_2023 = RULE + "effective_to = 2023-12-31\n"
SINCE_2024 = spoilt(RULE, "2020", "2024")


def test_a_rule_may_follow_another_of_its_name_from_the_day_after() -> None:
    for files in ({"rule.toml": UNTIL_2023 + SINCE_2024}, {"rule.toml": UNTIL_2023, "rule2.toml": SINCE_2024}):
        found = small_policy(files).rules["OWN-1"]
        assert [rule.effective_from.year for rule in found] == [2020, 2024]


def test_the_order_in_which_versions_are_written_does_not_matter() -> None:
    found = small_policy({"rule.toml": SINCE_2024 + UNTIL_2023}).rules["OWN-1"]
    assert [rule.effective_from.year for rule in found] == [2020, 2024]


def test_a_rule_may_be_in_force_for_one_day() -> None:
    assert small_policy({"rule.toml": RULE + "effective_to = 2020-01-01\n"})


@pytest.mark.parametrize(
    ("first", "line"),
    [
        (RULE, 16),  # without an end; the second version begins on line 9 and its date stands on line 16
        (RULE + "effective_to = 2024-01-01\n", 17),  # both in force on one day
    ],
)
def test_two_versions_are_never_in_force_on_the_same_day(first: str, line: int) -> None:
    fault = the_fault({"rule.toml": first + SINCE_2024})
    assert place(fault) == ("rule.toml", line, 1, "rule.OWN-1.effective_from", "policy.dates_overlap")
    assert fault.value == "2024-01-01"


def test_two_versions_in_two_files_are_held_against_each_other() -> None:
    fault = the_fault({"rule.toml": RULE, "rule2.toml": SINCE_2024})
    assert place(fault) == ("rule2.toml", 8, 1, "rule.OWN-1.effective_from", "policy.dates_overlap")


def test_a_rule_that_stands_twice_is_in_force_twice() -> None:
    assert the_fault({"rule.toml": RULE, "rule2.toml": RULE}).code == "policy.dates_overlap"


def test_a_third_version_is_held_against_every_other() -> None:
    between = spoilt(RULE, "2020-01-01", "2022-01-01") + "effective_to = 2022-12-31\n"
    fault = the_fault({"rule.toml": UNTIL_2023 + SINCE_2024 + between})
    assert (fault.line, fault.code, fault.value) == (25, "policy.dates_overlap", "2022-01-01")


def test_a_rule_does_not_end_before_it_begins() -> None:
    fault = the_fault({"rule.toml": RULE + "effective_to = 2019-12-31\n"})
    assert place(fault) == ("rule.toml", 9, 1, "rule.OWN-1.effective_to", "policy.ends_before_it_begins")


# -- extensions and pauses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "column", "key", "code", "value"),
    [
        # The longest total length is longer than the length itself, 3.
        ('extension = { by = "supervisor", max_length = 3 }', 34, "extension.max_length", "policy.no_longer", "3"),
        ('extension = { by = "supervisor", max_length = 2 }', 34, "extension.max_length", "policy.no_longer", "3"),
        ('extension = { by = "parties", max_length = 3653 }', 31, "extension.max_length", "policy.absurd", "3652"),
        ('extension = { by = "parties", times = 0 }', 31, "extension.times", "policy.bad_value", "0"),
        ('extension = { by = "superviser" }', 15, "extension.by", "policy.bad_value", "superviser"),
        ("extension = { max_length = 9 }", 1, "extension.by", "policy.missing", ""),
        ('pause = { grounds = ["hearing"] }', 1, "pause.max_days", "policy.missing", ""),
        ('pause = { grounds = ["hearing"], max_days = 0 }', 34, "pause.max_days", "policy.bad_value", "0"),
        ('pause = { grounds = ["hearing"], max_days = 3653 }', 34, "pause.max_days", "policy.absurd", "3652"),
        ("pause = { grounds = [], max_days = 9 }", 11, "pause.grounds", "policy.bad_value", "[]"),
        ("pause = { max_days = 9 }", 1, "pause.grounds", "policy.missing", ""),
        ('roll = "next_workday"', 1, "roll", "policy.bad_value", "next_workday"),
        ('ladder = "thrid"', 1, "ladder", "policy.unknown_name", "thrid"),
    ],
)
def test_what_a_rule_says_beyond_its_length_is_looked_at_too(
    line: str, column: int, key: str, code: str, value: str
) -> None:
    fault = the_fault({"rule.toml": RULE + line})
    assert place(fault) == ("rule.toml", 9, column, f"rule.OWN-1.{key}", code)
    assert (fault.value, fault.text) == (value, line)


@pytest.mark.parametrize(
    "line",
    [
        'extension = { by = "supervisor", max_length = 4 }',
        'extension = { by = "parties" }',
        'extension = { by = "outside", max_length = 3652, times = 1 }',
        'pause = { grounds = ["hearing", "appraisal"], max_days = 3652, needs_consent = true }',
        'roll = "next_working_day"',
        'ladder = "post"',
    ],
)
def test_what_a_rule_may_say_is_taken(line: str) -> None:
    assert small_policy({"rule.toml": RULE + line})


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ('extension = { by = "superviser" }', "supervisor"),
        ('roll = "next_workday"', "next_working_day"),
        ('ladder = "thrid"', "third"),
    ],
)
def test_the_nearest_known_name_is_offered(line: str, nearest: str) -> None:
    assert the_fault({"rule.toml": RULE + line}).nearest == nearest


def test_a_ground_that_nobody_knows_is_named_with_the_nearest_one() -> None:
    first = faults({"rule.toml": RULE + 'pause = { grounds = ["hearing", "apraisal"], max_days = 9 }'})[0]
    assert place(first) == ("rule.toml", 9, 34, "rule.OWN-1.pause.grounds.1", "policy.bad_value")
    assert (first.value, first.nearest) == ("apraisal", "appraisal")


def test_one_wrong_ground_is_one_fault() -> None:
    assert the_fault({"rule.toml": RULE + 'pause = { grounds = ["apraisal"], max_days = 9 }'}).nearest == "appraisal"


# -- ladders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ladder", "line", "key", "code", "nearest"),
    [
        (spoilt(LADDER, 'code = "red"', 'code = "yellow"'), 12, "rungs.1.code", "policy.defined_twice", None),
        (spoilt(LADDER, '"due"', '"duee"'), 14, "rungs.1.at", "policy.bad_value", "due"),
        (spoilt(LADDER, 'light = "red"', 'light = "redd"'), 13, "rungs.1.light", "policy.bad_value", "red"),
        (LADDER + 'tells = ["holder"]', 15, "rungs.1.tells", "policy.unknown_key", "tell"),
        (LADDER + 'tell = ["holder", "unithead"]', 15, "rungs.1.tell.1", "policy.bad_value", "unit_head"),
        (LADDER + "steady = { length = 1 }", 15, "rungs.1.steady.length", "policy.unknown_key", "lengths"),
        (LADDER + "share_of = 0", 15, "rungs.1.share_of", "policy.bad_value", None),
        (LADDER + "cap = 0", 15, "rungs.1.cap", "policy.bad_value", None),
        (LADDER + "working_days = -1", 15, "rungs.1.working_days", "policy.bad_value", None),
    ],
)
def test_a_rung_that_cannot_be_is_pointed_at_in_its_own_table(
    ladder: str, line: int, key: str, code: str, nearest: str | None
) -> None:
    fault = the_fault({"ladder.toml": ladder})
    assert (fault.file, fault.line, fault.key, fault.code) == ("ladder.toml", line, f"ladder.own.{key}", code)
    assert fault.nearest == nearest


def test_a_ladder_without_rungs_and_one_without_a_source_are_not_taken() -> None:
    assert the_fault({"ladder.toml": LADDER.partition("[[ladder.rungs]]")[0]}).key == "ladder.own.rungs"
    assert the_fault({"ladder.toml": spoilt(LADDER, "an office's own rule", "")}).key == "ladder.own.source"


@pytest.mark.parametrize("file", ["ladder.toml", "profile.toml"])
def test_a_name_is_given_once_among_all_files(file: str) -> None:
    twice = {"ladder.toml": spoilt(LADDER, 'id = "own"', 'id = "third"'), "profile.toml": PROFILE + "\n" + PROFILE}
    fault = the_fault({file: twice[file]})
    assert (fault.code, fault.value) == ("policy.defined_twice", {"ladder.toml": "third", "profile.toml": "own"}[file])


@pytest.mark.parametrize("more", ["working_days = 1000000", "steady = { lengths = 1000000 }"])
def test_a_rung_lies_within_the_calendar(more: str) -> None:
    assert the_fault({"ladder.toml": spoilt(LADDER, '"due"', '"after_due"') + more}).code == "policy.absurd"


# -- profiles ---------------------------------------------------------------------------------------------------------

HEIR = """\
[[profile]]
id = "heir"
extends = "own"
source = "an office's own rule"
"""


def without(key: str) -> str:
    return "".join(line for line in PROFILE.splitlines(keepends=True) if not line.startswith(key))


@pytest.mark.parametrize(
    ("right", "wrong", "line", "key", "nearest"),
    [
        ('procedure = "petition"', 'procedure = "petitions"', 4, "procedure", "petition"),
        ('"third"', '"thrid"', 6, "ladder", "third"),
        ("notice = ", "notise = ", 9, "clocks.notise", "notice"),  # a misspelt clock would never run
        ('"OWN-1"', '"OWN1"', 9, "clocks.notice", "OWN-1"),
        ("[profile.clocks]", 'without = ["notise"]\n[profile.clocks]', 8, "without", "notice"),
        ("[profile.clocks]", 'knows = ["OWN1"]\n[profile.clocks]', 8, "knows", "OWN-1"),
        ('matter = "petition"', 'matter = "petition"\nextends = "ovn"', 4, "extends", "own"),
    ],
)
def test_a_profile_names_only_what_there_is(right: str, wrong: str, line: int, key: str, nearest: str) -> None:
    fault = the_fault({"profile.toml": spoilt(PROFILE, right, wrong)})
    assert place(fault) == ("profile.toml", line, 1, f"profile.own.{key}", "policy.unknown_name")
    assert fault.nearest == nearest


@pytest.mark.parametrize("key", ["matter", "procedure", "series", "ladder"])
def test_a_profile_that_extends_none_says_everything_itself(key: str) -> None:
    fault = the_fault({"profile.toml": without(key)})
    assert place(fault) == ("profile.toml", 2, 1, "profile.own.id", "policy.incomplete")


def test_a_profile_does_not_extend_itself() -> None:
    fault = the_fault({"profile.toml": spoilt(PROFILE, 'matter = "petition"', 'matter = "petition"\nextends = "own"')})
    assert place(fault) == ("profile.toml", 2, 1, "profile.own.id", "policy.extends_itself")


def test_profiles_that_extend_each_other_in_a_circle_are_each_named() -> None:
    circle = spoilt(PROFILE, 'matter = "petition"', 'matter = "petition"\nextends = "heir"')
    found = faults({"profile.toml": circle, "heir.toml": HEIR})
    assert {(f.file, f.value, f.code) for f in found} == {
        ("profile.toml", "own", "policy.extends_itself"),
        ("heir.toml", "heir", "policy.extends_itself"),
    }


def test_a_profile_beside_a_circle_is_not_said_to_extend_itself() -> None:
    circle = spoilt(PROFILE, 'matter = "petition"', 'matter = "petition"\nextends = "own"')
    assert [fault.value for fault in faults({"profile.toml": circle, "heir.toml": HEIR})] == ["own"]


def test_a_fault_of_the_one_that_is_extended_is_told_once() -> None:
    unknown = spoilt(PROFILE, 'matter = "petition"', 'matter = "petition"\nextends = "nobody"')
    fault = the_fault({"profile.toml": unknown, "heir.toml": HEIR})
    assert (fault.file, fault.code) == ("profile.toml", "policy.unknown_name")


@pytest.mark.parametrize("key", ["procedure", "series"])
def test_what_is_missing_in_the_one_that_is_extended_is_told_once(key: str) -> None:
    assert the_fault({"profile.toml": without(key), "heir.toml": HEIR}).file == "profile.toml"


def test_a_profile_of_another_procedure_does_not_inherit_clocks_that_it_never_starts() -> None:
    # No step of a mediation starts `notice`: a matter of this profile would have no clock at all.
    fault = the_fault({"heir.toml": HEIR + 'procedure = "mediation"\n'})
    assert (fault.file, fault.code) == ("heir.toml", "policy.unknown_name")


def test_the_name_of_a_profile_has_no_space() -> None:
    assert faults({"profile.toml": spoilt(PROFILE, 'id = "own"', 'id = "my own"')})


@pytest.mark.parametrize("cutoff", ["17:30:00", "08:00:00"])
def test_an_intake_cutoff_is_a_local_time(cutoff: str) -> None:
    policy = small_policy({"profile.toml": spoilt(PROFILE, 'series = "s"', f'series = "s"\nintake_cutoff = {cutoff}')})
    assert policy.profiles["own"].intake_cutoff is not None
    assert policy.profiles["own"].intake_cutoff.isoformat() == cutoff


@pytest.mark.parametrize(
    "cutoff",
    [
        '"late"',
        '"25:00"',
        "2026-03-02",
        "17",
        '"17:30Z"',
    ],
)
def test_an_intake_cutoff_is_nothing_else(cutoff: str) -> None:
    fault = the_fault({"profile.toml": spoilt(PROFILE, 'series = "s"', f'series = "s"\nintake_cutoff = {cutoff}')})
    assert place(fault) == ("profile.toml", 6, 1, "profile.own.intake_cutoff", "policy.bad_value")
