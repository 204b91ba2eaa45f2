"""The auditor's date field: the record as it was known on a date, on a page that nobody can take for the present."""

import pytest

from cases.sweep import sweep
from tests.databases import Site, step
from tests.web.canaries import CANARIES, mediation_with_canaries
from tests.web.reading import page, read

WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "申请人"}
BANNER = "这不是现在的情况，而是截至2026年3月4日 周三 24:00的记录。"


@pytest.fixture
def past(site: Site) -> Site:
    """Two petitions of March; the first is accepted and assigned in the same month. It is June."""
    site.office.tell(
        "petition",
        step("2026-03-02T09:00", "clerk", "Register", **WORDS),
        step("2026-03-04T10:00", "clerk", "Accept"),
        step("2026-03-05T09:00", "coordinator", "Assign", unit="room", handler="mediator"),
    )
    site.office.tell("petition", step("2026-03-04T09:00", "clerk", "Register", **WORDS))
    site.clock.set("2026-06-15T09:00")
    return site


def test_without_a_date_the_page_asks_for_one_and_shows_nothing(past: Site) -> None:
    shown = page(past.session_for("auditor"), "/as-of")
    assert shown.title.startswith("按日期回看")
    assert "选一天" in shown.text
    assert "第1号" not in shown.text
    assert shown.ids["on"] == "input"
    form = shown.form("/as-of")
    assert (form.method, form.names) == ("get", ["on", "what", "case"])


def test_the_work_list_of_then_leads_to_each_case_as_it_was_then(past: Site) -> None:
    browser = past.session_for("auditor")
    shown = page(browser, "/as-of?on=2026-03-04")
    assert BANNER in shown.text
    assert "当时在办 2 件" in shown.text
    assert "（2026）滨园访字第1号" in shown.text
    links = [link for link in shown.links if "case=" in link]
    assert len(links) == 2
    assert all(link.startswith("/as-of?on=2026-03-04&") for link in links)
    cases = [page(browser, link) for link in links]
    assert all(BANNER in one.text for one in cases)
    first = next(one for one in cases if "第1号" in one.text)
    assert first.title.startswith("（2026）滨园访字第1号")
    assert "受理" in first.text
    assert "人民调解室" not in first.text, "it was assigned on the day after"
    assert "人民调解室" in page(browser, "/as-of?on=2026-03-05&case=（2026）滨园访字第1号").text


def test_one_case_is_found_by_its_number_and_by_its_address(past: Site) -> None:
    browser = past.session_for("auditor")
    by_number = page(browser, "/as-of?on=2026-03-05T08:59&case=2026 滨园访字 1")
    assert "截至2026年3月5日 08:59的记录" in by_number.text
    address = next(link for link in by_number.links if link.startswith("/cases/"))
    public_id = address.removeprefix("/cases/")
    by_id = page(browser, f"/as-of?on=2026-03-05T08:59&case={public_id}")
    assert by_id.title == by_number.title
    assert by_id.form("/as-of").values["case"] == ["（2026）滨园访字第1号"], "and its number is what the field says"


def test_the_light_is_the_one_of_then_and_its_due_day_has_its_year(past: Site) -> None:
    browser = past.session_for("auditor")
    then, now = page(browser, "/as-of?on=2026-03-04&case=2026滨园访字2"), page(browser, "/work")
    assert "● 绿" in then.text
    assert "2026年3月" in then.text
    assert "■ 红" in now.text


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("on=2026-06-16", "2026-06-16 还没有到"),
        ("on=2026-01-04", "从 2026-01-05 开始"),
        ("on=30.06.2026", "“30.06.2026”不是日期或时刻"),
        ("on=2026-03-01&case=2026滨园访字1", "当时还没有登记“2026滨园访字1”"),
        ("on=2026-03-05&case=2026滨园访字99", "没有找到“2026滨园访字99”"),
        ("on=2026-03-01&what=sheet", "2026 年没有任何可以考核的事项。"),
        ("on=2026-03-05&what=sheet&year=2031", "2031 年还没有公布放假安排，不能考核。"),
    ],
)
def test_what_cannot_be_shown_is_said_in_words_and_nothing_typed_is_lost(asked: str, says: str, past: Site) -> None:
    answer = past.session_for("auditor").get(f"/as-of?{asked}")
    shown = read(answer.text)
    assert answer.status_code == 422
    assert shown.title.startswith("错误：")
    assert says in shown.text
    assert "第1号" not in shown.text
    typed = dict(part.split("=") for part in asked.split("&"))
    values = shown.form("/as-of").values
    assert values["on"] == [typed["on"]]
    assert values["case"] == [typed.get("case", "")]


def test_the_sheets_of_then_name_each_light_with_its_case_of_then(past: Site) -> None:
    """The second petition is accepted by nobody: red on the evening of its fifteenth day, and swept late, in June."""
    sweep(past.engine, now=past.clock())
    browser, centre = past.session_for("auditor"), past.office.units["centre"]
    asked = f"what=sheet&year=2026&scheme=LIGHTS-A&unit={centre}"
    before = page(browser, "/as-of?on=2026-06-14&what=sheet")
    assert "当时的 2026 年度计分表" in before.text
    assert "滨江园区党群服务中心 100.00 100.00" in before.text
    assert f"/as-of?on=2026-06-14&{asked}#of-unit" in before.links
    assert "第2号" not in page(browser, f"/as-of?on=2026-06-14&{asked}").text
    after = page(browser, f"/as-of?on=2026-06-15&{asked}")
    assert "滨江园区党群服务中心 99.00 99.00" in after.text
    assert "（2026）滨园访字第2号" in after.text
    (link,) = {link for link in after.links if "case=" in link}
    assert "第2号" in page(browser, link).title
    assert page(browser, f"/as-of?on=2026-06-14&what=sheet&unit={10**30}").title == before.title


@pytest.mark.parametrize("asked", ["", "on=2026-03-04", "on=2026-03-04&case=2026滨园访字1", "on=2026-03-05&what=sheet"])
def test_the_page_speaks_english_too_and_has_no_style_of_its_own(asked: str, past: Site) -> None:
    answer = past.session_for("auditor").get(f"/as-of?{asked}&lang=en")
    shown = read(answer.text)
    assert answer.status_code == 200
    assert "s known on" in shown.title
    assert not asked or "Not the present: as the record knew it on" in shown.text
    codes = ("as_of.", "milestone.", "assess.", "clock.", "state.")
    assert not [word for word in shown.words if word.startswith(codes)]
    assert " style=" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("login", ["auditor", "assessor"])
def test_no_personal_word_stands_on_any_page_of_the_past(login: str, site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-06-15T09:00")
    browser = site.session_for(login)
    for on in ("2026-03-02", "2026-03-04", "2026-03-05", "2026-03-09", "2026-06-15"):
        for what in (f"case={aviary.opened.public_id}", "what=list", "what=sheet"):
            answer = browser.get(f"/as-of?on={on}&{what}")
            assert answer.status_code == 200
            assert not [field for field, canary in CANARIES.items() if canary in answer.text], (on, what)


def test_a_page_of_the_list_that_there_is_not_is_the_last_one(past: Site) -> None:
    browser = past.session_for("auditor")
    for number in (0, -1, 2, 10**20):
        assert "当时在办 2 件" in page(browser, f"/as-of?on=2026-03-04&page={number}").text
