"""`huiyin serials` and `huiyin bulletin`, as a person gives them."""

import json
from pathlib import Path

import pytest
from sqlalchemy import insert

from cases.tables import Series
from infra.db import transaction
from tests.databases import opened
from tests.ops.command_line import ASKED_WRONGLY, UNREADABLE, WRONG, _office_file, home, office, run, speak

__all__ = ["_office_file", "home", "office"]


def test_complete_numbers_end_well(office: Path) -> None:
    result = run("serials", "--json")
    assert result.exit_code == 0
    (one,) = json.loads(result.stdout)["series"]
    assert (one["series"], one["year"], one["last"], one["open"], one["gaps"]) == ("热线字", 2026, 2, 2, [])
    assert run("serials", "2026").stdout.startswith("2026 热线字  last number 2  open 2  closed 0")
    assert run("serials", "2025").stdout == ""


def test_a_gap_is_named_and_the_command_says_that_something_is_wrong(office: Path) -> None:
    with opened(f"sqlite:///{office / 'huiyin.db'}") as engine, transaction(engine) as connection:
        connection.execute(insert(Series).values(series="急字", year=2026, last=3))
    result = run("serials", "2026")
    assert result.exit_code == WRONG
    assert "missing 3: 1–3" in result.stdout
    assert json.loads(run("serials", "--json").stdout)["complete"] is False


def test_a_month_and_a_year_as_lines_and_as_json(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(run("bulletin", "2026-03", "--json").stdout)
    assert (found["period"], found["until"], found["compared"]) == ("2026-03", None, ["2026-03", "2026-02", "2025-03"])
    assert found["lines"]["petition.accepted"] == [1, 0, 0]
    assert found["lines"]["petition.on_time_rate"] == [None, None, None]
    assert found["by_month"][-1] == {"month": "2026-03", "registered": 1, "closed": 0}
    year = json.loads(run("bulletin", "2026", "--json", "--unit", "滨江园区党群服务中心").stdout)
    assert (year["until"], year["lines"]["petition.registered"]) == ("2026-12-28", [2, 0])
    speak(monkeypatch, "zh_CN")
    assert "信访和工单\t受理\t1\t0\t0\n" in run("bulletin", "2026-03").stdout


@pytest.mark.parametrize("arguments", [("2026-13",), ("gestern",), ("2027-01",), ("2026", "--unit", "无此单位")])
def test_what_cannot_be_told_is_refused_in_words(office: Path, arguments: tuple[str, ...]) -> None:
    result = run("bulletin", *arguments)
    assert result.exit_code == ASKED_WRONGLY
    assert result.stdout == ""
    assert "。" in result.stderr or "known" in result.stderr


def test_without_an_office_the_way_to_one_is_named(home: Path) -> None:
    assert run("serials").exit_code == run("bulletin", "2026").exit_code == UNREADABLE
    assert "huiyin init" in run("serials").stderr
