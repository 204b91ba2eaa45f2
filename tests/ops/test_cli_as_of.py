"""`huiyin as-of`: a case, the work list and the sheets as the record knew them on a date."""

import json
from typing import Any

import pytest

from tests.ops.command_line import ASKED_WRONGLY, WRONG, _office_file, home, office, run, speak

__all__ = ["_office_file", "home", "office"]


def said(*arguments: str) -> dict[str, Any]:
    result = run("as-of", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def first_number(on: str = "2026-03-04") -> str:
    number: str = said(on)["open"][0]["number"]
    return number


@pytest.mark.usefixtures("office")
def test_the_list_is_what_is_shown_if_nothing_else_is_named() -> None:
    found = said("2026-03-04")
    assert found["as_of"] == "2026-03-04T16:00:00+00:00"
    assert [(one["state"], one["light"], one["version"]) for one in found["open"]] == [("accepted", "green", 2)]
    assert said("2026-03-01")["open"] == []
    assert len(said("2026-12-28")["open"]) == 2


@pytest.mark.usefixtures("office")
def test_a_case_says_its_clocks_and_its_events_by_then() -> None:
    found = said("2026-03-04", "case", first_number())
    (order,) = [clock for clock in found["case"]["clocks"] if clock["name"] == "order"]
    # Five working days from Monday 2 March: 3-6 and 9 March.
    assert (order["due_on"], order["light"], order["outcome"]) == ("2026-03-09", "green", None)
    assert [event["code"] for event in found["events"]] == ["case:registered", "case:accepted"]
    assert "title" not in json.dumps(found)


@pytest.mark.usefixtures("office")
def test_the_sheet_of_a_unit_is_chosen_by_its_name() -> None:
    found = said("2026-03-04", "sheet", "--unit", "滨江园区党群服务中心")
    assert (found["year"], found["scheme"], [one["total"] for one in found["sheets"]]) == (2026, "LIGHTS-A", [100.0])
    assert said("2026-03-04", "sheet", "--scheme", "RATES-B", "--year", "2026")["scheme"] == "RATES-B"


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("language", "banner"),
    [("zh_CN", "截至 2026年3月4日 周三 24:00 的记录，不是现在的情况"), ("en", "As the record knew it on Wed 4 Mar 2026 24:00, not the present")],
)  # fmt: skip
@pytest.mark.parametrize("what", [["list"], ["sheet"], ["case"]])
def test_for_people_the_first_line_says_that_this_is_not_the_present(
    what: list[str], language: str, banner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, language)
    result = run("as-of", "2026-03-04", *what, *([first_number()] if what == ["case"] else []))
    assert result.exit_code == 0, result.stderr
    assert banner in result.stdout.splitlines()[0]
    assert "噪声" not in result.stdout
    assert "as_of." not in result.stdout


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["2026-12-29"], ASKED_WRONGLY, "still to come"),
        (["2026-01-04"], ASKED_WRONGLY, "begins on 2026-01-05"),
        (["yesterday"], ASKED_WRONGLY, "is not a day or an instant"),
        (["2026-03-04", "case"], ASKED_WRONGLY, "Name the case"),
        (["2026-03-04", "case", "（2026）滨园访字第77号"], ASKED_WRONGLY, "There is no case"),
        (["2026-03-04", "list", "--unit", "nowhere"], ASKED_WRONGLY, "no one unit"),
        (["2026-03-04", "sheet", "--scheme", "NONE"], ASKED_WRONGLY, "LIGHTS-A"),
        (["2026-03-04", "sheet", "--year", "2031"], WRONG, "2031"),
        (["2026-03-01", "sheet"], WRONG, "Nothing was counted in 2026"),
        (["2026-03-04", "sheet", "--unit", "谈心室"], WRONG, "had no sheet of 2026 then"),
    ],
)
def test_what_the_record_cannot_say_is_refused_in_words(arguments: list[str], code: int, says: str) -> None:
    result = run("as-of", *arguments)
    assert result.exit_code == code
    assert says in result.stderr
    assert not result.stdout


@pytest.mark.usefixtures("office")
def test_a_case_that_was_registered_later_was_not_known() -> None:
    result = run("as-of", "2026-03-01", "case", first_number())
    assert (result.exit_code, "did not know" in result.stderr) == (WRONG, True)
