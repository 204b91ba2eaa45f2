"""The initials of names: as people say them, in each way in which a short name can be said."""

import pytest

from infra.initials import MOST_WAYS, initials_of
from infra.terms import sought_in


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("王小明", "wxm"), ("单雄信", "sxx"), ("曾荣", "zr"), ("曾荣", "cr"), ("查　良", "zl"), ("仇英", "qy"), ("仇英", "cy"),
        ("阿卜杜拉·买买提", "abdlmmt"), ("某某科技有限公司", "mmkjyxgs"), ("吕布", "lb"), ("Ａ座王芳", "zwf"),
    ],
)  # fmt: skip
def test_a_name_is_known_by_how_it_is_said(name: str, typed: str) -> None:
    assert typed in initials_of(name)


@pytest.mark.parametrize("name", ["", "王", "John Smith", "A王", "13800000000", "一" * 21])
def test_what_has_not_two_characters_of_a_name_has_none(name: str) -> None:
    assert initials_of(name) == ()


def test_a_name_of_many_readings_has_not_endlessly_many() -> None:
    assert 1 < len(initials_of("曾单解仇")) <= MOST_WAYS


def test_letters_are_looked_for_as_a_word_and_as_initials() -> None:
    (sought,) = sought_in("WXM")
    assert [one.runs for one in sought.any_of] == [("♪wxm",), ("wxm",)]
