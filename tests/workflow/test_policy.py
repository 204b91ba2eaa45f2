"""Policy files: what is wrong with one is said with file, key and the nearest known name; the shipped ones are complete."""

import pytest

from infra.files import read_tree
from tests.workflow.factories import at, policy_of, shipped_policy
from workflow.clocks import start
from workflow.definition import Start
from workflow.model import Kind, RecordNumber
from workflow.policy_files import PolicyFault, PolicyIsWrong, parse, policy_from
from workflow.procedures import PROCEDURES

SHIPPED = read_tree("workflow", "policies", suffix=".toml")

RULE = """
[[rule]]
id = "OWN-1"
length = 3
unit = "day"
kind = "duty"
source = "an office's own rule"
confidence = "L"
effective_from = 2020-01-01
"""

PROFILE = """
[[profile]]
id = "own"
procedure = "petition"
series = "s"
ladder = "third"
source = "an office's own rule"
[profile.clocks]
notice = "PET-02"
"""


def faults_of(content: str, *, name: str = "own.toml") -> tuple[PolicyFault, ...]:
    with pytest.raises(PolicyIsWrong) as caught:
        parse(name, content.encode())
    return caught.value.faults


def faults_beside_the_shipped(content: str, *, calendar: str = "cn") -> tuple[PolicyFault, ...]:
    with pytest.raises(PolicyIsWrong) as caught:
        policy_from({**SHIPPED, "own.toml": content.encode()}, calendar=calendar)
    return caught.value.faults


# -- one file ---------------------------------------------------------------------------------------------------------


def test_the_examples_below_are_right_before_they_are_spoilt() -> None:
    policy = policy_from({**SHIPPED, "own.toml": (RULE + PROFILE).encode()}, calendar="cn")
    assert "OWN-1" in policy.rules
    assert "own" in policy.profiles


def test_an_unknown_key_names_its_file_its_row_by_id_and_the_nearest_key() -> None:
    faults = faults_of(RULE.replace("length", "lenght"))
    assert PolicyFault(
        file="own.toml", key="rule.OWN-1.lenght", code="policy.unknown_key", nearest="length"
    ) in faults  # fmt: skip
    assert PolicyFault(file="own.toml", key="rule.OWN-1.length", code="policy.missing") in faults


@pytest.mark.parametrize(
    ("line", "key", "nearest"),
    [
        ('extension = { by = "supervisor", max_lenght = 9 }', "rule.OWN-1.extension.max_lenght", "max_length"),
        ('pause = { grounds = ["x"], max_days = 9, consent = true }', "rule.OWN-1.pause.consent", "needs_consent"),
    ],
)
def test_an_unknown_key_inside_a_rule_is_compared_with_the_keys_of_its_own_table(
    line: str, key: str, nearest: str
) -> None:
    assert faults_of(RULE + line) == (
        PolicyFault(file="own.toml", key=key, code="policy.unknown_key", nearest=nearest),
    )


def test_an_unknown_kind_of_row_names_the_nearest_kind() -> None:
    assert faults_of('[[rul]]\nid = "x"') == (
        PolicyFault(file="own.toml", key="rul", code="policy.unknown_key", nearest="rule"),
    )


@pytest.mark.parametrize(
    "spoilt", [RULE.replace('source = "an office\'s own rule"\n', ""), RULE.replace("an office's own rule", "")]
)
def test_a_number_without_a_source_is_not_accepted(spoilt: str) -> None:
    assert [(f.key, f.code) for f in faults_of(spoilt)] == [("rule.OWN-1.source", "policy.missing")]


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ("length = 3", "length = 0", "length"),
        ('unit = "day"', 'unit = "days"', "unit"),
        ('kind = "duty"', 'kind = "ours"', "kind"),
        ('confidence = "L"', 'confidence = "X"', "confidence"),
        ("2020-01-01", '"soon"', "effective_from"),
    ],
)
def test_a_value_that_a_key_does_not_take_is_named(right: str, wrong: str, key: str) -> None:
    assert [(f.key, f.code) for f in faults_of(RULE.replace(right, wrong))] == [
        (f"rule.OWN-1.{key}", "policy.bad_value")
    ]


@pytest.mark.parametrize("content", [b"= 3", b"\xff\xfe"])
def test_what_is_not_toml_or_not_text_is_a_fault_of_that_file(content: bytes) -> None:
    with pytest.raises(PolicyIsWrong) as caught:
        parse("own.toml", content)
    assert [(f.file, f.code) for f in caught.value.faults] == [("own.toml", "policy.not_toml")]


def test_every_fault_of_every_file_is_reported_at_once() -> None:
    with pytest.raises(PolicyIsWrong) as caught:
        policy_from({**SHIPPED, "a.toml": b"= 3", "b.toml": b"[[rul]]"}, calendar="cn")
    assert [(f.file, f.code) for f in caught.value.faults] == [
        ("a.toml", "policy.not_toml"),
        ("b.toml", "policy.unknown_key"),
    ]
    assert str(caught.value).splitlines()[1] == "b.toml: rul: policy.unknown_key (nearest: rule)"


# -- all files together -----------------------------------------------------------------------------------------------


def test_an_id_may_be_defined_only_once() -> None:
    (fault,) = faults_beside_the_shipped(RULE.replace("OWN-1", "PET-05"))
    assert (fault.key, fault.code) == ("rule.PET-05", "policy.defined_twice")


def test_a_profile_that_names_an_unknown_rule_names_the_nearest_known_one() -> None:
    assert faults_beside_the_shipped(PROFILE.replace("PET-02", "PET-2")) == (
        PolicyFault(
            file="own.toml", key="profile.own.clocks.notice = PET-2", code="policy.unknown_name", nearest="PET-02"
        ),
    )  # fmt: skip


def test_an_unknown_ladder_is_found_in_profiles_and_in_rules() -> None:
    (fault,) = faults_beside_the_shipped(PROFILE.replace('"third"', '"thrid"'))
    assert (fault.key, fault.nearest) == ("profile.own.ladder = thrid", "third")
    (fault,) = faults_beside_the_shipped(RULE + 'ladder = "windo"')
    assert (fault.key, fault.nearest) == ("rule.OWN-1.ladder = windo", "window")


def test_an_office_needs_the_calendar_that_it_names() -> None:
    (fault,) = faults_beside_the_shipped(RULE, calendar="xx")
    assert (fault.key, fault.code) == ("xx", "policy.no_calendar")


def test_any_change_of_any_file_changes_the_version_that_clocks_are_stamped_with() -> None:
    changed = {**SHIPPED, "petition.toml": SHIPPED["petition.toml"] + b"\n# a remark\n"}
    assert policy_from(changed, calendar="cn").version != shipped_policy().version
    assert policy_from(dict(reversed(SHIPPED.items())), calendar="cn").version == shipped_policy().version


def test_a_clock_is_stamped_with_the_version_it_started_under() -> None:
    policy = policy_of("petition")
    clock = start(RecordNumber(1), "notice", policy.rules["PET-02"][-1], policy, at=at("2026-03-02T09:00"))
    assert (clock.rule, clock.policy) == ("PET-02", shipped_policy().version)


# -- the shipped files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_row_parses_and_has_a_source(name: str) -> None:
    content = parse(name, SHIPPED[name])
    rows = (*content.rule, *content.ladder, *content.profile, *content.calendar, *content.scheme)
    assert rows
    assert all(row.source.strip() for row in rows)


def test_the_shipped_lengths_are_those_of_their_sources() -> None:
    # Number, unit and kind as the acts and local rules have them; extension as total length, and how often.
    found = {
        rule.id: (rule.length, rule.unit.value, rule.kind.value, rule.roll.value, rule.confidence)
        for rule in shipped_policy().rules.values()
    }
    assert found == {
        "PET-01": (15, "day", "duty", "none", "S"),
        "PET-02": (15, "day", "duty", "none", "S"),
        "PET-05": (60, "day", "duty", "none", "S"),
        "OFC-01": (1, "working_day", "duty", "none", "K"),
        "OFC-02": (1, "working_day", "duty", "none", "K"),
        "OFC-03": (15, "working_day", "external", "none", "K"),
        "HOT-07": (5, "working_day", "duty", "none", "L"),
        "ENT-01a": (1, "working_day", "duty", "none", "L"),
        "ENT-01c": (10, "working_day", "duty", "none", "L"),
        "MED-01": (3, "working_day", "duty", "none", "K"),
        "MED-02": (1, "month", "duty", "none", "S"),
        "MED-03": (30, "day", "duty", "none", "L"),
        "MED-07": (30, "day", "right", "next_working_day", "S"),
        "MED-10": (5, "working_day", "duty", "none", "K"),
    }


def test_the_shipped_extensions_and_pauses_are_those_of_their_sources() -> None:
    rules = shipped_policy().rules.values()
    extensions = {r.id: (r.extension.by, r.extension.max_length, r.extension.times) for r in rules if r.extension}
    assert extensions == {
        "PET-05": ("supervisor", 90, 1),  # 60 + at most 30 days, once
        "HOT-07": ("supervisor", 15, 1),
        "ENT-01c": ("supervisor", 25, 1),
        "MED-02": ("parties", None, None),  # as long and as often as all parties agree
        "MED-03": ("parties", None, None),
    }
    pauses = {r.id: (r.pause.grounds, r.pause.max_days, r.pause.needs_consent) for r in rules if r.pause}
    assert pauses == {
        "HOT-07": (("measurement", "appraisal", "objective_limits"), 60, False),
        "MED-02": (("appraisal", "expert_advice", "party_unable"), 90, True),
    }


def test_only_a_persons_window_and_the_closing_window_light_nothing() -> None:
    assert {r.id for r in shipped_policy().rules.values() if r.kind is not Kind.DUTY} == {"MED-07", "OFC-03"}


@pytest.mark.parametrize("profile", sorted(shipped_policy().profiles))
def test_every_clock_that_a_shipped_profile_names_is_started_by_its_procedure(profile: str) -> None:
    # A misspelt name would never run, and nobody would be told.
    chosen = shipped_policy().profiles[profile]
    steps = PROCEDURES[chosen.procedure].steps
    assert set(chosen.clocks) <= {change.name for s in steps for change in s.clocks if isinstance(change, Start)}


def test_a_profile_leaves_out_a_clock_by_not_naming_it() -> None:
    assert policy_of("hotline").rule("notice") is None
    found = policy_of("petition").rule("notice")
    assert found is not None
    assert found.id == "PET-02"


def test_a_rule_with_its_own_ladder_does_not_take_the_profiles() -> None:
    policy = policy_of("petition")
    assert policy.ladder_of(policy.rules["OFC-01"][-1]).id == "signing"
    assert policy.ladder_of(policy.rules["PET-05"][-1]).id == "third"
