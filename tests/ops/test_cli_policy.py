"""`huiyin policy`: check, plan, apply, look up. Only `apply` changes anything. Calendars are in `test_cli_calendar.py`."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import Result

from cases.policies import shipped_files
from tests.ops.command_line import ASKED_WRONGLY, UNREADABLE, WRONG, _office_file, home, office, run, speak
from verify.checking import verify

__all__ = ["_office_file", "home", "office"]

SHIPPED = Path(__file__).resolve().parents[2] / "workflow" / "policies"
#: An invented notice: of 2027 the first working days are off too.
NOTICE = """[[calendar]]
id = "cn"
zone = "Asia/Shanghai"
year = 2027
source = "虚构的通知"
off = [2027-01-01, 2027-01-04]
work = []
"""
FIGURES = ["plan", "version", "running", "changes", "due_dates", "lights", "recipients", "proposals", "mails"]


def refused(result: Result, code: int, words: str) -> None:
    assert (result.exit_code, result.stdout) == (code, ""), result.stdout
    assert words in result.stderr


def in_both(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str | Path, ...], code: int, zh: str, en: str) -> None:
    """The refusal, in the words of each language."""
    for language, words in (("zh_CN", zh), ("en", en)):
        speak(monkeypatch, language)
        refused(run(*arguments), code, words)


def written(folder: Path, content: str | bytes, name: str = "calendars/cn-2027.toml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def dump(home: Path) -> str:
    """The whole database as text."""
    with sqlite3.connect(home / "huiyin.db") as connection:
        return "\n".join(connection.iterdump())


# -- check ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_files())
@pytest.mark.usefixtures("home")
def test_every_file_that_ships_is_fine_in_its_own_place(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for language, words in (("zh_CN", f"{name} 没有问题。"), ("en", f"{name} is fine.")):
        speak(monkeypatch, language)
        result = run("policy", "check", SHIPPED / name)
        assert (result.exit_code, result.stdout.strip()) == (0, words)
    said = json.loads(run("policy", "check", SHIPPED / name, "--json").stdout)
    assert said["ok"] is True
    assert said["file"] == name


@pytest.mark.parametrize(
    ("old", "new", "where", "zh", "en"),
    [
        ("2027-01-04", "2027-01-01", ":6:20: calendar.cn.off: ", "2027-01-01 列了两次", "2027-01-01 is listed twice"),
        ("year", "yeer", ":4:1: calendar.cn.yeer: ", "最接近的是 year。", "The nearest known name is year."),
        ('source = "虚构的通知"', "", ":1:3: calendar.cn.source: ", "缺少必填的键", "a required key is missing"),
        ("year = 2027", "year 2027", ":4:6: ", "不是有效的 TOML", "not valid TOML"),
        ('"Asia/Shanghai"', '"Asia/Atlantis"', ":3:1: calendar.cn.zone: ", "没有时区 Asia/Atlantis", "no time zone Asia/Atlantis"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_as_by_a_compiler(
    old: str, new: str, where: str, zh: str, en: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, NOTICE.replace(old, new))
    in_both(monkeypatch, ("policy", "check", file), WRONG, f"calendars/cn-2027.toml{where}", en)
    in_both(monkeypatch, ("policy", "check", file), WRONG, zh, "^")
    result = run("policy", "check", file, "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["ok"]) == (WRONG, False)
    assert [set(fault) for fault in said["faults"]] == [
        {"file", "line", "column", "key", "code", "nearest", "value"}
    ] * len(said["faults"])
    assert f":{said['faults'][-1]['line']}:" in where


@pytest.mark.usefixtures("home")
def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(run("policy", "check", tmp_path / "none.toml"), ASKED_WRONGLY, "none.toml: No such file")
    file = written(tmp_path, b"\xff\xfe2")
    in_both(monkeypatch, ("policy", "check", file), WRONG, "文件不是 UTF-8 编码", "the file is not UTF-8")


# -- plan and apply ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("plan",), ("apply", "0" * 16), ("versions",), ("show",)])
@pytest.mark.usefixtures("home")
def test_without_an_office_there_is_nothing_to_plan(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    in_both(monkeypatch, ("policy", *command), UNREADABLE, "请运行 huiyin init", "is founded by huiyin init")


def test_a_plan_lists_exactly_the_provisional_clocks_and_changes_nothing(office: Path, tmp_path: Path) -> None:
    file = written(tmp_path, NOTICE)
    before = dump(office)
    said = json.loads(run("policy", "plan", file, "--json").stdout)
    assert list(said) == [*FIGURES, "clocks"]
    assert [said[name] for name in FIGURES[2:]] == [2, 1, 1, 0, 0, 0, 3]
    (change,) = said["clocks"]
    assert set(change) == {
        "case", "clock", "name", "rule", "due_at", "light", "provisional", "policy", "crossing", "recipients_change",
        "waiver_proposed", "mails",
    }  # fmt: skip
    # 1=29 2=30 3=31 December 4=4 5=5 January; by the notice the 4th is off: 4=5 5=6.
    assert change["due_at"] == ["2027-01-06T00:00:00+08:00", "2027-01-07T00:00:00+08:00"]
    assert (change["case"], change["name"], change["rule"]) == ("（2026）滨园热线字第2号", "order", "HOT-07")
    assert (change["light"], change["provisional"]) == (["green", "green"], [True, False])
    assert run("policy", "plan", file, "--json").stdout == json.dumps(said, ensure_ascii=False) + "\n"
    assert dump(office) == before


@pytest.mark.parametrize(
    ("language", "line", "figures", "how"),
    [
        ("zh_CN", "工单办结  HOT-07  2027年1月5日 周二 24:00 → 2027年1月6日 周三 24:00  绿 正常  不再暂定  发信 3 封", "在办时限 2 项，会变 1 项", "照此发布："),
        ("en", "order  HOT-07  Tue 5 Jan 2027 24:00 → Wed 6 Jan 2027 24:00  green, on time  no longer provisional  3 mails", "2 running time limits, 1 would change", "To publish exactly this: "),
    ],
)  # fmt: skip
def test_the_plan_says_how_to_apply_it_and_that_does_it(
    language: str, line: str, figures: str, how: str, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, language)
    file = written(tmp_path, NOTICE)
    said = run("policy", "plan", file).stdout
    for words in (f"（2026）滨园热线字第2号  {line}", figures):
        assert words in said, said
    command = said.partition(how)[2].split()
    assert command[:3] == ["huiyin", "policy", "apply"]
    done = run(*command[1:], "--json")
    assert json.loads(done.stdout) == {"version": json.loads(done.stdout)["version"], "events": 1, "mails": 3}
    again = json.loads(run("policy", "plan", file, "--json").stdout)
    assert (again["changes"], again["clocks"]) == (0, [])
    assert how not in run("policy", "plan", file).stdout
    assert verify(f"sqlite:///{office / 'huiyin.db'}").ok


def test_a_plan_that_is_not_the_present_one_is_refused_and_nothing_is_done(
    office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, NOTICE)
    before = dump(office)
    plan = json.loads(run("policy", "plan", file, "--json").stdout)["plan"]
    arguments = ("policy", "apply", "0" * 16, file)
    in_both(
        monkeypatch,
        arguments,
        WRONG,
        f"没有做任何改动。现在的试算是 {plan}",
        f"nothing was done. The plan is now {plan}",
    )
    other = written(tmp_path, NOTICE.replace("2027-01-04", "2027-01-05"), "other/cn-2027.toml")
    assert run("policy", "apply", plan, other).exit_code == WRONG, "another file is another plan"
    # The light of the old order is written down, as the sweep would have; nothing else.
    assert {line for line in dump(office).splitlines() if "clock:recounted" in line or "policy_version" in line} <= {
        line for line in before.splitlines() if "policy_version" in line
    }


def test_running_clocks_keep_their_rules_if_asked_to(office: Path, tmp_path: Path) -> None:
    head, at, tail = shipped_files()["rules/hotline.toml"].decode().partition('id = "HOT-07"')
    file = written(tmp_path, head + at + tail.replace("length = 5", "length = 7", 1), "rules/hotline.toml")
    moving, keeping = (
        json.loads(run("policy", "plan", file, *more, "--json").stdout) for more in ((), ("--keep-rules",))
    )
    assert (moving["changes"], keeping["changes"]) == (2, 0)
    assert moving["version"] == keeping["version"]
    assert "--keep-rules" in run("policy", "plan", file, "--keep-rules").stdout
    assert run("policy", "apply", keeping["plan"], file).exit_code == WRONG
    done = run("policy", "apply", keeping["plan"], file, "--keep-rules")
    assert f"Published version {keeping['version']}; 0 time limits recounted, 0 mails." in done.stdout


def test_published_versions_are_listed_and_shown_as_they_were(
    office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run("policy", "versions").stdout.split()
    edited = "# 本单位的注\n" + NOTICE
    file = written(tmp_path, edited)
    run("policy", "apply", json.loads(run("policy", "plan", file, "--json").stdout)["plan"], file)
    versions = run("policy", "versions").stdout.split()
    assert (versions[:1], len(versions)) == (first, 2)
    assert run("policy", "show").stdout.split() == sorted(shipped_files())
    assert run("policy", "show", "--file", "calendars/cn-2027.toml").stdout.rstrip("\n") == edited.rstrip("\n")
    old = run("policy", "show", versions[0], "--file", "calendars/cn-2027.toml").stdout
    assert old.rstrip("\n") == shipped_files()["calendars/cn-2027.toml"].decode().rstrip("\n")
    in_both(monkeypatch, ("policy", "show", "mine"), ASKED_WRONGLY, "没有版本 mine", "There is no version mine")
    nothing = ("policy", "show", "--file", "mine.toml")
    in_both(monkeypatch, nothing, ASKED_WRONGLY, "没有文件 mine.toml", "There is no file mine.toml")


def test_with_no_file_the_policy_that_ships_is_planned(office: Path, tmp_path: Path) -> None:
    assert json.loads(run("policy", "plan", "--json").stdout)["changes"] == 0
    assert "To publish" not in run("policy", "plan").stdout, "it is in force"
    file = written(tmp_path, NOTICE)
    run("policy", "apply", json.loads(run("policy", "plan", file, "--json").stdout)["plan"], file)
    back = json.loads(run("policy", "plan", "--json").stdout)
    assert [change["provisional"] for change in back["clocks"]] == [[False, True]]


# -- looking up -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
def test_rules_and_profiles_are_listed_for_people_and_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {rule["id"]: rule for rule in json.loads(run("policy", "rules", "--json").stdout)}
    assert (rules["HOT-07"]["length"], rules["HOT-07"]["unit"], rules["HOT-07"]["kind"]) == (5, "working_day", "duty")
    assert all(rule["source"] and rule["confidence"] in "SLK" for rule in rules.values())
    profiles = json.loads(run("policy", "profiles", "--json").stdout)
    assert profiles["hotline"]["clocks"]["order"] == "HOT-07"
    for language, rule, profile in (
        ("zh_CN", "一般求助投诉办结  [L]", "12345 热线（济南、潍坊）"),
        ("en", "general request  [L]", "12345 hotline (Jinan, Weifang)"),
    ):
        speak(monkeypatch, language)
        lines = run("policy", "rules").stdout.splitlines()
        assert len(lines) == len(rules)
        assert [line for line in lines if line.startswith("HOT-07") and rule in line]
        assert profile in run("policy", "profiles").stdout
