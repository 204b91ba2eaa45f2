"""What a program does with matters: lists, finds, reads one, takes steps, registers; and what it is told instead."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.api.programs import V1, Program, program
from tests.databases import Site, form_token, found, serving, step
from tests.web.canaries import mediation_with_canaries, recuse

REGISTERED = step("2026-03-02T09:00", "clerk", "Register", title="停车位", statement="小区停车难。", applicant="白某")
FIELDS = {"title": "噪声扰民", "statement": "夜间施工。", "applicant": "石某", "channel": "call"}


def a_petition(site: Site) -> str:
    return site.office.tell("petition", REGISTERED).public_id


def refused(answer: Any, status: int, code: str) -> Any:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said = answer.json()
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code), said
    assert said["title"]
    assert said["detail"]
    return said


def test_a_program_learns_as_whom_it_acts_and_what_for(site: Site) -> None:
    said = program(site, "clerk", ["read", "feed"]).read("/me")
    assert said["role"]["code"] == "clerk"
    assert said["scopes"] == ["read", "feed"]
    assert said["account"] == site.office.accounts["clerk"]


def test_the_words_beside_a_code_are_those_of_the_language_that_is_asked_for(site: Site) -> None:
    public_id = a_petition(site)
    one = program(site, "clerk")
    states = {language: one.get(f"/cases/{public_id}", language=language).json()["state"] for language in ("zh-CN", "en-GB, zh;q=0.5", "fr, en")}  # fmt: skip
    assert {said["code"] for said in states.values()} == {"registered"}
    assert states["zh-CN"]["words"] == "登记"
    assert states["en-GB, zh;q=0.5"]["words"] == states["fr, en"]["words"] != "登记"


def test_a_case_says_what_is_open_with_the_schema_of_its_fields_and_why_the_rest_is_not(site: Site) -> None:
    said = program(site, "clerk").read(f"/cases/{a_petition(site)}")
    accept = next(one for one in said["open_steps"] if one["command"]["code"] == "Accept")
    assert accept["fields"]["type"] == "object"
    assert accept["fields"]["additionalProperties"] is False
    assert said["version"] == 1
    assert said["title"] == "停车位"
    assert [party["name"] for party in said["parties"]] == ["白某"]
    assert datetime.fromisoformat(said["received_at"]).utcoffset() is not None
    assert all(one["light"]["code"] in ("green", "window") for one in said["clocks"])
    assert said["timeline"][0]["event"]["code"] == "case:registered"


def test_a_step_is_taken_and_the_version_moves(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    taken = one.step(public_id, "Accept", version=1)
    assert (taken.status_code, taken.json()["version"]) == (200, 2), taken.text
    assert one.read(f"/cases/{public_id}")["state"]["code"] == "accepted"


def test_a_step_on_an_older_version_is_a_conflict_that_names_both(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    assert one.step(public_id, "Accept", version=1).status_code == 200
    said = refused(one.step(public_id, "AddNote", version=1, note="已联系。"), 409, "case_has_moved")
    assert (said["expected"], said["found"]) == (1, 2)


def test_the_same_under_the_same_key_gives_the_same_and_is_taken_once(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    answers = [one.step(public_id, "Accept", version=1, key="k-1") for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {200}
    assert one.read(f"/cases/{public_id}")["version"] == 2


def test_something_else_under_a_used_key_is_refused_and_changes_nothing(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    assert one.step(public_id, "AddNote", version=1, key="k-1", note="甲").status_code == 200
    refused(one.step(public_id, "AddNote", version=2, key="k-1", note="乙"), 409, "key_was_used")
    assert one.read(f"/cases/{public_id}")["version"] == 2


def test_the_key_of_one_account_is_none_of_anothers(site: Site) -> None:
    public_id = a_petition(site)
    assert program(site, "clerk").step(public_id, "AddNote", version=1, key="k", note="甲").status_code == 200
    assert program(site, "coordinator").step(public_id, "AddNote", version=2, key="k", note="乙").status_code == 200


def test_a_step_without_a_key_is_not_taken(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    refused(one.step(public_id, "Accept", version=1, key=""), 400, "key_missing")
    refused(one.step(public_id, "Accept", version=1, key="x" * 201), 400, "key_missing")
    assert one.read(f"/cases/{public_id}")["version"] == 1


def test_all_reasons_are_told_at_once_with_field_code_and_words(site: Site) -> None:
    one = program(site, "clerk")
    wrong = {"title": "", "statement": 7, "applicant": "石" * 300, "colour": "red"}
    said = refused(one.post("/cases", {"matter": "petition", "fields": wrong}), 422, "refused")
    told = {(reason["field"], reason["code"]) for reason in said["reasons"]}
    assert told == {
        ("title", "form.missing"), ("statement", "form.not_a_text"), ("applicant", "form.string_too_long"),
        ("colour", "form.unknown_field"),
    }  # fmt: skip
    assert all(reason["words"] and not reason["words"].startswith("reason.") for reason in said["reasons"])


def test_a_step_of_somebody_else_is_refused_with_the_reason_of_the_page(site: Site) -> None:
    public_id = a_petition(site)
    said = refused(program(site, "auditor").step(public_id, "Accept", version=1), 422, "refused")
    assert [reason["code"] for reason in said["reasons"]] == ["step.not_yours"]


def test_dates_that_would_move_are_told_first_and_taken_once_they_are_agreed_to(site: Site) -> None:
    opened = site.office.tell(
        "petition", REGISTERED, step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T09:30", "mediator", "SignFor"),
    )  # fmt: skip
    site.clock.set("2026-03-03T09:00")
    one = program(site, "mediator")
    page = one.read(f"/cases/{opened.public_id}")
    asked = next(step for step in page["open_steps"] if step["command"]["code"] == "RequestExtension")
    assert asked["fields"]["required"]
    fields = {"to_length": 90, "reason": "案情复杂，需会同多部门核查。"}
    address, said = f"/cases/{opened.public_id}/steps/RequestExtension", {"version": page["version"], "fields": fields}
    told = refused(one.post(address, said), 409, "dates_would_move")
    assert told["dates"][0]["before"] < told["dates"][0]["after"]
    assert one.post(address, {**said, "agreed": "0" * 16}).status_code == 409
    taken = one.post(address, {**said, "agreed": told["agree"]})
    assert taken.status_code == 200, taken.text


def test_a_matter_is_registered_once_under_its_key_with_one_tracking_code(site: Site) -> None:
    one = program(site, "clerk")
    answers = [one.post("/cases", {"matter": "petition", "fields": FIELDS}, key="reg-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    said = answers[0].json()
    assert answers[0].headers["location"] == f"{V1}/cases/{said['public_id']}"
    assert one.read(f"/cases/{said['public_id']}")["title"] == "噪声扰民"
    assert [case["public_id"] for case in one.read("/cases")["items"]] == [said["public_id"]]
    browser = site.browser()
    token = browser.get("/track").text.partition('name="form_token" value="')[2].partition('"')[0]
    opens = browser.post("/track", data={"form_token": token, "code": said["tracking_code"]})
    assert opens.headers["location"] == "/track/case"
    other = {**FIELDS, "title": "别的事"}
    refused(one.post("/cases", {"matter": "petition", "fields": other}, key="reg-1"), 409, "key_was_used")


def test_a_matter_is_registered_beside_another(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    said = {"matter": "petition", "fields": FIELDS, "beside": public_id}
    assert refused(one.post("/cases", said), 422, "refused")["reasons"][0]["code"] == "link.choose"
    made = one.post("/cases", {**said, "link_as": "follows"})
    assert made.status_code == 201, made.text
    links = one.read(f"/cases/{made.json()['public_id']}")["links"]
    assert [(link["kind"]["code"], link["public_id"]) for link in links] == [("follows", public_id)]


def test_lists_go_on_where_the_page_before_ended_and_come_to_all_of_it(site: Site) -> None:
    for _ in range(53):
        a_petition(site)
    one = program(site, "clerk")
    first = one.read("/cases")
    rest = one.read("/cases", after=first["next"])
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (50, 3, None)
    assert len({case["public_id"] for case in (*first["items"], *rest["items"])}) == 53


def test_matters_are_found_by_words_and_filters_and_nonsense_is_named(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    assert [case["public_id"] for case in one.read("/cases", q="停车", show="open")["items"]] == [public_id]
    assert one.read("/cases", q="停车", show="closed")["items"] == []
    said = refused(one.get("/cases", light="blue", colour="red"), 422, "query_is_wrong")
    assert {fault["code"] for fault in said["faults"]} == {"find.not_understood", "find.no_such_filter"}


def test_the_receipt_of_a_clock_is_that_of_the_page(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    number = one.read(f"/cases/{public_id}")["clocks"][0]["number"]
    page = site.session_for("clerk").get(f"/cases/{public_id}/clocks/{number}/json")
    assert one.read(f"/cases/{public_id}/clocks/{number}") == page.json()


def test_what_can_be_registered_is_told_with_what_it_asks(site: Site) -> None:
    said = program(site, "clerk").read("/matters")
    petition = next(one for one in said["items"] if one["matter"] == "petition")
    assert {"title", "statement", "applicant"} <= set(petition["fields"]["required"])


def test_a_step_at_any_time_says_what_it_asks_for(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    assert "AddNote" in {step["code"] for step in one.read(f"/cases/{public_id}")["at_any_time"]}
    said = one.read(f"/cases/{public_id}/steps/AddNote")
    assert said["fields"]["required"] == ["note"]
    refused(one.get(f"/cases/{public_id}/steps/Close"), 404, "not_found")


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"), (b"[]", "application/json", 400, "malformed"),
        (b"\xff{}", "application/json", 400, "malformed"), (b"[" * 100_000, "application/json", 400, "malformed"),
        (b'{"version": NaN}', "application/json", 400, "malformed"),
        (b'{"x": ' + b"9" * 5000 + b"}", "application/json", 400, "malformed"),
        (b'{"x": "\\ud800"}', "application/json", 400, "malformed"), (b"{}", "text/plain", 415, "not_json"),
        (b"{}", "application/json", 422, "refused"),
        (b'{"version": 1e400, "fields": {}}', "application/json", 422, "refused"),
        (b'{"version": true, "fields": []}', "application/json", 422, "refused"),
        (b'{"version": 1, "fields": {"note": ' + b"[" * 900 + b"]" * 900 + b"}}", "application/json", 422, "refused"),
        (b'{"version": 1, "fields": {"happened_at": "0001-01-01T00:00+14:00"}}', "application/json", 422, "refused"),
    ],
)  # fmt: skip
def test_whatever_is_sent_is_answered_in_words_and_changes_nothing(
    content: bytes, kind: str, status: int, code: str, site: Site
) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    headers = {"Authorization": f"Bearer {one.token}", "Content-Type": kind, "Idempotency-Key": "k"}
    answer = one.client.post(f"{V1}/cases/{public_id}/steps/AddNote", content=content, headers=headers)
    refused(answer, status, code)
    assert one.read(f"/cases/{public_id}")["version"] == 1


@pytest.mark.parametrize("link", [2**63, -(2**63) - 1, 10**30])
def test_a_figure_that_no_column_holds_names_nothing(link: int, site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    said = refused(one.step(public_id, "Unlink", version=1, link=link, reason="误关联。"), 422, "refused")
    assert [reason["code"] for reason in said["reasons"]] == ["form.not_offered"]
    browser = site.session_for("clerk")
    form = {
        "form_token": form_token(browser),
        "form_id": "0" * 32,
        "version": "1",
        "link": str(link),
        "reason": "误关联。",
    }
    assert browser.post(f"/cases/{public_id}/steps/Unlink", data=form).status_code == 422


def test_steps_and_lists_work_on_each_database(engine: Any, tmp_path: Any) -> None:
    with serving(found(engine), tmp_path) as site:
        one = program(site, "clerk")
        said = one.post("/cases", {"matter": "petition", "fields": FIELDS}, key="reg")
        assert said.status_code == 201, said.text
        assert one.post("/cases", {"matter": "petition", "fields": FIELDS}, key="reg").content == said.content
        public_id = said.json()["public_id"]
        assert one.step(public_id, "Accept", version=1).status_code == 200
        assert [case["public_id"] for case in one.read("/cases", q="噪声")["items"]] == [public_id]
        assert [entry["event"] for entry in one.read("/feed")["items"]] == ["case:registered", "case:accepted"]
        order = one.post(
            "/orders", {"matter": "hotline", "order_number": "A-1", "fields": {**FIELDS, "channel": "hotline"}}
        )
        assert order.status_code == 201, order.text
        assert one.read("/orders/A-1")["number"] == order.json()["number"]


# -- reach ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["desk_clerk", "mediator_2", "administrator"])
def test_a_case_out_of_reach_is_to_the_byte_one_that_does_not_exist(login: str, site: Site) -> None:
    public_id, one = a_petition(site), program(site, login)
    for path in ("", "/steps/Accept", "/clocks/1"):
        here, nowhere = (one.get(f"/cases/{case}{path}") for case in (public_id, "0" * 32))
        assert (here.status_code, here.content, dict(here.headers)) == (404, nowhere.content, dict(nowhere.headers))
    posts = [one.post(f"/cases/{case}/steps/Accept", {"version": 1}, key="k") for case in (public_id, "0" * 32)]
    assert posts[0].status_code == 404
    assert posts[0].content == posts[1].content


def test_no_name_and_no_text_reaches_whoever_may_not_know_it(site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    public_id = aviary.opened.public_id
    for login in ("assessor", "auditor"):
        one = program(site, login)
        everything = "".join(
            one.get(path).text for path in (f"/cases/{public_id}", "/cases", "/cases?q=金丝雀", "/feed")
        )
        assert public_id in everything
        assert "金丝雀" not in everything, login
    assert "金丝雀" not in program(site, "mediator").get("/feed").text, "the feed has no text of anybody"
    assert "金丝雀笔录" in program(site, "mediator").get(f"/cases/{public_id}").text
    assert "金丝雀笔录" not in program(site, "clerk").get(f"/cases/{public_id}").text


def test_whoever_is_recused_sees_it_nowhere_from_the_next_request_on(site: Site) -> None:
    opened = site.office.tell("petition", REGISTERED)
    one = program(site, "clerk")
    assert one.get(f"/cases/{opened.public_id}").status_code == 200
    recuse(site.office, opened.case_id, "clerk")
    assert one.get(f"/cases/{opened.public_id}").status_code == 404
    assert one.read("/cases")["items"] == one.read("/feed")["items"] == []


def test_a_look_at_a_case_is_noted_as_that_of_a_page_is(site: Site) -> None:
    public_id = a_petition(site)
    program(site, "auditor").read(f"/cases/{public_id}")
    assert "账号-auditor" in site.session_for("auditor").get("/reads").text


def test_json_is_what_it_says_it_is(site: Site) -> None:
    one: Program = program(site, "clerk")
    answer = one.get("/cases")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    json.loads(answer.text)
