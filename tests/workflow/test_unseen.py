"""What people can see of a text, and what counts as none."""

import pytest

from workflow.commands import adapter_of
from workflow.procedures.petition.commands import Register
from workflow.unseen import has_lone_surrogate, is_blank, seen

BLANK = [
    "", " ", "\u3000\t\n", "\u200b", "\u200b\u200c\u200d\ufeff\u2060", "\u00ad", "\x00\x0b\x1b\x85\x9b", "\u2028\u2029", "\u202e\u2066\u061c",
    "\u3164", "\u115f\u1160", "\uffa0", "\u2800\u2800", "\ufe0f\U000e0100", "\U000e0041", "\u0301\u20dd", "\ue000", "\U000f0000", "\uffff",
    "\ufdd0", "\U0001fffe", "\ufffc", "\U0001d159", "\u034f\u17b4", "\u180b\u180e", "\u2065", "\ufff0",
]  # fmt: skip
VISIBLE = [
    "漏", "a", "0", "-", "。", "·", "😀", "\U00031350", "\U0002ebf0", "𠮷", "é", "é", "བཀྲ", "ᠮᠣᠩ\u180bᠭᠣᠯ", "می\u200cخواهم",
    "👨\u200d👩\u200d👧", "漏\u200b", "\u202e漏", "葛\U000e0100", "\ufffd",
]  # fmt: skip


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_a_text_that_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)
    assert seen(text) == ""


@pytest.mark.parametrize("text", VISIBLE, ids=ascii)
def test_a_text_that_shows_something_is_kept_as_it_was_typed(text: str) -> None:
    assert not is_blank(text)
    assert seen(f"  {text}\n") == text


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
@pytest.mark.parametrize("field", ["title", "statement", "applicant"])
def test_no_command_takes_what_nobody_can_see_for_a_text(field: str, blank: str) -> None:
    good = {"title": "甲", "statement": "乙", "applicant": "丙", "channel": "visit"}
    adapter_of(Register).validate_python(good)
    with pytest.raises(ValueError, match="at least 1 character"):
        adapter_of(Register).validate_python({**good, field: blank})


def test_half_of_a_character_is_no_text() -> None:
    assert has_lone_surrogate("漏\ud842")
    assert has_lone_surrogate("\udc00")
    assert not has_lone_surrogate("𠮷")
