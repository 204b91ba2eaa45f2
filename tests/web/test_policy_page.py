"""The administrator's policy page: a dry run that changes nothing, exactly that applied or nothing, and no word lost."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from cases.execute import Opened
from cases.policies import shipped_files
from cases.sweep import sweep
from infra.columns import Row
from infra.db import reading
from tests.databases import SEATS, Site, form_token, step
from tests.web.reading import Page, PageForm, page, read

WORDS = {"title": "金丝雀标题", "statement": "金丝雀陈述", "applicant": "金丝雀申请人"}
NOW = "2026-12-28T10:00"
FILE = "calendars/cn-2027.toml"
#: An invented notice: of 2027 the first working days are off too, and Saturday 9 January is worked.
TOML = """[[calendar]]
id = "cn"
zone = "Asia/Shanghai"
year = 2027
source = "虚构的通知"
off = [2027-01-01, 2027-01-04, 2027-02-05, 2027-02-06]
work = [2027-01-09]
"""
#: What the law gives in 2027 besides: without it a notice is not whole.
BY_LAW = ("02-07", "02-08", "04-05", "05-01", "05-02", "06-09", "09-15", "10-01", "10-02", "10-03")
CSV = "\ufeff2027-01-01,休,元旦\n2027-01-04,off\n2027-02-05,off\n2027-02-06,放假\n2027-01-09,班\n" + "".join(
    f"2027/{day.replace('-', '/')},休\n" for day in BY_LAW
)
JSON = json.dumps(
    {
        "off": ["2027-01-01", "2027-01-04", "2027-02-05", "2027-02-06", *(f"2027-{day}" for day in BY_LAW)],
        "work": ["2027-01-09"],
    },
    indent=1,
)
TEXT = """一、元旦：1月1日（周五）、1月4日（周一）放假调休。1月9日（周六）上班。
二、春节：2月5日（农历除夕、周五）至8日（周一）放假。
三、清明节：4月5日放假1天。四、劳动节：5月1日至2日放假。五、端午节：6月9日放假。六、中秋节：9月15日放假。
七、国庆节：10月1日至3日放假，共3天。"""
NOTICES: Mapping[str, dict[str, str]] = {
    "toml": {"kind": "toml", "content": TOML},
    "csv": {"kind": "csv", "content": CSV, "year": "2027", "source": "虚构的通知, https://example.test/2027"},
    "words": {"kind": "csv", "content": TEXT, "year": "2027", "source": "虚构的通知"},
    "json": {"kind": "json", "content": JSON, "year": "2027", "source": "虚构的通知"},
}


def everything(site: Site) -> dict[str, list[dict[str, Any]]]:
    """All tables to the last row, but for the time a session was last seen."""
    found = {}
    with reading(site.engine) as connection:
        for name, table in Row.metadata.tables.items():
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            found[name] = [{key: value for key, value in row.items() if key != "seen_at"} for row in rows]
    return found


def running(site: Site, where: str) -> list[tuple[str, str]]:
    """Running clocks that fulfil a condition: (case number, rule)."""
    query = f"""SELECT cases.series, cases.serial, clock.rule FROM clock JOIN cases ON cases.id = clock.case_id
        WHERE clock.stopped_at IS NULL AND {where} ORDER BY clock.case_id, clock.number"""
    with reading(site.engine) as connection:
        return [(f"（2026）滨园{row[0]}第{row[1]}号", row[2]) for row in connection.execute(text(query))]


def events(site: Site, code: str) -> list[Any]:
    with reading(site.engine) as connection:
        return list(connection.execute(text("SELECT * FROM event WHERE code = :code ORDER BY id"), {"code": code}))


@pytest.fixture
def book(site: Site) -> tuple[Site, Opened]:
    """On Monday 28 December 2026: an old order that is long red, one of today that runs into 2027, and a petition of the
    21st whose reminder after the due day does; the sweep has been."""
    accepted = [
        site.office.tell("hotline", step(at, "clerk", "Register", **WORDS), step(at, "clerk", "Accept"))
        for at in ("2026-03-02T09:00", "2026-12-28T09:00")
    ]
    site.office.tell("petition", step("2026-12-21T09:00", "clerk", "Register", **WORDS))
    sweep(site.engine, now=site.clock.set(NOW))
    return site, accepted[1]


def planned(browser: TestClient, language: str = "zh_CN", /, **typed: str) -> Any:
    """The answer to a dry run of what was typed into the page's own form."""
    form = page(browser, f"/policy?lang={language}").form("/policy/plan")
    return browser.post(form.action, data=form.typed(**typed))


def rows_of(html: str) -> list[tuple[str, str, str]]:
    """The table of a plan: (case number, rule, due)."""
    section = html.partition('id="plan"')[2].partition("</section>")[0]
    row = (
        r'<tr><td>([^<]*)</td><td[^>]*>[^<]*<small><data value="([^"]*)">[^<]*</data></small></td><td[^>]*>([^<]*)</td>'
    )
    return re.findall(row, section)


def apply_form(answer: Any) -> PageForm:
    return read(answer.text).form("/policy/apply")


def typed_in(shown: Page, form: str = "/policy/plan") -> dict[str, str]:
    names = ("name", "kind", "year", "source", "content")
    return {name: "".join(shown.form(form).values.get(name, [])) for name in names}


# -- who and what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [*(login for login in SEATS if login != "administrator"), "nobody"])
def test_only_an_administrator_plans_and_publishes(login: str, book: tuple[Site, Opened]) -> None:
    site, _ = book
    browser = site.browser() if login == "nobody" else site.session_for(login)
    before = everything(site)
    data = {"form_token": form_token(browser), "name": FILE, **NOTICES["toml"]}
    answers = [browser.get("/policy"), *(browser.post(f"/policy/{what}", data=data) for what in ("plan", "apply"))]
    # Whoever is signed out is led to the sign-in page, or shown what they typed.
    assert {answer.status_code for answer in answers} == ({303, 403} if login == "nobody" else {404})
    assert everything(site) == before


def test_the_page_says_what_is_in_force(book: tuple[Site, Opened]) -> None:
    site, _ = book
    text_ = page(site.session_for("administrator"), "/policy").text
    assert site.office.context.policy.version in text_
    assert "2027 暂定：该年放假安排尚未公布" in text_
    for name in shipped_files():
        assert name in text_


def test_a_notice_that_lacks_statutory_days_names_them_and_the_year_stays_provisional(
    book: tuple[Site, Opened],
) -> None:
    site, _ = book
    browser = site.session_for("administrator")
    lacking = {**NOTICES["csv"], "content": CSV.replace("2027/06/09,休\n", "")}
    for language, words in (
        ("zh_CN", "通知缺少法定放假日：2027年6月9日 周三 端午节。"),
        ("en", "The notice lacks statutory days: Wed 9 Jun 2027 Dragon Boat Festival."),
    ):
        answer = planned(browser, language, name=FILE, **lacking)
        assert answer.status_code == 200
        assert words in read(answer.text).text
    form = apply_form(answer)
    assert browser.post(form.action, data=form.typed()).status_code == 303
    assert "2027 暂定" in page(browser, "/policy?lang=zh_CN").text


# -- the dry run ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NOTICES)
def test_a_dry_run_lists_exactly_the_provisional_clocks_and_changes_nothing(
    kind: str, book: tuple[Site, Opened]
) -> None:
    site, _ = book
    browser = site.session_for("administrator")
    provisional = running(site, "clock.provisional")
    assert len(provisional) == 2
    assert len(running(site, "TRUE")) == 3
    before = everything(site)
    answer = planned(browser, name=FILE, **NOTICES[kind])
    assert answer.status_code == 200
    assert [(number, rule) for number, rule, _ in rows_of(answer.text)] == provisional
    # 1=29 2=30 3=31 December 4=4 5=5 January; by the notice the 4th is off: 4=5 5=6.
    assert [due for _, rule, due in rows_of(answer.text) if rule == "HOT-07"] == [
        "2027年1月5日 周二 24:00 → 2027年1月6日 周三 24:00"
    ]
    shown = read(answer.text)
    assert "在办时限 3 项，会变 2 项（到期日 1、亮灯 0" in shown.text
    assert shown.text.count("不再暂定") == 2
    assert typed_in(shown) == {"year": "", "source": "", "name": FILE, **NOTICES[kind]}
    assert everything(site) == before


def test_a_dry_run_is_told_in_english_too(book: tuple[Site, Opened]) -> None:
    site, _ = book
    shown = read(planned(site.session_for("administrator"), "en", name=FILE, **NOTICES["toml"]).text)
    for words in (
        "3 running time limits, 2 would change", "Tue 5 Jan 2027 24:00 → Wed 6 Jan 2027 24:00", "no longer provisional",
        "Publish, and do exactly this",
    ):  # fmt: skip
        assert words in shown.text, words


def test_a_dry_run_of_what_is_in_force_finds_nothing_to_change(book: tuple[Site, Opened]) -> None:
    site, _ = book
    answer = planned(site.session_for("administrator"), name=FILE, content=shipped_files()[FILE].decode())
    assert rows_of(answer.text) == []
    assert "没有在办时限会变。" in read(answer.text).text


@pytest.mark.parametrize("status", [200, 409, 422])
def test_nothing_of_a_case_but_its_number_stands_on_the_page(status: int, book: tuple[Site, Opened]) -> None:
    site, _ = book
    browser = site.session_for("administrator")
    wrong = {"content": "off = ["} if status == 422 else {}
    answer = planned(browser, name=FILE, **{**NOTICES["toml"], **wrong})
    if status == 409:
        answer = browser.post("/policy/apply", data=apply_form(answer).typed(plan="0" * 16))
    assert answer.status_code == status
    assert "金丝雀" not in answer.text
    assert "/cases/" not in answer.text


# -- exactly that, or nothing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NOTICES)
def test_applying_does_exactly_the_plan_and_planning_again_finds_nothing(kind: str, book: tuple[Site, Opened]) -> None:
    site, opened = book
    browser = site.session_for("administrator")
    listed = rows_of((answer := planned(browser, name=FILE, **NOTICES[kind])).text)
    form = apply_form(answer)
    done = browser.post(form.action, data=form.values)
    assert (done.status_code, done.headers["location"]) == (303, "/policy?done=policy_published")
    assert "已发布并生效" in read(browser.get(done.headers["location"]).text).text
    recounted = events(site, "clock:recounted")
    assert len(recounted) == len(listed) == 2
    assert {json.loads(event.data)["plan"] for event in recounted} == set(form.values["plan"])
    published = events(site, "policy:published")[-1]
    assert [event.actor for event in (*recounted, published)] == [site.office.accounts["administrator"]] * 3
    assert running(site, "clock.provisional") == []
    again = planned(browser, name=FILE, **NOTICES[kind])
    assert rows_of(again.text) == []
    shown = page(browser, "/policy").text
    assert json.loads(published.data)["version"] in shown
    assert "暂定" not in shown
    assert "2027年1月6日" in page(site.session_for("clerk"), f"/cases/{opened.public_id}").text


def test_a_book_that_has_moved_is_said_so_with_the_plan_as_it_is_now_and_nothing_is_done(
    book: tuple[Site, Opened],
) -> None:
    site, opened = book
    browser = site.session_for("administrator")
    form = apply_form(planned(browser, name=FILE, **NOTICES["csv"]))
    clerk = site.session_for("clerk")
    answered = page(clerk, f"/cases/{opened.public_id}").form("/RespondFirst")
    assert clerk.post(answered.action, data=answered.typed(note="已答复")).status_code == 303
    before = everything(site)
    answer = browser.post(form.action, data=form.values)
    assert answer.status_code == 409
    assert everything(site) == before
    shown = read(answer.text)
    assert "没有做任何改动。下面是现在的试算。" in shown.text
    kept = {"name": FILE, **NOTICES["csv"]}
    assert typed_in(shown) == typed_in(shown, "/policy/apply") == kept
    assert len(rows_of(answer.text)) == 2
    now = shown.form("/policy/apply")
    assert now.values["plan"] != form.values["plan"]
    assert browser.post(now.action, data=now.values).status_code == 303
    assert len(events(site, "clock:recounted")) == 2


def test_a_plan_that_lights_a_light_at_once_can_be_applied_a_minute_later(book: tuple[Site, Opened]) -> None:
    """The yellow of the petition moves from 1 January to its first day, which is over."""
    site, _ = book
    browser = site.session_for("administrator")
    ladders = shipped_files()["ladders.toml"].decode().replace("share_of = 3\ncap = 10", "share_of = 1\ncap = 20", 1)
    form = apply_form(planned(browser, name="ladders.toml", content=ladders))
    site.clock.set("2026-12-28T10:01")
    assert browser.post(form.action, data=form.values).status_code == 303


def test_the_same_plan_posted_twice_is_applied_once(book: tuple[Site, Opened]) -> None:
    site, _ = book
    browser = site.session_for("administrator")
    form = apply_form(planned(browser, name=FILE, **NOTICES["toml"]))
    assert browser.post(form.action, data=form.values).status_code == 303
    before = everything(site)
    assert browser.post(form.action, data=form.values).status_code in (303, 409)
    assert everything(site) == before


def test_running_clocks_keep_their_rules_if_that_is_ticked(book: tuple[Site, Opened]) -> None:
    """General requests within seven working days instead of five."""
    site, _ = book
    head, at, tail = shipped_files()["rules/hotline.toml"].decode().partition('id = "HOT-07"')
    seven = {"name": "rules/hotline.toml", "content": head + at + tail.replace("length = 5", "length = 7", 1)}
    browser = site.session_for("administrator")
    assert [rule for _, rule, _ in rows_of(planned(browser, **seven).text)] == ["HOT-07", "HOT-07"]
    answer = planned(browser, **seven, keep_rules="yes")
    assert rows_of(answer.text) == []
    assert read(answer.text).form("/policy/plan").values["keep_rules"] == ["yes"]
    form = apply_form(answer)
    assert form.values["keep_rules"] == ["yes"]
    assert browser.post(form.action, data=form.values).status_code == 303
    assert events(site, "clock:recounted") == []
    assert len(events(site, "policy:published")) == 2
    assert running(site, "clock.length = 5 AND clock.rule = 'HOT-07'") == running(site, "clock.rule = 'HOT-07'")


# -- what cannot be read ----------------------------------------------------------------------------------------------

CSV_2027 = {"kind": "csv", "year": "2027", "source": "虚构"}
JSON_2027 = {"kind": "json", "year": "2027", "source": "虚构"}
WRONG: list[tuple[dict[str, str], str, str, str]] = [
    ({"content": TOML.replace("2027-01-04", "2027-01-01")}, f"{FILE}:6:", "2027-01-01 列了两次", "is listed twice"),
    ({"content": TOML.replace("2027-01-04", "2026-01-04")}, f"{FILE}:6:", "2026-01-04 不在这一年", "is not a day of this year"),
    ({"content": TOML.replace("year", "yeer")}, f"{FILE}:4:", "最接近的是 year。", "The nearest known name is year."),
    ({"content": TOML.replace('source = "虚构的通知"\n', "")}, f"{FILE}:1:", "source: 缺少必填的键", "a required key is missing"),
    ({"content": TOML + "off = ["}, f"{FILE}:8:", "不是有效的 TOML", "not valid TOML"),
    ({"content": TOML, "name": " "}, ":1: ", "请填写文件名", "Give a file name"),
    ({"content": TOML, "name": "own/mine.toml"}, "own/mine.toml:4:", "2027 年列了两次", "the year 2027 is listed twice"),
    ({**CSV_2027, "content": "2027-01-01,off\n2027-01-02,maybe"}, f"{FILE}:2:", "“maybe”既不是 off（休）也不是 work（班）", "neither off nor work"),
    ({**CSV_2027, "content": "2027-01-01,off\n2027-02-30,off"}, f"{FILE}:2:", "“2027-02-30”不是日期", "is not a day"),
    ({**CSV_2027, "content": CSV, "year": ""}, f"{FILE}:1:", "须填写年份和通知名称", "needs its year"),
    ({**CSV_2027, "content": CSV, "year": "27"}, f"{FILE}:1:", "须填写年份和通知名称", "needs its year"),
    ({**CSV_2027, "content": CSV, "source": " "}, f"{FILE}:1:", "须填写年份和通知名称", "needs its year"),
    ({**JSON_2027, "content": '{"off": [\n2027-01-01]}'}, f"{FILE}:2:", "形式的 JSON", "Not JSON"),
    ({**JSON_2027, "content": "[]"}, f"{FILE}:1:", "形式的 JSON", "Not JSON"),
    ({**JSON_2027, "content": '{"off": [\n"2027-13-01"]}'}, f"{FILE}:2:", "“2027-13-01”不是日期", "is not a day"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "where", "zh", "en"), WRONG)
@pytest.mark.parametrize("button", ["plan", "apply"])
def test_what_cannot_be_read_comes_back_with_file_line_and_reason(
    button: str, typed: dict[str, str], where: str, zh: str, en: str, book: tuple[Site, Opened]
) -> None:
    site, _ = book
    browser = site.session_for("administrator")
    before = everything(site)
    for language, words in (("zh_CN", zh), ("en", en)):
        form = page(browser, f"/policy?lang={language}").form("/policy/plan")
        answer = browser.post(f"/policy/{button}", data=form.typed(**typed))
        shown = read(answer.text)
        assert answer.status_code == 422
        assert shown.title.startswith({"zh_CN": "错误：", "en": "Error: "}[language])
        assert where in shown.text
        assert words in shown.text
        kept = {"name": FILE, "kind": "toml", "year": "", "source": "", **typed}
        assert typed_in(shown) == {**kept, "name": kept["name"].strip()}
        assert not shown.has_form("/policy/apply")
    assert everything(site) == before


EMPTY = "a notice without a day is taken for a year without holidays"
FALLS = "the reader falls over it instead of refusing it: status 500"
NONE: dict[str, tuple[dict[str, str], str]] = {
    "no day at all": ({**CSV_2027, "content": ""}, EMPTY),
    "no list": ({**JSON_2027, "content": "{}"}, EMPTY),
    "another key": ({**JSON_2027, "content": '{"holidays": ["2027-01-01"]}'}, EMPTY),
    "a slip in the first line": (
        {**CSV_2027, "content": "o2027-01-01,off\n2027-01-04,off"},
        "a first line that begins with a letter is passed over as names, whatever stands in it",
    ),
    "deep JSON": ({**JSON_2027, "content": "[" * 10_000}, FALLS),
    "a long number in JSON": ({**JSON_2027, "content": "1" * 5000}, FALLS),
    "deep TOML": ({"content": "x = " + "[" * 10_000}, FALLS),
    "a long number in TOML": ({"content": TOML.replace("2027\n", "2" * 5000 + "\n")}, FALLS),
    "a long cell": ({**CSV_2027, "content": '"' + "x" * 140_000}, FALLS),
}


@pytest.mark.parametrize(
    "typed",
    [pytest.param(typed, id=name) for name, (typed, _) in NONE.items()],
)
def test_what_looks_like_a_notice_and_is_none_is_refused(typed: dict[str, str], book: tuple[Site, Opened]) -> None:
    site, _ = book
    assert planned(site.session_for("administrator"), name=FILE, **typed).status_code == 422


def test_a_fault_of_a_pasted_notice_names_the_line_that_was_typed(book: tuple[Site, Opened]) -> None:
    site, _ = book
    typed = {**CSV_2027, "content": "2027-01-01,off\n2027-01-02,off\n2027-01-01,work\n"}
    answer = planned(site.session_for("administrator"), name=FILE, **typed)
    assert answer.status_code == 422
    assert f"{FILE}:3" in read(answer.text).text
