"""The receipt of a time limit: one click from every light, every day with its number and its reason, for people and programs."""

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cases.execute import Opened, execute, open_case
from cases.sweep import sweep
from cli.main import app
from infra.db import reading, transaction
from infra.settings import settings
from stories.story import read_story
from tests.databases import Site, SmallOffice, step
from tests.web.canaries import CANARIES, mediation_with_canaries
from tests.web.reading import page, read
from workflow.model import UnitId
from workflow.procedures.every_case.commands import Accept
from workflow.procedures.petition.commands import Assign, Register

TESTS = Path(__file__).resolve().parents[1]
STORY = read_story(TESTS / "stories" / "case-5-factory-noise.json")
RECOMPUTE = TESTS.parent / "docs" / "recompute.py"
WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "白某"}

#: `domain.md` §8.5, C5.2b: the fifteen counted days of the order, by their numbers.
COUNTED = (
    "4月28日 周二", "4月29日 周三", "4月30日 周四", "5月6日 周三", "5月7日 周四", "5月8日 周五", "5月9日 周六", "5月11日 周一",
    "5月18日 周一", "5月19日 周二", "5月20日 周三", "5月21日 周四", "5月22日 周五", "5月25日 周一", "5月26日 周二",
)  # fmt: skip
IN_ENGLISH = (
    "Tue 28 Apr", "Wed 29 Apr", "Thu 30 Apr", "Wed 6 May", "Thu 7 May", "Fri 8 May", "Sat 9 May", "Mon 11 May",
    "Mon 18 May", "Tue 19 May", "Wed 20 May", "Thu 21 May", "Fri 22 May", "Mon 25 May", "Tue 26 May",
)  # fmt: skip
PAUSED = ("2026年5月12日 周二", "2026年5月13日 周三", "2026年5月14日 周四", "2026年5月15日 周五")
LIGHT_WORDS = re.compile(r"[黄红绿▲■●]|灯|\b(yellow|red|green|lights?)\b", re.IGNORECASE)


def factory_noise(office: SmallOffice) -> Opened:
    """Worked case 5 up to the end of its pause: extended to fifteen days, paused from 11 to 15 May."""
    return office.tell("hotline", *STORY.steps[:9])


def clocks(site: Site, opened: Opened, where: str = "TRUE") -> list[int]:
    with reading(site.engine) as connection:
        query = text(f"SELECT number FROM clock WHERE case_id = :case AND {where} ORDER BY number")
        return list(connection.execute(query, {"case": opened.case_id}).scalars())


def the_order(site: Site, opened: Opened) -> int:
    (number,) = clocks(site, opened, "name = 'order' AND stopped_at IS NULL")
    return number


def days_on(html: str) -> list[tuple[str, str, str]]:
    """The table of days: (day, number, reason)."""
    row = r'<tr[^>]*><td class="nowrap">([^<]*)</td><td class="figure">([^<]*)</td><td>([^<]*)</td></tr>'
    return re.findall(row, html)


def receipts_of(links: tuple[str, ...]) -> set[str]:
    return {link for link in links if "/clocks/" in link}


@pytest.fixture
def noise(site: Site) -> tuple[Site, Opened]:
    """Worked case 5 on 20 May 2026 at 10:00, in its yellow; the sweep has noticed."""
    opened = factory_noise(site.office)
    sweep(site.engine, now=site.clock.set("2026-05-20T10:00"))
    return site, opened


# -- one click --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["clerk", "coordinator", "mediator", "supervisor", "auditor", "assessor"])
def test_each_light_of_the_work_list_and_the_case_page_leads_to_its_receipt(
    login: str, noise: tuple[Site, Opened]
) -> None:
    site, opened = noise
    browser, order = site.session_for(login), the_order(site, opened)
    address = f"/cases/{opened.public_id}"
    listed = browser.get("/work").text
    assert re.findall(r'<a class="light yellow" href="([^"]+)"', listed) == [f"{address}/clocks/{order}"]
    html = browser.get(address).text
    assert '<span class="light' not in html, "every light is a link"
    every = {f"{address}/clocks/{number}" for number in clocks(site, opened)}
    assert set(re.findall(r'<a class="light \w+" href="([^"]+)"', html)) == every == receipts_of(read(html).links)
    for link in every:
        assert page(browser, link).links.count(address) == 1, "and back"
        assert browser.get(f"{link}/json").status_code == 200


def test_each_light_of_the_assessment_leads_to_its_receipt(noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    sweep(site.engine, now=site.clock.set("2026-06-10T10:00"))
    browser = site.session_for("assessor")
    html = browser.get(f"/assessment/units/{site.office.units['room']}?year=2026").text
    lines = re.findall(r"<tr>.*?</tr>", html)
    lit = [line for line in lines if 'class="light' in line]
    assert len(lit) >= 1
    for line in lit:
        (link,) = receipts_of(read(line).links)
        assert link == f"/cases/{opened.public_id}/clocks/{the_order(site, opened)}"
        assert "一般求助投诉办结" in page(browser, link).text


def test_the_next_date_of_a_petitioner_leads_to_its_receipt_and_back(noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    petitioner = site.petitioner_of(opened.case_id)
    (link,) = receipts_of(page(petitioner, "/track/case").links)
    assert link == f"/track/case/clocks/{the_order(site, opened)}"
    shown = page(petitioner, link)
    assert "/track/case" in shown.links
    assert f"{link}/json" in shown.links
    assert petitioner.get(f"{link}/json").json()["due_on"] == "2026-05-26"


# -- every day with its reason ----------------------------------------------------------------------------------------


def test_the_receipt_of_worked_case_5_shows_its_fifteen_days_and_why(noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    html = site.session_for("clerk").get(f"/cases/{opened.public_id}/clocks/{the_order(site, opened)}").text
    days = days_on(html)
    assert len(days) == 30, "from 27 April to 26 May, each once"
    assert [(day, number) for day, number, _ in days if number != "—"] == [
        (f"2026年{day}", str(number)) for number, day in enumerate(COUNTED, 1)
    ]
    why = {day: reason for day, _, reason in days}
    assert why["2026年4月27日 周一"] == "起算日，不计"
    assert why["2026年5月1日 周五"] == "放假日，不计 [1]"
    assert why["2026年5月8日 周五"] == "延期增加，计入"
    assert why["2026年5月9日 周六"] == "调休上班日 [1]"
    assert why["2026年5月10日 周日"] == "周末，不计"
    assert {why[day] for day in PAUSED} == {"中止，不计（检测、监测）"}
    text = read(html).text
    for words in (
        "到期：2026年5月26日 周二 24:00", "黄 临期", "起算 4月27日 09:15 · 15 个工作日 · 起算当日不计", "一般求助投诉办结",
        "济南市12345市民服务热线条例第二十四条", "亮黄灯 5月20日 00:00 剩余 5 个工作日时", "亮红灯 5月27日 00:00 到期后亮",
        "4月30日 10:00 批准延期：15 个工作日", "中止 5月11日 14:00 → 5月15日 10:00：检测、监测",
        "国务院办公厅关于 2026 年部分节假日安排的通知", "content_7047091.htm",
    ):  # fmt: skip
        assert words in text, words
    assert "暂定" not in text


def test_the_receipt_is_told_in_english_too(noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    order = the_order(site, opened)
    html = site.session_for("clerk").get(f"/cases/{opened.public_id}/clocks/{order}?lang=en").text
    days = days_on(html)
    assert [(day, number) for day, number, _ in days if number != "—"] == [
        (f"{day} 2026", str(number)) for number, day in enumerate(IN_ENGLISH, 1)
    ]
    text = read(html).text
    for words in (
        "Due: Tue 26 May 2026 24:00", "Counted from 27 Apr 09:15 · 15 working days", "general request", "make-up working day [1]",
        "Extension granted 30 Apr 10:00: 15 working days", "Suspended 11 May 14:00 → 15 May 10:00: measurement",
        "when 5 working days are left", "suspended, not counted: measurement",
    ):  # fmt: skip
        assert words in text, words


def test_the_clock_that_was_extended_keeps_the_receipt_of_its_own_five_days(noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    (first,) = clocks(site, opened, "outcome = 'extended'")
    html = site.session_for("clerk").get(f"/cases/{opened.public_id}/clocks/{first}").text
    assert [day for day, number, _ in days_on(html) if number != "—"] == [f"2026年{day}" for day in COUNTED[:5]]
    assert "批准延期" not in read(html).text


def test_a_date_that_needs_a_year_without_a_notice_says_so(site: Site) -> None:
    """Five working days from Monday 28 December 2026 end in January 2027, whose notice is not published."""
    told = (step("2026-12-28T09:00", "clerk", "Register", **WORDS), step("2026-12-28T09:00", "clerk", "Accept"))
    opened = site.office.tell("hotline", *told)
    site.clock.set("2026-12-28T10:00")
    address = f"/cases/{opened.public_id}/clocks/{the_order(site, opened)}"
    browser = site.session_for("clerk")
    html = browser.get(address).text
    assert "暂定：该年放假安排尚未公布" in read(html).text
    assert {day[:5] for day, _, reason in days_on(html) if "暂定" in reason} == {"2027年"}
    assert browser.get(f"{address}/json").json()["provisional"] is True
    assert "provisional: that year" in page(browser, f"{address}?lang=en").text
    petitioner = site.petitioner_of(opened.case_id)
    (link,) = receipts_of(page(petitioner, "/track/case").links)
    assert "暂定：该年放假安排尚未公布" in page(petitioner, link).text


def test_a_clock_in_hours_shows_the_days_it_runs_through_and_its_minute(site: Site) -> None:
    """Two hours of an emergency order, over midnight: 23:10 on 2 March to 01:10 on the 3rd."""
    command = Register(title="断水", statement="整楼断水", applicant="白某", channel="hotline")
    with transaction(site.engine) as connection:
        opened = open_case(
            connection, command, profile="hotline-beijing-emergency", actor=site.office.actors["clerk"],
            now=site.clock.set("2026-03-02T23:10"), office=site.office.context, request=secrets.token_hex(16),
        )  # fmt: skip
        # Counted from dispatch, in the same minute.
        for who, step_ in (("clerk", Accept()), ("coordinator", Assign(unit=UnitId(site.office.units["room"])))):
            execute(
                connection, opened.case_id, step_, actor=site.office.actors[who], now=site.clock.now,
                expected_version=None, office=site.office.context, request=secrets.token_hex(16),
            )  # fmt: skip
    browser = site.session_for("clerk")
    (number,) = clocks(site, opened, "unit = 'hour'")
    address = f"/cases/{opened.public_id}/clocks/{number}"
    html = browser.get(address).text
    assert days_on(html) == [
        ("2026年3月2日 周一", "0", "昼夜连续计算"),
        ("2026年3月3日 周二", "2", "昼夜连续计算"),
    ]
    text = read(html).text
    for words in ("到期：2026年3月3日 01:10", "2 小时", "亮黄灯 3月3日 00:30 过了三分之二时亮"):
        assert words in text, words
    accepted(browser.get(f"{address}/json").text)


# -- for programs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The command line on a machine without an office."""
    home = tmp_path / "elsewhere"
    monkeypatch.setenv("HUIYIN_HOME", str(home))
    settings.cache_clear()
    yield home
    settings.cache_clear()


def accepted(receipt: str) -> None:
    """The script of the docs, which knows nothing of the program, comes to the same days."""
    command = [sys.executable, "-I", str(RECOMPUTE)]
    done = subprocess.run(command, input=receipt, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("adds up")


def without_grounds(said: Any) -> Any:
    """What is worked out by hand knows no ground of a pause."""
    if isinstance(said, dict):
        return {key: without_grounds(value) for key, value in said.items() if key != "ground"}
    return [without_grounds(one) for one in said] if isinstance(said, list) else said


def test_the_json_of_a_clock_is_what_the_command_line_works_out_by_hand(
    noise: tuple[Site, Opened], command_line: Path
) -> None:
    site, opened = noise
    address = f"/cases/{opened.public_id}/clocks/{the_order(site, opened)}/json"
    answer = site.session_for("clerk").get(address)
    assert answer.headers["content-type"] == "application/json"
    arguments = [
        "deadline", "explain", "HOT-07", "--start", "2026-04-27T09:15", "--extend", "15@2026-04-30T10:00",
        "--pause", "2026-05-11T14:00/2026-05-15T10:00", "--json",
    ]  # fmt: skip
    by_hand = json.loads(CliRunner().invoke(app, arguments, catch_exceptions=False).stdout)
    assert set(answer.json()) == set(by_hand)
    assert without_grounds(answer.json()) == without_grounds(by_hand)
    accepted(answer.text)
    assert not command_line.exists(), "it was worked out without an office"


def test_every_clock_of_a_case_adds_up_by_the_script_of_the_docs(site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-03-10T09:00")
    browser = site.session_for("clerk")
    for number in clocks(site, aviary.opened):
        accepted(browser.get(f"{aviary.address}/clocks/{number}/json").text)


# -- who may not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", "/json"])
def test_a_clock_out_of_reach_looks_exactly_like_one_that_does_not_exist(
    ending: str, noise: tuple[Site, Opened]
) -> None:
    site, opened = noise
    own, order = f"/cases/{opened.public_id}/clocks", the_order(site, opened)
    stranger, clerk = site.session_for("desk_clerk"), site.session_for("clerk")
    missing = stranger.get(f"/cases/{secrets.token_hex(16)}/clocks/{order}{ending}")
    unseen = stranger.get(f"{own}/{order}{ending}")
    assert (unseen.status_code, unseen.text) == (404, missing.text)
    for number in ("999", "0", "-1", "9" * 30, "order"):
        assert clerk.get(f"{own}/{number}{ending}").status_code == 404
    assert clerk.get(f"{own}/{order}{ending}").status_code == 200
    nobody = site.browser().get(f"{own}/{order}{ending}")
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/signin")


def test_a_petitioner_sees_the_clocks_of_the_own_matter_and_no_other(noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    other = site.office.tell("petition", step("2026-05-19T09:00", "clerk", "Register", **WORDS))
    petitioner = site.petitioner_of(other.case_id)
    (own,) = clocks(site, other)
    (due,) = {petitioner.get(f"/track/case/clocks/{own}/json").json()["due_on"]}
    assert due == "2026-06-03", "the fifteen days of the own petition"
    for number in set(clocks(site, opened)) - {own}:
        for ending in ("", "/json"):
            assert petitioner.get(f"/track/case/clocks/{number}{ending}").status_code == 404
    assert petitioner.get(f"/cases/{opened.public_id}/clocks/{the_order(site, opened)}").status_code == 404


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_petitioners_receipt_speaks_of_no_light(language: str, noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    petitioner = site.petitioner_of(opened.case_id)
    for number in clocks(site, opened):
        shown = page(petitioner, f"/track/case/clocks/{number}?lang={language}")
        assert LIGHT_WORDS.search(shown.title + shown.text) is None
    clerks = page(site.session_for("clerk"), f"/cases/{opened.public_id}/clocks/{number}?lang={language}")
    assert LIGHT_WORDS.search(clerks.text), "the words looked for are those that the office reads"


@pytest.mark.parametrize("login", ["clerk", "mediator", "duty_leader", "auditor", "petitioner"])
def test_nothing_personal_stands_in_a_receipt(login: str, site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-03-10T09:00")
    own = login == "petitioner"
    browser = site.petitioner_of(aviary.opened.case_id) if own else site.session_for(login)
    found = clocks(site, aviary.opened)
    assert len(found) >= 4
    for number in found:
        for ending in ("", "?lang=en", "/json"):
            answer = browser.get(f"{'/track/case' if own else aviary.address}/clocks/{number}{ending}")
            assert answer.status_code == 200
            for field, word in CANARIES.items():
                assert word not in answer.text, field


def test_looking_at_a_receipt_writes_nothing(noise: tuple[Site, Opened]) -> None:
    site, opened = noise
    browser = site.session_for("clerk")
    query = text("SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM message), (SELECT version FROM cases)")
    with reading(site.engine) as connection:
        before = connection.execute(query).one()
    for ending in ("", "/json"):
        browser.get(f"/cases/{opened.public_id}/clocks/{the_order(site, opened)}{ending}")
    with reading(site.engine) as connection:
        assert connection.execute(query).one() == before
