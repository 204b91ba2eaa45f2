"""A year's notice, a rule and a ladder published in the demo office: what is planned is what happens, and then nothing is left."""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cases.policies import shipped_files
from tests.databases import set_clock
from tests.demo import BUILT_AT
from tests.ops.command_line import home, run
from verify.checking import verify

__all__ = ["home"]

#: An invented notice: the days that the law names, the first Monday of the year, and a Saturday that is worked for it.
NOTICE = """[[calendar]]
id = "cn"
zone = "Asia/Shanghai"
year = 2027
source = "虚构的通知"
off = [
    2027-01-01, 2027-01-04, 2027-02-05, 2027-02-06, 2027-02-07, 2027-02-08, 2027-04-05, 2027-05-01, 2027-05-02,
    2027-06-09, 2027-09-15, 2027-10-01, 2027-10-02, 2027-10-03,
]
work = [2027-01-09]
"""
PROVISIONAL = "clock.provisional"


@pytest.fixture
def demo(home: Path, demo_file: Path) -> Iterator[Path]:
    """The database of a demo office of this test's own, at the demo's own time."""
    home.mkdir()
    shutil.copyfile(demo_file, home / "huiyin.db")
    with set_clock(BUILT_AT):
        yield home / "huiyin.db"


@contextmanager
def looking(database: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(database)
    try:
        yield connection
    finally:
        connection.close()


def dump(database: Path) -> str:
    with looking(database) as connection:
        return "\n".join(connection.iterdump())


def running(database: Path, where: str = "1") -> list[tuple[str, int]]:
    """Running clocks that fulfil a condition, as (case number, clock)."""
    query = f"""SELECT '（' || cases.year || '）滨园' || cases.series || '第' || cases.serial || '号', clock.number
        FROM clock JOIN cases ON cases.id = clock.case_id WHERE clock.stopped_at IS NULL AND {where}
        ORDER BY clock.case_id, clock.number"""
    with looking(database) as connection:
        return connection.execute(query).fetchall()


def recounted(database: Path) -> list[tuple[str, int]]:
    """What the ledger says was recounted, as (case number, clock)."""
    query = """SELECT '（' || cases.year || '）滨园' || cases.series || '第' || cases.serial || '号',
        json_extract(event.data, '$.clock') FROM event JOIN cases ON cases.id = event.stream
        WHERE event.code = 'clock:recounted' ORDER BY event.id"""
    with looking(database) as connection:
        return connection.execute(query).fetchall()


def planned(*files: Path) -> dict[str, Any]:
    result = run("policy", "plan", *files, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def listed(plan: dict[str, Any]) -> list[tuple[str, int]]:
    return [(change["case"], change["clock"]) for change in plan["clocks"]]


def test_the_notice_of_a_new_year_moves_exactly_the_clocks_that_say_provisional(demo: Path, tmp_path: Path) -> None:
    file = tmp_path / "cn-2027.toml"
    file.write_text(NOTICE, "utf-8")
    provisional, every, before = running(demo, PROVISIONAL), running(demo), dump(demo)
    assert 0 < len(provisional) < len(every)
    plan = planned(file)
    assert listed(plan) == provisional
    assert (plan["running"], plan["changes"]) == (len(every), len(provisional))
    assert {tuple(change["provisional"]) for change in plan["clocks"]} == {(True, False)}
    assert dump(demo) == before, "a plan changes nothing"

    done = json.loads(run("policy", "apply", plan["plan"], file, "--json").stdout)
    assert (done["events"], done["mails"], done["version"]) == (plan["changes"], plan["mails"], plan["version"])
    assert recounted(demo) == provisional
    assert running(demo, PROVISIONAL) == []
    again = planned(file)
    assert (again["changes"], listed(again)) == (0, [])
    report = verify(f"sqlite:///{demo}")
    assert report.ok, report.text()


HEAD, AT, TAIL = shipped_files()["rules/hotline.toml"].decode().partition('id = "HOT-07"')
LADDERS = shipped_files()["ladders.toml"].decode()
CHANGES = {
    "longer": ("rules/hotline.toml", HEAD + AT + TAIL.replace("length = 5", "length = 9", 1)),
    "shorter": ("rules/hotline.toml", HEAD + AT + TAIL.replace("length = 5", "length = 3", 1)),
    "later yellow": ("ladders.toml", LADDERS.replace("share_of = 3\ncap = 10", "share_of = 6\ncap = 2", 1)),
    "earlier yellow": ("ladders.toml", LADDERS.replace("share_of = 3\ncap = 10", "share_of = 2\ncap = 20", 1)),
}


@pytest.mark.parametrize(
    "what",
    [
        "longer",
        "shorter",
        "later yellow",
        "earlier yellow",
    ],
)
def test_a_changed_rule_or_ladder_is_applied_as_planned_and_then_nothing_is_left(
    what: str, demo: Path, tmp_path: Path
) -> None:
    name, content = CHANGES[what]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content, "utf-8")
    plan = planned(file)
    assert plan["changes"] == len(plan["clocks"]) > 0
    with looking(demo) as connection:
        mails = connection.execute("SELECT count(*) FROM message").fetchone()[0]
    done = json.loads(run("policy", "apply", plan["plan"], file, "--json").stdout)
    assert done["events"] == plan["changes"]
    assert Counter(recounted(demo)) == Counter(listed(plan)), "one event a clock"
    assert listed(planned(file)) == []
    with looking(demo) as connection:
        proposed = connection.execute(
            "SELECT count(DISTINCT case_id || '.' || clock) FROM waiver WHERE ground = 'recounted'"
        ).fetchone()[0]
        assert connection.execute("SELECT count(*) FROM message").fetchone()[0] - mails >= done["mails"]
    assert proposed == plan["proposals"]
    report = verify(f"sqlite:///{demo}")
    assert report.ok, report.text()
