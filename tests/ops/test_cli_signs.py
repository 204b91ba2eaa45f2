"""`huiyin assess signs`: what the command says, to people and to programs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import migrations
from infra.db import checkpoint
from tests.databases import SmallOffice, found, opened
from tests.ops.command_line import ASKED_WRONGLY, home, run, speak
from tests.reports.bent import an_order, paused

__all__ = ["home"]


@pytest.fixture
def office(home: Path) -> Iterator[SmallOffice]:
    """An office with one order that was paused on its last day."""
    home.mkdir()
    with opened(f"sqlite:///{home / 'huiyin.db'}") as engine:
        migrations.upgrade(engine)
        made = found(engine)
        an_order(made, paused("2026-03-09T10:00"))
        checkpoint(engine)
        yield made


@pytest.mark.usefixtures("office")
def test_each_sign_is_a_line_with_case_event_unit_evidence_and_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "zh_CN")
    assert run("assess", "signs", "2026").stdout == (
        "临期中止  （2026）滨园热线字第1号 #8  人民调解室  "
        "“工单办结”共 5 个工作日，只剩 1 个工作日（20%）时中止，理由：检测、监测  [未下结论]\n"
    )
    assert run("assess", "signs", "2026", "--unit", "谈心室").stdout == "2026 年没有疑点。\n"


@pytest.mark.usefixtures("office")
def test_a_program_gets_the_figures() -> None:
    (sign,) = json.loads(run("assess", "signs", "2026", "--json").stdout)["signs"]
    assert (sign["sign"], sign["event"], sign["unit"], sign["verdict"]) == ("late_pause", 8, "人民调解室", None)
    assert sign["figures"]["left"] == 1


@pytest.mark.usefixtures("office")
def test_a_year_out_of_reach_and_an_unknown_unit_are_refused_with_what_to_do() -> None:
    assert run("assess", "signs", "1999").exit_code == ASKED_WRONGLY
    unknown = run("assess", "signs", "2026", "--unit", "没有")
    assert unknown.exit_code == ASKED_WRONGLY
    assert "人民调解室" in unknown.stderr
