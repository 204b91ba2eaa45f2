"""Everything that comes in at the command line and is no text: a sentence and exit code 2, never a traceback."""

import json
from pathlib import Path

import pytest

from tests.ops.command_line import ASKED_WRONGLY, _office_file, home, office, run

__all__ = ["_office_file", "home", "office"]

HALF = "\udcff"  #: what the system makes of the byte 0xff in an argument
REGISTER = {"title": "甲", "statement": "乙", "applicant": "丙", "channel": "hotline"}
STORY = {"case": "甲", "matter": "hotline", "steps": [{"at": "2026-03-02T09:00", "by": "clerk", "do": "Register", "fields": REGISTER}]}  # fmt: skip


def story(folder: Path, text: str) -> Path:
    path = folder / "story.json"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    "place", ['"甲"', '"hotline"', '"2026-03-02T09:00"', '"clerk"', '"Register"', '"title"', '"乙"']
)
@pytest.mark.usefixtures("home")
def test_half_of_a_character_anywhere_in_a_story_is_refused_in_words(place: str, tmp_path: Path) -> None:
    broken = json.dumps(STORY, ensure_ascii=False).replace(place, r'"\ud842x"', 1)
    result = run("replay", story(tmp_path, broken))
    assert (result.exit_code, result.stdout) == (ASKED_WRONGLY, "")
    assert r"story.json: an escape such as \ud842 is half of a character" in result.stderr


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000])
@pytest.mark.usefixtures("home")
def test_a_story_that_no_reader_can_hold_is_refused(content: str, tmp_path: Path) -> None:
    assert run("replay", story(tmp_path, content)).exit_code == ASKED_WRONGLY


@pytest.mark.parametrize("field", ["title", "statement", "applicant"])
@pytest.mark.usefixtures("home")
def test_a_story_with_a_text_that_nobody_can_see_is_refused(field: str, tmp_path: Path) -> None:
    steps = [{**STORY["steps"][0], "fields": {**REGISTER, field: "\u200b"}}]  # type: ignore[index, dict-item]
    result = run("replay", story(tmp_path, json.dumps({**STORY, "steps": steps})))
    assert result.exit_code == ASKED_WRONGLY
    assert f"Register.{field}" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", f"none{HALF}.json"),
        ("init", "--name", HALF, "--short-name", "甲", "--email", "a@b.cn"),
        ("policy", "calendar", f"{HALF}.csv", "--year", "2027", "--source", "x"),
        ("policy", "calendar", "--year", "2027", "--country", HALF),
        ("policy", "check", HALF),
        ("export", "check", HALF),
        ("export", "closures", f"{HALF}.csv", "--from", "2026-01-01", "--to", "2026-12-31"),
        ("verify", "--anchors", HALF),
        ("as-of", HALF),
        (HALF,),
    ],
    ids=ascii,
)
@pytest.mark.usefixtures("home")
def test_an_argument_that_is_no_text_is_refused_in_words(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (ASKED_WRONGLY, "")
    assert "UTF-8" in result.stderr


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("a@.", "name@example.cn"), ("a@b%0d%0aBcc:x@y", "name@example.cn"), ("\x01a@b", "name@example.cn"),
        ("张@example.cn", "Before the @ only English letters"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("home")
def test_an_office_is_founded_with_an_address_that_servers_take(email: str, words: str) -> None:
    result = run("init", "--name", "甲", "--short-name", "甲", "--email", email)
    assert result.exit_code == ASKED_WRONGLY
    assert words in result.stderr


@pytest.mark.parametrize("option", ["--name", "--short-name", "--administrator"])
@pytest.mark.usefixtures("home")
def test_an_office_is_founded_with_names_that_are_seen(option: str) -> None:
    given = {"--name": "甲", "--short-name": "甲", "--email": "a@b.cn", option: "\u200b"}
    result = run("init", *(part for pair in given.items() for part in pair))
    assert result.exit_code == ASKED_WRONGLY
    assert "are needed" in result.stderr


@pytest.mark.usefixtures("home")
def test_half_of_a_character_in_a_notice_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "notice.json"
    path.write_text('{"off": [\n"\\ud842"]}', "utf-8")
    result = run("policy", "calendar", path, "--year", "2027", "--source", "x")
    assert result.exit_code == ASKED_WRONGLY
    assert "is not a day" in result.stderr
