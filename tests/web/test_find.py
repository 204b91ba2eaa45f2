"""The search box of every page and the list it leads to: what is found, by whom, and what is said where nothing can be looked for."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

import cases.search
import cases.terms_index
from tests.databases import Site, SmallOffice, found, serving, step
from tests.web.test_statements import statements, titles

LEAK = {"title": "楼上漏水", "statement": "天花板受潮，已报物业。", "applicant": "白小明", "respondents": ["石某"]}
PARKING = {"title": "停车位被占", "statement": "3号楼A座前有人堆物。", "applicant": "王芳"}


def a_mediation(office: SmallOffice, **words: object) -> str:
    return office.tell("mediation", step("2026-03-02T08:00", "clerk", "Apply", **{**LEAK, **words})).public_id


def a_petition(office: SmallOffice, **words: object) -> str:
    return office.tell("petition", step("2026-03-02T08:10", "clerk", "Register", **{**PARKING, **words})).public_id


def shown(site: Site, login: str, query: str) -> list[str]:
    """The matters of the list, by their public ids."""
    page = site.session_for(login).get(f"/find?{query}")
    assert page.status_code == 200, page.text
    return re.findall(r'<a class="title" href="/cases/([0-9a-f]+)"', page.text)


@pytest.mark.parametrize(
    "typed",
    [
        "漏水",
        "楼上漏水",
        "小明",
        "白小明",
        "天花板 白小明",
        "受潮",
        "（2026）滨园人调字第1号",
        "人调1",
        "人调字〔2026〕第１号",
        "1 漏水",
    ],
)
def test_a_matter_is_found_by_its_words_names_and_number_however_they_are_typed(
    engine: Engine, tmp_path: Path, typed: str
) -> None:
    with serving(found(engine), tmp_path) as site:
        leak, _ = a_mediation(site.office), a_petition(site.office)
        assert shown(site, "clerk", f"q={quote(typed)}") == [leak]


def test_what_cannot_be_looked_for_gets_a_sentence_and_no_list(site: Site) -> None:
    a_mediation(site.office)
    browser = site.session_for("clerk")
    for query, said in (
        ("q=水", "“水”只有一个字"),
        ("q=。，", "只有标点符号"),
        ("q=楼 漏水", "“楼”只有一个字"),
        ("q=" + quote("漏水 " * 9), "一次最多查 8 个词"),
        ("q=" + "字" * 101, "最多 100 个字"),
        ("light=purple", "无法理解“light=purple”"),
        ("colour=red", "没有“colour”这一筛选条件"),
        ("closed=2026-13", "无法理解“closed=2026-13”"),
        ("due=-1", "无法理解“due=-1”"),
    ):
        page = browser.get(f"/find?{query}")
        assert page.status_code == 422, query
        assert said in page.text, query
        assert titles(page.text) == 0, query
    assert titles(browser.get("/find").text) == 0, "nothing asked for is not everything"


def test_a_closed_matter_is_found_from_the_box_of_every_page_and_one_of_others_is_not(site: Site) -> None:
    office = site.office
    closed = office.tell(
        "petition",
        step("2026-03-02T08:00", "clerk", "Register", **{**PARKING, "title": "路灯不亮"}),
        step("2026-03-02T08:10", "clerk", "Refuse", ground="statutory_route", proper_channel="法院"),
    ).public_id
    assert 'action="/find"' in site.session_for("clerk").get("/work").text
    assert shown(site, "clerk", "q=路灯") == [closed]
    assert shown(site, "desk_clerk", "q=路灯") == []
    assert shown(site, "mediator", "q=路灯") == []


def test_filters_combine_stay_in_the_address_and_lead_to_the_same_list_as_a_file(site: Site) -> None:
    leak, parking = a_mediation(site.office), a_petition(site.office)
    assert shown(site, "clerk", "show=open&kind=petition&channel=visit&sort=due") == [parking]
    assert shown(site, "clerk", "show=open&kind=petition&q=漏水") == []
    assert shown(site, "clerk", "sort=old") == [leak, parking]
    assert shown(site, "clerk", "sort=new") == [parking, leak]
    file = site.session_for("clerk").get("/find/csv?sort=new")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    header, *lines = file.content.decode("utf-8-sig").splitlines()
    assert header.startswith("编号,事项,当事人,")
    assert [line.split(",")[1] for line in lines] == ["停车位被占", "楼上漏水"]
    assert "，" in lines[1].split(",")[2], "names, and no code between them"
    masked = site.session_for("auditor").get("/find/csv?sort=new").content.decode()
    assert "停车位" not in masked
    assert "王芳" not in masked


def test_filters_are_kept_under_a_name_for_whoever_kept_them_and_without_the_words(site: Site) -> None:
    a_mediation(site.office)
    browser = site.session_for("clerk")
    page = browser.get("/find?q=小明&show=open&sort=due").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    post = {"form_token": token[1], "filters": "show=open&sort=due", "name": "在办 先到期"}
    answer = browser.post("/find/views", data=post)
    assert (answer.status_code, answer.headers["location"]) == (303, "/find?show=open&sort=due&done=view_kept")
    link = '<a href="/find?show=open&amp;sort=due" aria-current="page">在办 先到期</a>'
    assert link in browser.get("/find?show=open&sort=due").text
    assert "在办 先到期" not in site.session_for("coordinator").get("/find").text
    wrong = browser.post("/find/views", data={**post, "filters": "show=everything"})
    assert wrong.status_code == 422
    browser.post("/find/views/forget", data={"form_token": token[1], "name": "在办 先到期"})
    assert "在办 先到期" not in browser.get("/find").text


@pytest.mark.parametrize(
    "query",
    [
        "q=漏水",
        "q=漏水 白小明 2026",
        "light=red&kind=mediation-30d&sort=due&show=open",
        "q=1234&type=11&sort=old&closed=2026",
    ],
)
@pytest.mark.parametrize("much", [False, True])
def test_a_page_of_finding_says_twelve_statements_at_most(
    site: Site, query: str, much: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`much`: as if everything were very common."""
    for _ in range(3):
        a_mediation(site.office)
    if much:
        for module, name, value in (
            (cases.terms_index, "AT_MOST", 0),
            (cases.search, "AT_MOST", 0),
            (cases.search, "LOOKED_AT", 1),
            (cases.search, "LOOKED_AT_FIRST", 1),
        ):
            monkeypatch.setattr(module, name, value)
    browser = site.session_for("coordinator")
    browser.get(f"/find?{query}")
    with statements(site.engine) as said:
        assert browser.get(f"/find?{query}").status_code == 200
    ours = [
        one for one in said if "'main'." not in one
    ]  # what the index of FTS5 asks of its own tables, it asks itself
    assert len(ours) <= 12, ours


def test_a_light_of_the_filter_is_the_light_of_the_list(site: Site) -> None:
    for _ in range(2):
        a_mediation(site.office)
    a_petition(site.office)
    seen = set()
    for at in ("2026-03-02T10:00", "2026-03-06T10:00", "2026-04-20T10:00", "2026-06-01T10:00"):
        site.clock.set(at)
        every = lights(site, "show=open")
        for light in ("red", "yellow", "green"):
            assert lights(site, f"light={light}") == [one for one in every if one == light], (at, light)
        seen.update(every)
    assert {"red", "green"} <= seen


def lights(site: Site, query: str) -> list[str]:
    page = site.session_for("clerk").get(f"/find?{query}").text
    return re.findall(r'class="light (\w+)"', page)
