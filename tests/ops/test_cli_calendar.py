"""`huiyin policy calendar`: a calendar file from a year's notice or a country's holidays, which is a policy file like any other."""

import json
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.policies import shipped_files
from tests.ops.command_line import ASKED_WRONGLY, _office_file, home, office, run, speak

__all__ = ["_office_file", "home", "office"]

CALENDAR = ("policy", "calendar")
NOTICE = (*CALENDAR, "--year", "2027", "--source", "虚构的通知, https://example.test/2027")
GB = (*CALENDAR, "--country", "GB", "--subdivision", "ENG", "--zone", "Europe/London", "--id", "gb")
#: The thirteen days that the law gives in 2027, and two make-up days.
WHOLE = "".join(
    f"2027-{day},off\n"
    for day in (
        "01-01", "02-05", "02-06", "02-07", "02-08", "04-05", "05-01", "05-02", "06-09", "09-15", "10-01", "10-02", "10-03",
    )
)  # fmt: skip
DAYS = {"off": [date(2027, 1, 1), date(2027, 1, 4), date(2027, 2, 6)], "work": [date(2027, 1, 9), date(2027, 2, 20)]}
CSVS = {
    "plain": "2027-01-01,off\n2027-01-04,off\n2027-02-06,off\n2027-01-09,work\n2027-02-20,work\n",
    "Chinese words": "2027-01-01,休\n2027-01-04,放假\n2027-02-06,休\n2027-01-09,班\n2027-02-20,调休上班\n",
    "BOM, names, comments, empty lines": (
        "\ufeff日期,安排,说明\n# 元旦\n2027-01-01,休,元旦\n2027-01-04, OFF ,元旦\n\n,,\n2027-02-06,holiday\n"
        "# 上班\n2027-01-09,make-up\n2027-02-20,上班,春节\n"
    ),
    "Windows lines": "2027-01-01,off\r\n2027-01-04,off\r\n2027-02-06,off\r\n2027-01-09,work\r\n2027-02-20,work\r\n",
}


def made(*arguments: str | Path) -> list[dict[str, Any]]:
    """The years of the calendar that was printed."""
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    years: list[dict[str, Any]] = tomllib.loads(result.stdout)["calendar"]
    return years


def written(folder: Path, content: str | bytes, name: str = "notice.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def applied(file: Path) -> None:
    plan = json.loads(run("policy", "plan", file, "--json").stdout)["plan"]
    result = run("policy", "apply", plan, file)
    assert result.exit_code == 0, result.stderr


# -- from a notice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CSVS)
@pytest.mark.usefixtures("home")
def test_a_notice_in_csv_becomes_a_calendar_file_that_is_fine(kind: str, tmp_path: Path) -> None:
    (year,) = made(*NOTICE, written(tmp_path, CSVS[kind]))
    assert year == {
        "id": "cn", "zone": "Asia/Shanghai", "year": 2027, "source": "虚构的通知, https://example.test/2027",
        "provisional": True, **DAYS,
    }  # fmt: skip
    file = tmp_path / "cn-2027.toml"
    written_to = run(*NOTICE, tmp_path / "notice.csv", "--output", file)
    assert (written_to.exit_code, written_to.stdout.strip()) == (0, str(file))
    assert tomllib.loads(file.read_text("utf-8"))["calendar"] == [year]
    checked = run("policy", "check", file)
    assert (checked.exit_code, checked.stdout.strip()) == (0, "calendars/cn-2027.toml is fine.")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
@pytest.mark.usefixtures("home")
def test_a_notice_as_a_chinese_spreadsheet_saves_it_is_read(encoding: str, tmp_path: Path) -> None:
    text = "日期\t安排\n2027/2/5\t休\n2027/2/13\t班\n"
    (year,) = made(*NOTICE, written(tmp_path, text.encode(encoding)))
    assert (year["off"], year["work"]) == ([date(2027, 2, 5)], [date(2027, 2, 13)])


@pytest.mark.usefixtures("home")
def test_a_notice_that_lacks_a_statutory_day_is_loaded_says_so_and_leaves_the_year_provisional(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = written(tmp_path, WHOLE.replace("2027-02-05,off\n", "").replace("2027-10-03,off\n", ""))
    for language, words in (
        ("zh_CN", "通知缺少法定放假日：2027年2月5日 周五 农历除夕，2027年10月3日 周日 国庆节。"),
        ("en", "The notice lacks statutory days: Fri 5 Feb 2027 Chinese New Year's Eve, Sun 3 Oct 2027 National Day."),
    ):
        speak(monkeypatch, language)
        result = run(*NOTICE, lacking)
        assert (result.exit_code, tomllib.loads(result.stdout)["calendar"][0]["provisional"]) == (0, True)
        assert words in result.stderr
    whole = run(*NOTICE, written(tmp_path, WHOLE))
    assert (whole.exit_code, whole.stderr, "provisional" in whole.stdout) == (0, "", False)


@pytest.mark.usefixtures("home")
def test_days_of_another_year_in_a_notices_words_are_named_and_left_out(tmp_path: Path) -> None:
    words = "元旦：2026年12月31日（周四）至2027年1月2日（周六）放假。"
    result = run(*NOTICE, written(tmp_path, words, "notice.txt"))
    assert tomllib.loads(result.stdout)["calendar"][0]["off"] == [date(2027, 1, 1), date(2027, 1, 2)]
    assert "These days belong to another year and were left out: Thu 31 Dec 2026." in result.stderr


@pytest.mark.parametrize("head", ["", "\ufeff"])
@pytest.mark.usefixtures("home")
def test_a_notice_in_json_becomes_the_same_file(head: str, tmp_path: Path) -> None:
    days = {key: [day.isoformat() for day in found] for key, found in DAYS.items()}
    (year,) = made(*NOTICE, written(tmp_path, head + json.dumps(days), "notice.json"))
    assert {key: year[key] for key in DAYS} == DAYS


@pytest.mark.usefixtures("home")
def test_a_calendar_may_lie_over_another_one(tmp_path: Path) -> None:
    notice = written(tmp_path, "2026-03-20,off,开斋节\n")
    asked = (*CALENDAR, "--year", "2026", "--source", "虚构", "--id", "cn-mine", "--extends", "cn", notice)
    (year,) = made(*asked)
    assert (year["extends"], "zone" in year, year["off"]) == ("cn", False, [date(2026, 3, 20)])
    file = tmp_path / "cn-mine.toml"
    run(*asked, "--output", file)
    assert run("policy", "check", file).exit_code == 0


WRONG_NOTICES: dict[str, tuple[str | bytes, str, str, str]] = {
    "a word that is none": ("# 注\n2027-01-01,off\n2027-01-02,maybe\n", "notice.csv:3: ", "“maybe”既不是 off（休）也不是 work（班）。", "“maybe” is neither off nor work."),
    "no word": ("2027-01-01,off\n2027-01-02\n", "notice.csv:2: ", "既不是 off（休）", "neither off nor work"),
    "no day": ("2027-01-01,off\n2027-02-30,off\n", "notice.csv:2: ", "“2027-02-30”不是日期；请写作 2027-02-05。", "“2027-02-30” is not a day; write 2027-02-05."),
    "no text": (b"PK\x03\x04", "notice.csv:1: ", "无法识别文件的文字编码", "The encoding of the file is not known."),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_NOTICES)
@pytest.mark.usefixtures("home")
def test_a_notice_that_cannot_be_read_is_refused_with_its_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, where, zh, en = WRONG_NOTICES[case]
    notice = written(tmp_path, content)
    for language, words in (("zh_CN", zh), ("en", en)):
        speak(monkeypatch, language)
        result = run(*NOTICE, notice, "--output", tmp_path / "made.toml")
        assert (result.exit_code, result.stdout) == (ASKED_WRONGLY, "")
        assert where in result.stderr
        assert words in result.stderr
    assert not (tmp_path / "made.toml").exists()


def test_json_that_is_none_is_refused_with_its_line(home: Path, tmp_path: Path) -> None:
    for content, line in (('{"off": [\n2027-01-01]}', 2), ("[]", 1), ('{"off": null}', 1), ("null", 1)):
        result = run(*NOTICE, written(tmp_path, content, "notice.json"))
        assert (result.exit_code, result.stdout) == (ASKED_WRONGLY, "")
        assert f'notice.json:{line}: Not JSON of the form {{"off"' in result.stderr
    result = run(*NOTICE, written(tmp_path, '{"off": [\n"2027-01-01",\n"2027-01-32"]}', "notice.json"))
    assert "notice.json:3: “2027-01-32” is not a day" in result.stderr


ASKED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "neither": ((*CALENDAR, "--year", "2027"), "二者取一", "Give either a notice or --country."),
    "both": ((*NOTICE, "FILE", "--country", "GB"), "二者取一", "Give either a notice or --country."),
    "no source": ((*CALENDAR, "--year", "2027", "FILE"), "须给出一个 --year 和 --source", "needs one --year and a --source"),
    "two years": ((*NOTICE, "--year", "2028", "FILE"), "须给出一个 --year 和 --source", "needs one --year and a --source"),
    "no zone": ((*NOTICE, "--id", "mine", "FILE"), "新日历须给出 --zone 或 --extends", "needs --zone or --extends"),
    "unknown country": ((*CALENDAR, "--year", "2026", "--country", "XX"), "holidays 库没有 XX。", "The holidays library does not know XX."),
    "unknown part": ((*CALENDAR, "--year", "2026", "--country", "GB", "--subdivision", "XYZ"), "holidays 库没有 GB XYZ。", "does not know GB XYZ."),
    "no file": ((*NOTICE, "none.csv"), "none.csv: No such file", "none.csv: No such file"),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
@pytest.mark.usefixtures("home")
def test_what_is_asked_wrongly_is_refused_in_words(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, zh, en = ASKED[case]
    notice = written(tmp_path, CSVS["plain"])
    for language, words in (("zh_CN", zh), ("en", en)):
        speak(monkeypatch, language)
        result = run(*(notice if one == "FILE" else one for one in arguments))
        assert (result.exit_code, result.stdout) == (ASKED_WRONGLY, "")
        assert words in result.stderr


# -- from a country ---------------------------------------------------------------------------------------------------


def test_the_holidays_of_a_country_and_its_part_are_a_calendar_file(home: Path, tmp_path: Path) -> None:
    """Bank holidays in England, as gov.uk lists them: the Easter days and the first and last Mondays of May and August."""
    first, second = made(*GB, "--year", "2026", "--year", "2027")
    assert first["off"] == [
        date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25), date(2026, 8, 31),
        date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 28),
    ]  # fmt: skip
    assert (first["id"], first["zone"], first["work"]) == ("gb", "Europe/London", [])
    assert first["source"] == "python holidays: GB ENG"
    assert (second["year"], date(2027, 3, 29) in second["off"]) == (2027, True)
    run(*GB, "--year", "2026", "--year", "2027", "--output", tmp_path / "gb.toml")
    assert run("policy", "check", tmp_path / "gb.toml").stdout.strip() == "own/gb.toml is fine."


def _shipped_2026() -> dict[str, Any]:
    year: dict[str, Any] = tomllib.loads(shipped_files()["calendars/cn-2026.toml"].decode())["calendar"][0]
    return year


@pytest.mark.usefixtures("home")
def test_the_weekdays_off_of_china_2026_are_those_of_the_calendar_that_ships() -> None:
    (year,) = made(*CALENDAR, "--country", "CN", "--year", "2026")
    every = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    weekdays = [day for day in every if day.weekday() < 5]
    shipped = _shipped_2026()
    assert [day for day in weekdays if day in year["off"]] == [day for day in weekdays if day in shipped["off"]]
    assert set(year["off"]) <= set(shipped["off"])


@pytest.mark.usefixtures("home")
def test_the_make_up_days_of_china_2026_are_those_of_the_calendar_that_ships() -> None:
    (year,) = made(*CALENDAR, "--country", "CN", "--year", "2026")
    assert year["work"] == _shipped_2026()["work"]


@pytest.mark.parametrize("year", ["0", "1800", "99999"])
@pytest.mark.usefixtures("home")
def test_a_year_that_the_library_does_not_know_is_refused(year: str) -> None:
    assert run(*GB, "--year", year).exit_code == ASKED_WRONGLY


# -- local edits ------------------------------------------------------------------------------------------------------


def test_local_edits_of_a_made_calendar_survive_publishing_and_upgrading(office: Path, tmp_path: Path) -> None:
    """A day of the office's own and a comment: in the published file to the letter, and still there when what ships is."""
    file = tmp_path / "cn-2027.toml"
    run(*NOTICE, written(tmp_path, f"{WHOLE}2027-01-04,off\n"), "--output", file)
    edited = file.read_text("utf-8").replace("    2027-01-04,\n", "    2027-01-04,\n    2027-01-05,  # 园区停电\n")
    assert edited != file.read_text("utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(edited.replace('id = "cn"', 'id = "park"'), "utf-8")
    file.write_text(edited, "utf-8")
    applied(file)
    applied(mine)
    shown = ("policy", "show", "--file")
    assert run(*shown, "calendars/cn-2027.toml").stdout.rstrip("\n") == edited.rstrip("\n")
    # 1=29 2=30 3=31 December; off on the 1st, the 4th and, here, the 5th: 4=6 5=7 January.
    order = ("deadline", "explain", "HOT-07", "--start", "2026-12-28T09:00", "--json")
    said = json.loads(run(*order).stdout)
    assert (said["due_on"], said["provisional"]) == ("2027-01-07", False)
    plan = json.loads(run("policy", "plan", "--json").stdout)["plan"]
    assert run("policy", "apply", plan).exit_code == 0
    assert run(*shown, "own/mine.toml").stdout.rstrip("\n") == mine.read_text("utf-8").rstrip("\n")
