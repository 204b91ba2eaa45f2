"""Reading policy files: a fault names file, line, column, key and the nearest known name; all of them are told at once.

What an office might get wrong in each kind of row is in `test_policy_refused.py`, the files that ship in
`test_policy_data.py`.
"""

import pytest

from tests.workflow.factories import at, policy_of, shipped_policy
from tests.workflow.policy_texts import PROFILE, RULE, SHIPPED, YEAR, faults, place, small_policy, spoilt, the_fault
from workflow.clocks import start
from workflow.model import RecordNumber
from workflow.policy_files import PolicyFault, PolicyIsWrong, parse, policy_from


def faults_of(content: str) -> tuple[PolicyFault, ...]:
    with pytest.raises(PolicyIsWrong) as caught:
        parse("own.toml", content.encode())
    return caught.value.faults


def test_the_examples_below_are_right_before_they_are_spoilt() -> None:
    policy = small_policy()
    assert "OWN-1" in policy.rules
    assert "own" in policy.profiles


# -- one file ---------------------------------------------------------------------------------------------------------


def test_an_unknown_key_names_its_line_its_row_by_id_and_the_nearest_key() -> None:
    assert faults_of(spoilt(RULE, "length", "lenght")) == (
        # What is missing has no line of its own: the header of its row is pointed at.
        PolicyFault(file="own.toml", key="rule.OWN-1.length", code="policy.missing", line=1, column=3, text="[[rule]]"),
        PolicyFault(
            file="own.toml", key="rule.OWN-1.lenght", code="policy.unknown_key", line=3, column=1, text="lenght = 3",
            nearest="length",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "column", "key", "nearest"),
    [
        ('extension = { by = "supervisor", max_lenght = 9 }', 34, "extension.max_lenght", "max_length"),
        ('pause = { grounds = ["hearing"], max_days = 9, consent = true }', 48, "pause.consent", "needs_consent"),
    ],
)
def test_an_unknown_key_inside_a_rule_is_compared_with_the_keys_of_its_own_table(
    line: str, column: int, key: str, nearest: str
) -> None:
    assert faults_of(RULE + line) == (
        PolicyFault(
            file="own.toml", key=f"rule.OWN-1.{key}", code="policy.unknown_key", line=9, column=column, text=line,
            nearest=nearest,
        ),
    )  # fmt: skip


def test_an_unknown_kind_of_row_names_the_nearest_kind() -> None:
    assert faults_of('[[rul]]\nid = "x"') == (
        PolicyFault(
            file="own.toml", key="rul", code="policy.unknown_key", line=1, column=3, text="[[rul]]", nearest="rule"
        ),
    )


def test_an_unknown_kind_of_row_is_pointed_at_wherever_it_stands() -> None:
    (fault,) = faults_of(RULE + '[[rul]]\nid = "x"')
    assert (fault.line, fault.column, fault.text) == (9, 3, "[[rul]]")


@pytest.mark.parametrize(
    ("without", "line", "column"),
    [
        (spoilt(RULE, 'source = "an office\'s own rule"\n', ""), 1, 3),
        (spoilt(RULE, "an office's own rule", ""), 6, 1),
    ],
)
def test_a_number_without_a_source_is_not_accepted(without: str, line: int, column: int) -> None:
    (fault,) = faults_of(without)
    assert place(fault) == ("own.toml", line, column, "rule.OWN-1.source", "policy.missing")


@pytest.mark.parametrize(
    ("right", "wrong", "line", "value", "nearest"),
    [
        ("length = 3", "length = 0", 3, "0", None),
        ('"day"', '"days"', 4, "days", "day"),
        ('"day"', '"workday"', 4, "workday", "working_day"),
        ('"duty"', '"right_of_way"', 5, "right_of_way", "right"),
        ('"L"', '"s"', 7, "s", "S"),
        ("2020-01-01", '"soon"', 8, "soon", None),
    ],
)
def test_a_value_that_a_key_does_not_take_is_named_with_what_it_could_have_been(
    right: str, wrong: str, line: int, value: str, nearest: str | None
) -> None:
    (fault,) = faults_of(spoilt(RULE, right, wrong))
    assert (fault.code, fault.line, fault.column, fault.value) == ("policy.bad_value", line, 1, value)
    assert fault.text == spoilt(RULE, right, wrong).splitlines()[line - 1]
    if nearest:
        assert fault.nearest == nearest


@pytest.mark.parametrize(
    ("content", "line", "column", "text", "reason"),
    [
        ("# mine\n= 3", 2, 1, "= 3", "Invalid statement"),
        (RULE + "roll = ", 9, 8, "roll = ", "Invalid value"),
        (RULE + 'roll = "x', 9, 10, 'roll = "x', "Unterminated string"),  # at the end of the document
        (RULE + "length = 4\n", 9, 11, "length = 4", "Cannot overwrite a value"),
        (spoilt(RULE, "2020-01-01", "2020-02-30"), 8, 18, "effective_from = 2020-02-30", "Invalid date or datetime"),
    ],
)
def test_what_is_not_toml_is_pointed_at_to_the_column(
    content: str, line: int, column: int, text: str, reason: str
) -> None:
    assert faults_of(content) == (
        PolicyFault(
            file="own.toml", key="", code="policy.not_toml", line=line, column=column, text=text, value=reason
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line"), [(b"\xff\xfe", 1), (b"# mine\n# \xe4\xb8\xad\n# \xff\n", 3), ("# mine\n".encode("utf-16"), 1)]
)
def test_what_is_not_utf_8_is_a_fault_of_that_file_on_that_line(content: bytes, line: int) -> None:
    with pytest.raises(PolicyIsWrong) as caught:
        parse("own.toml", content)
    (fault,) = caught.value.faults
    assert (fault.file, fault.code, fault.line) == ("own.toml", "policy.not_utf8", line)


def test_windows_line_ends_change_no_line_number() -> None:
    (fault,) = faults_of(spoilt(RULE, "length = 3", "length = 0").replace("\n", "\r\n"))
    assert (fault.line, fault.text) == (3, "length = 0")


# -- all of it or nothing ---------------------------------------------------------------------------------------------


def test_every_fault_of_every_file_is_reported_at_once_and_there_is_no_policy() -> None:
    found = faults(
        {"calendar.toml": b"\xff", "profile.toml": "= 3", "rule.toml": spoilt(RULE, "length = 3", "length = 0"), "x.toml": "[[rul]]"}
    )  # fmt: skip
    assert [(f.file, f.line, f.code) for f in found] == [
        ("calendar.toml", 1, "policy.not_utf8"),
        ("profile.toml", 1, "policy.not_toml"),
        ("rule.toml", 3, "policy.bad_value"),
        ("x.toml", 1, "policy.unknown_key"),
    ]


def test_faults_between_files_are_reported_at_once_too() -> None:
    found = faults(
        {
            "rule.toml": spoilt(RULE, "length = 3", "length = 4000"),
            "profile.toml": spoilt(PROFILE, "OWN-1", "OWN-2"),
            "calendar.toml": spoilt(YEAR, "2026-10-01", "2025-10-01"),
        }
    )
    assert {(f.file, f.line, f.code) for f in found} == {
        ("rule.toml", 3, "policy.absurd"),
        ("profile.toml", 9, "policy.unknown_name"),
        ("calendar.toml", 8, "policy.day_of_another_year"),
    }


def test_the_exception_itself_says_file_line_key_and_nearest_name() -> None:
    with pytest.raises(PolicyIsWrong) as caught:
        small_policy({"profile.toml": spoilt(PROFILE, "OWN-1", "OWN1")})
    assert str(caught.value) == "profile.toml:9: profile.own.clocks.notice: policy.unknown_name (nearest: OWN-1)"


def test_an_office_needs_the_calendar_that_it_names() -> None:
    fault = the_fault({}, calendar="xx")
    assert (fault.key, fault.code, fault.value) == ("xx", "policy.no_calendar", "xx")


# -- versions ---------------------------------------------------------------------------------------------------------


def test_any_change_of_any_file_changes_the_version_that_clocks_are_stamped_with() -> None:
    name = "rules/petition.toml"
    changed = {**SHIPPED, name: SHIPPED[name] + b"\n# a remark\n"}
    assert policy_from(changed, calendar="cn").version != shipped_policy().version
    assert policy_from(dict(reversed(SHIPPED.items())), calendar="cn").version == shipped_policy().version


def test_the_name_of_a_file_belongs_to_the_version() -> None:
    moved = {f"old/{name}": content for name, content in SHIPPED.items()}
    assert policy_from(moved, calendar="cn").version != shipped_policy().version


def test_a_clock_is_stamped_with_the_version_it_started_under() -> None:
    policy = policy_of("petition")
    clock = start(RecordNumber(1), "notice", policy.rules["PET-02"][-1], policy, at=at("2026-03-02T09:00"))
    assert (clock.rule, clock.policy) == ("PET-02", shipped_policy().version)
