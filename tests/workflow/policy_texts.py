"""Policy files as tests write them: small enough to be read, and right until a test spoils a line."""

from collections.abc import Mapping

import pytest

from infra.files import read_tree
from workflow.policy import Policy
from workflow.policy_files import PolicyFault, PolicyIsWrong, policy_from

SHIPPED = read_tree("workflow", "policies", suffix=".toml")

RULE = """\
[[rule]]
id = "OWN-1"
length = 3
unit = "day"
kind = "duty"
source = "an office's own rule"
confidence = "L"
effective_from = 2020-01-01
"""

PROFILE = """\
[[profile]]
id = "own"
matter = "petition"
procedure = "petition"
series = "s"
ladder = "third"
source = "an office's own rule"
[profile.clocks]
notice = "OWN-1"
"""

LADDER = """\
[[ladder]]
id = "own"
source = "an office's own rule"
confidence = "K"

[[ladder.rungs]]
code = "yellow"
light = "yellow"
at = "remaining"

[[ladder.rungs]]
code = "red"
light = "red"
at = "due"
"""

YEAR = """\
[[calendar]]
id = "cn"
zone = "Asia/Shanghai"
year = 2026
source = "a notice"
off = [
    2026-05-01, 2026-05-02,  # 2026-05-09 is worked for it
    2026-10-01,
]
work = [2026-05-09]
"""

#: Everything that a policy needs, a file a kind, and the ladders that ship.
SMALL = {"calendar.toml": YEAR, "profile.toml": PROFILE, "rule.toml": RULE}


def spoilt(text: str, right: str, wrong: str) -> str:
    """The text with one thing changed; a test that spoils nothing would prove nothing."""
    assert text.count(right) == 1, f"{right!r} stands {text.count(right)} times"
    return text.replace(right, wrong)


def in_bytes(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


def small_policy(files: Mapping[str, str | bytes] | None = None, *, calendar: str = "cn") -> Policy:
    """The policy of the small files, with these in their place or beside them."""
    whole = {"ladders.toml": SHIPPED["ladders.toml"], **SMALL, **(files or {})}
    return policy_from(in_bytes(whole), calendar=calendar)


def faults(files: Mapping[str, str | bytes], *, calendar: str = "cn") -> tuple[PolicyFault, ...]:
    """Everything that is wrong with the small files when these stand in their place or beside them."""
    with pytest.raises(PolicyIsWrong) as caught:
        small_policy(files, calendar=calendar)
    return caught.value.faults


def the_fault(files: Mapping[str, str | bytes], *, calendar: str = "cn") -> PolicyFault:
    """The one thing that is wrong."""
    (found,) = faults(files, calendar=calendar)
    return found


def place(fault: PolicyFault) -> tuple[str, int, int, str, str]:
    """Where a person has to look, and what is wrong there: file, line, column, key, code."""
    return fault.file, fault.line, fault.column, fault.key, fault.code
