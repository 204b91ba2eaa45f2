"""`huiyin deadline explain`: a time limit worked out by hand, day by day, and every way of asking it wrongly."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command

import migrations
from cases.policies import shipped_files
from cli.main import main
from infra.db import make_file, open_engine, transaction
from tests.ops.command_line import ASKED_WRONGLY, _office_file, home, office, run, speak

__all__ = ["_office_file", "home", "office"]

EXPLAIN = ("deadline", "explain")
#: Worked case 5 of `domain.md` §8: extended to fifteen working days, paused from 11 to 15 May.
NOISE = (
    *EXPLAIN, "HOT-07", "--start", "2026-04-27T09:15", "--extend", "15@2026-04-30T10:00",
    "--pause", "2026-05-11T14:00/2026-05-15T10:00",
)  # fmt: skip
ORDER = (*EXPLAIN, "HOT-07", "--start", "2026-04-27T09:15")
PLAIN = (*EXPLAIN, "-", "--start", "2026-04-27T09:15", "--length", "30", "--unit", "day")


def explained(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


# -- what it says -----------------------------------------------------------------------------------------------------


def test_the_json_has_the_agreed_keys_and_worked_case_5_to_the_minute(home: Path) -> None:
    said = explained(*NOISE)
    assert list(said)[:8] == [
        "rule", "started_at", "due_on", "due_at", "yellow_at", "red_at", "provisional", "days",
    ]  # fmt: skip
    days = said.pop("days")
    assert all({"on", "counted", "number", "because"} <= set(day) for day in days)
    assert (said["rule"], said["started_at"], said["provisional"]) == ("HOT-07", "2026-04-27T09:15:00+08:00", False)
    assert (said["due_on"], said["due_at"]) == ("2026-05-26", "2026-05-27T00:00:00+08:00")
    assert (said["yellow_at"], said["red_at"]) == ("2026-05-20T00:00:00+08:00", "2026-05-27T00:00:00+08:00")
    counted = {day["number"]: day["on"] for day in days if day["counted"]}
    assert list(counted) == list(range(1, 16))
    assert (counted[5], counted[7], counted[8], counted[9]) == ("2026-05-07", "2026-05-09", "2026-05-11", "2026-05-18")
    assert {day["on"]: day["because"] for day in days if day["number"] is None}["2026-05-12"] == "paused"
    assert not home.exists(), "asking makes no database"


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "zh_CN",
            (
                "HOT-07 一般求助投诉办结 15 个工作日", "依据：大宁路街道热线办法（2019）", "起算：2026年4月27日 09:15",
                "2026年5月9日 周六 7 调休上班日 [1]", "中止，不计", "到期：2026年5月26日 周二 24:00", "黄灯：2026年5月20日 00:00",
                "红灯：2026年5月27日 00:00", "[1] 国务院办公厅关于 2026 年部分节假日安排的通知",
            ),
        ),
        (
            "en",
            (
                "HOT-07 general request 15 working days", "source: Daning Road sub-district, hotline measures (2019)", "starts: 27 Apr 2026 09:15",
                "Sat 9 May 2026 7 make-up working day [1]", "suspended, not counted", "due: Tue 26 May 2026 24:00",
                "yellow: 20 May 2026 00:00", "red: 27 May 2026 00:00", "[1] 国务院办公厅关于 2026 年部分节假日安排的通知",
            ),
        ),
    ],
)  # fmt: skip
def test_it_is_told_to_people_in_their_language(
    language: str, lines: tuple[str, ...], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_option = run(*NOISE, "--language", language)
    speak(monkeypatch, language)
    result = run(*NOISE)
    assert (result.exit_code, result.stdout) == (0, by_option.stdout)
    for line in lines:
        assert line in " ".join(result.stdout.split()), result.stdout


# k units are left of 15: 5 by thirds, 3 at most; one_day is the last working day before the limit.
@pytest.mark.parametrize(
    ("ladder", "yellow", "red"),
    [
        ("third", "2026-05-20", "2026-05-27"),
        ("fix3", "2026-05-22", "2026-05-27"),
        ("one_day", "2026-05-26", "2026-05-27"),
        ("post", "2026-05-27", "2026-06-03"),
    ],
)
@pytest.mark.usefixtures("home")
def test_another_ladder_lights_at_other_times(ladder: str, yellow: str, red: str) -> None:
    said = explained(*NOISE, "--light", ladder)
    assert (said["yellow_at"], said["red_at"]) == (f"{yellow}T00:00:00+08:00", f"{red}T00:00:00+08:00")


@pytest.mark.parametrize(
    ("arguments", "due"),
    [
        (("--length", "1", "--unit", "month", "--start", "2026-01-31T10:00"), "2026-02-28"),
        (("--length", "3", "--unit", "day", "--start", "2026-04-30T10:00"), "2026-05-03"),
        # 3 May is a day off, and so are the 4th and the 5th.
        (("--length", "3", "--unit", "day", "--start", "2026-04-30T10:00", "--roll", "next_working_day"), "2026-05-06"),
        (("--length", "2", "--unit", "hour", "--start", "2026-04-30T23:30"), "2026-05-01"),
        (("--length", "3", "--unit", "working_day", "--start", "2026-04-30T23:30+08:00"), "2026-05-08"),
    ],
)
@pytest.mark.usefixtures("home")
def test_any_length_and_unit_can_be_counted_without_a_rule(arguments: tuple[str, ...], due: str) -> None:
    assert explained(*EXPLAIN, "-", *arguments)["due_on"] == due


@pytest.mark.usefixtures("home")
def test_an_instant_with_an_offset_is_the_same_instant() -> None:
    assert explained(*EXPLAIN, "HOT-07", "--start", "2026-04-27T01:15+00:00") == explained(*ORDER)


@pytest.mark.usefixtures("home")
def test_a_date_that_needs_a_year_without_a_notice_is_provisional() -> None:
    asked = (*EXPLAIN, "HOT-07", "--start", "2026-12-28T09:00")
    said = explained(*asked)
    assert (said["due_on"], said["provisional"]) == ("2027-01-05", True)
    assert next(day["on"] for day in said["days"] if day.get("provisional")) == "2027-01-01"
    assert "provisional: that year's holidays are not published yet" in run(*asked).stdout


# -- what it refuses --------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "length 0": ((*ORDER, "--length", "0"), "长度须为大于 0 的整数。", "A length is a whole number above 0."),
    "negative length": ((*ORDER, "--length", "-1"), "长度须为大于 0 的整数。", "A length is a whole number above 0."),
    "absurd length": ((*ORDER, "--length", "2501"), "最多 2500", "at most 2500"),
    "absurd extension": ((*PLAIN, "--extend", "3653@2026-04-28"), "最多 3652", "at most 3652"),
    "no length": ((*EXPLAIN, "-", "--start", "2026-04-27", "--unit", "day"), "须同时给出 --length 和 --unit", "give both"),
    "no unit": ((*EXPLAIN, "-", "--start", "2026-04-27", "--length", "3"), "须同时给出 --length 和 --unit", "give both"),
    "unknown rule": ((*EXPLAIN, "HOT-7", "--start", "2026-04-27"), "没有规则 HOT-7，最接近的是 HOT-07", "There is no rule HOT-7; the nearest is HOT-07"),
    "unknown ladder": ((*ORDER, "--light", "mauve"), "没有亮灯办法 mauve；已知：third", "There is no ladder mauve; known: third"),
    "no instant": ((*EXPLAIN, "HOT-07", "--start", "yesterday"), "“yesterday”不是时刻", "“yesterday” is not an instant"),
    "no such day": ((*EXPLAIN, "HOT-07", "--start", "2026-02-30"), "“2026-02-30”不是时刻", "is not an instant"),
    "year 1": ((*EXPLAIN, "HOT-07", "--start", "0001-01-01T00:00"), "不是时刻", "is not an instant"),
    "before 2000": ((*EXPLAIN, "HOT-07", "--start", "1999-12-31T09:00"), "超出了日历的范围", "lies beyond the calendar"),
    "after 2060": ((*EXPLAIN, "HOT-07", "--start", "2060-12-30T09:00"), "超出了日历的范围", "lies beyond the calendar"),
    "pause without end": ((*ORDER, "--pause", "2026-04-28T10:00"), "不是一段中止时间", "is not a pause"),
    "pause with a slash only": ((*ORDER, "--pause", "2026-04-28T10:00/"), "不是一段中止时间", "is not a pause"),
    "pause that is no time": ((*ORDER, "--pause", "2026-04-28/soon"), "“soon”不是时刻", "“soon” is not an instant"),
    "pause backwards": ((*ORDER, "--pause", "2026-04-29/2026-04-28"), "中止的结束须晚于开始。", "A pause must end after it begins."),
    "pauses overlap": ((*ORDER, "--pause", "2026-04-28/2026-04-30", "--pause", "2026-04-29/2026-05-08"), "中止不能重叠。", "Pauses must not overlap."),
    "pause before the start": ((*ORDER, "--pause", "2026-04-26/2026-04-28"), "中止不能早于起算。", "A pause cannot begin before the start."),
    "pause after the due time": ((*ORDER, "--pause", "2026-05-08/2026-05-09"), "到期之后不能再中止。", "A pause must begin before the due time."),
    "pause that the rule does not know": ((*EXPLAIN, "PET-02", "--start", "2026-04-27", "--pause", "2026-04-28/2026-04-29"), "这条规则没有规定中止。", "This rule knows no pause."),
    "pause longer than the rule": ((*ORDER, "--pause", "2026-04-28/2026-06-28"), "中止超过了规则允许的天数。", "The pause is longer than the rule allows."),
    "no extension": ((*ORDER, "--extend", "15"), "“15”不是延期", "“15” is not an extension"),
    "extension of nothing": ((*ORDER, "--extend", "0@2026-04-28"), "不是延期", "is not an extension"),
    "extension in words": ((*ORDER, "--extend", "ten@2026-04-28"), "不是延期", "is not an extension"),
    "extension at the due time": ((*ORDER, "--extend", "15@2026-05-08T00:00"), "延期须在到期之前批准。", "before the due time"),
    "extension before the start": ((*ORDER, "--extend", "15@2026-04-27T09:00"), "延期不能早于起算。", "before the start"),
    "extension not longer": ((*ORDER, "--extend", "5@2026-04-28"), "须大于原长度。", "must be longer than before"),
    "extension beyond the rule": ((*ORDER, "--extend", "16@2026-04-28"), "超过了规则允许的上限。", "beyond what the rule allows"),
    "extension used up": ((*ORDER, "--extend", "10@2026-04-28", "--extend", "15@2026-04-29"), "延期次数超过了规则允许的次数。", "no further extension"),
    "extension that the rule does not know": ((*EXPLAIN, "PET-02", "--start", "2026-04-27", "--extend", "30@2026-04-28"), "这条规则不能延期。", "This rule allows no extension."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("home")
def test_what_is_asked_wrongly_is_refused_in_words(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, zh, en = REFUSED[case]
    for language, words, more in (("zh_CN", zh, ()), ("en", en, ("--json",))):
        speak(monkeypatch, language)
        result = run(*arguments, *more)
        assert (result.exit_code, result.stdout) == (ASKED_WRONGLY, "")
        assert words in result.stderr


@pytest.mark.usefixtures("home")
def test_an_unknown_unit_or_roll_is_refused_with_those_there_are() -> None:
    for option, value, known in (("--unit", "fortnight", "working_day"), ("--roll", "backwards", "next_working_day")):
        result = run(*ORDER, option, value)
        assert (result.exit_code, result.stdout) == (ASKED_WRONGLY, "")
        assert known in result.stderr


@pytest.mark.parametrize(("language", "words"), [("zh_CN", "没有这个日历"), ("en", "there is no such calendar")])
@pytest.mark.usefixtures("home")
def test_an_unknown_calendar_is_refused_by_the_installed_program(
    language: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speak(monkeypatch, language)
    monkeypatch.setattr(sys, "argv", ["huiyin", *ORDER, "--calendar", "gb"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ASKED_WRONGLY
    said = capsys.readouterr()
    assert said.out == ""
    assert "gb" in said.err
    assert words in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((*ORDER, "--extend", "²@2026-04-28T10:00"), id="a digit that is no number"),
        pytest.param((*EXPLAIN, "-", "--start", "9999-12-25T00:00", "--length", "10", "--unit", "day"), id="year 9999"),
        pytest.param((*PLAIN, "--pause", "2026-04-28/9999-12-31"), id="a pause until the end of time"),
        pytest.param(
            (*EXPLAIN, "-", "--start", "9999-12-31T23:59+00:00", "--length", "1", "--unit", "day"),
            id="an instant that is over in the office's zone",
        ),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_no_calendar_reaches_is_refused_too(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == ASKED_WRONGLY


@pytest.mark.usefixtures("home")
def test_a_start_before_2000_is_refused_for_every_unit() -> None:
    assert run(*EXPLAIN, "MED-03", "--start", "1999-12-20T09:00").exit_code == ASKED_WRONGLY


def test_a_database_of_an_older_program_is_no_reason_not_to_answer(home: Path) -> None:
    engine = open_engine(f"sqlite:///{home / 'huiyin.db'}", owner=True)
    make_file(engine)
    made = migrations.config()
    with transaction(engine) as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, "0001")
    engine.dispose()
    assert explained(*ORDER)["due_on"] == "2026-05-07"


# -- whose policy -----------------------------------------------------------------------------------------------------


def published(folder: Path, name: str, content: str) -> None:
    """What an administrator does on the command line: plan the file, apply that plan."""
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(content, "utf-8")
    plan = json.loads(run("policy", "plan", path, "--json").stdout)["plan"]
    assert run("policy", "apply", plan, path).exit_code == 0


def test_an_office_is_told_by_its_own_published_rules(office: Path, tmp_path: Path) -> None:
    assert explained(*ORDER)["length"] == 5
    head, at, tail = shipped_files()["rules/hotline.toml"].decode().partition('id = "HOT-07"')
    published(tmp_path, "rules/hotline.toml", head + at + tail.replace("length = 5", "length = 7", 1))
    said = explained(*ORDER)
    assert (said["length"], said["due_on"]) == (7, "2026-05-09")  # 5=7 May 6=8 7=Saturday 9 May, a make-up day
    assert run(*ORDER, "--extend", "16@2026-04-28").exit_code == ASKED_WRONGLY


def test_an_office_is_told_by_the_ladder_of_the_profile_that_has_the_rule(office: Path, tmp_path: Path) -> None:
    text = shipped_files()["profiles/orders.toml"].decode()
    published(tmp_path, "profiles/orders.toml", text.replace('ladder = "third"', 'ladder = "post"', 1))
    assert explained(*ORDER)["ladder"] == "post"


def test_a_calendar_of_another_zone_is_published_and_counted_by(office: Path, tmp_path: Path) -> None:
    options = ("--country", "GB", "--subdivision", "ENG", "--zone", "Europe/London", "--id", "gb", "--year", "2026")
    made = run("policy", "calendar", *options)
    published(tmp_path, "gb-2026.toml", made.stdout)
    three = (*EXPLAIN, "-", "--length", "3", "--unit", "working_day", "--calendar", "gb")
    # Good Friday and Easter Monday are off: 1=Tue 7 2=8 3=Thu 9 April.
    assert explained(*three, "--start", "2026-04-02T10:00")["due_at"] == "2026-04-10T00:00:00+01:00"
    assert explained(*ORDER)["calendar"] == "cn"
    # On 29 March the clocks in London go from 01:00 to 02:00, and on 25 October from 02:00 back to 01:00.
    gap = run(*three, "--start", "2026-03-29T01:30")
    assert (gap.exit_code, gap.stdout) == (ASKED_WRONGLY, "")
    assert "There is no 2026-03-29T01:30 in Europe/London: the clocks were put forward over it." in gap.stderr
    twice = explained(
        *EXPLAIN, "-", "--length", "1", "--unit", "hour", "--calendar", "gb", "--start", "2026-10-25T01:30"
    )
    assert twice["started_at"] == "2026-10-25T01:30:00+01:00", "the first of the two"
