"""No text turns a line around or moves a cursor, wherever it is shown; what shapes letters stays."""

import json

import pytest
from jinja2 import DictLoader

from infra.jinja import environment
from infra.steering import direction_as_escapes, without_direction, without_steering

DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u206a\u206f"
CONTROLS = "\x00\x01\x0b\x0c\x1b\x7f\x85\x9b\u2028\u2029"
SHAPING = "می\u200cخواهم 👨\u200d👩 葛\U000e0100 ᠮ\u180b\tab\r\n"


def test_directions_and_controls_are_left_out_and_what_shapes_letters_stays() -> None:
    assert without_direction("甲".join(DIRECTIONS)) == "甲" * (len(DIRECTIONS) - 1)
    assert without_steering("甲".join(DIRECTIONS + CONTROLS)) == "甲" * (len(DIRECTIONS + CONTROLS) - 1)
    assert without_direction("甲" * 2_000 + "\u206a".join("乙丙")) == "甲" * 2_000 + "乙丙", "in a long text too"
    assert [
        one for one in map(chr, (*range(0x600, 0x700), *range(0x2000, 0x2100))) if not without_direction(one * 2_000)
    ] == [one for one in map(chr, (*range(0x600, 0x700), *range(0x2000, 0x2100))) if not without_direction(one)]
    assert without_direction(SHAPING) == without_steering(SHAPING) == SHAPING


def test_json_says_the_same_and_shows_each_direction_as_an_escape() -> None:
    value = {"title": f"甲{DIRECTIONS}", "\u202e": 1}
    escaped = direction_as_escapes(json.dumps(value, ensure_ascii=False))
    assert json.loads(escaped) == value
    assert without_direction(escaped) == escaped


@pytest.mark.parametrize(
    "template",
    ["{{ text }}", '<a title="{{ text }}">', "{{ [text]|join('、') }}", "{% trans %}{{ text }}{% endtrans %}"],
)
def test_no_text_turns_its_line_around_on_a_page_or_in_a_mail(template: str) -> None:
    kinds = {"x.html": template, "x.txt": template}
    for kind in kinds:
        made = environment("zh_CN").overlay(loader=DictLoader(kinds)).get_template(kind)
        shown = made.render(text="甲\u202e<b>\u2066\x1b乙")
        assert without_steering(shown) == shown
        assert "甲" in shown
        assert "乙" in shown
        assert ("<b>" in shown) == (kind == "x.txt"), "escaped where it is HTML"
