"""Orders of a hotline under their own numbers, and what has happened, from a place on."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from cases.execute import execute, open_case
from cases.feed import AT_MOST, SETTLED_AFTER, what_happened
from infra.db import reading, transaction
from tests.api.programs import Program, program
from tests.api.test_cases import a_petition, refused
from tests.databases import START, Site, found, step
from tests.web.canaries import recuse
from workflow.model import TIMERS
from workflow.procedures.every_case.commands import Accept
from workflow.procedures.petition.commands import Register

PETITION = {"title": "停车位", "statement": "小区停车难。", "applicant": "白某"}
ORDER = {
    "title": "路灯不亮",
    "statement": "三号楼前路灯不亮。",
    "applicant": "石某",
    "applicant_contact": "13800000000",
}


def send(one: Program, number: str = "12345-1", **fields: Any) -> Any:
    return one.post("/orders", {"matter": "hotline", "order_number": number, "fields": {**ORDER, **fields}}, key="")


# -- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_is_one_matter_however_often_it_is_sent_and_needs_no_other_key(site: Site) -> None:
    one = program(site, "clerk", ["intake"])
    answers = [send(one) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    assert len({answer.content for answer in answers}) == 1
    said = program(site, "clerk").read("/cases")["items"]
    assert [case["public_id"] for case in said] == [answers[0].json()["public_id"]]


def test_another_token_of_the_account_sends_the_same_order_again_and_not_another(site: Site) -> None:
    first, second = send(program(site, "clerk")), send(program(site, "clerk"))
    assert first.content == second.content


def test_an_order_under_a_used_number_that_says_something_else_is_refused(site: Site) -> None:
    one = program(site, "clerk")
    assert send(one).status_code == 201
    refused(send(one, title="井盖丢失"), 409, "key_was_used")


def test_an_order_comes_in_by_the_channel_of_its_kind(site: Site) -> None:
    one = program(site, "clerk")
    public_id = send(one).json()["public_id"]
    said = one.read(f"/cases/{public_id}")
    assert (said["channel"]["code"], said["profile"]) == ("hotline", "hotline")


@pytest.mark.parametrize("number", ["", "a b", "-1", "../x", "x" * 65, "号"])
def test_a_number_that_no_address_could_hold_is_refused(number: str, site: Site) -> None:
    said = refused(send(program(site, "clerk"), number), 422, "refused")
    assert said["reasons"][0]["field"] == "order_number"
    assert not said["reasons"][0]["words"].startswith("reason.")


def test_a_kind_of_matter_that_is_not_taken_in_is_refused(site: Site) -> None:
    answer = program(site, "clerk").post("/orders", {"matter": "labour", "order_number": "1", "fields": ORDER})
    assert refused(answer, 422, "refused")["reasons"][0]["code"] == "form.not_offered"


def test_the_status_of_an_order_is_what_the_tracking_page_tells(site: Site) -> None:
    one = program(site, "clerk", ["intake"])
    made = send(one).json()
    said = one.read("/orders/12345-1")
    assert (said["number"], said["public_id"], said["ended"]) == (made["number"], made["public_id"], False)
    assert said["state"]["code"] == "registered"
    assert [event["event"]["code"] for event in said["happened"]] == ["case:registered"]
    assert "light" not in said, "lights are the organ's own affair"
    everything = program(site, "clerk")
    assert everything.step(made["public_id"], "Accept", version=1).status_code == 200
    assert one.read("/orders/12345-1")["state"]["code"] == "accepted"


def test_nobody_else_asks_for_an_order_and_none_is_told_from_one_that_was_never_sent(site: Site) -> None:
    assert send(program(site, "clerk")).status_code == 201
    for login in ("coordinator", "desk_clerk"):
        one = program(site, login)
        assert one.get("/orders/12345-1").content == one.get("/orders/never").content
        assert one.get("/orders/12345-1").status_code == 404


def test_an_order_that_is_out_of_reach_by_now_is_not_there(site: Site) -> None:
    one = program(site, "clerk")
    public_id = send(one).json()["public_id"]
    with reading(site.engine) as connection:
        case = connection.exec_driver_sql("SELECT id FROM cases WHERE public_id = ?", (public_id,)).scalar_one()
    recuse(site.office, case, "clerk")
    assert one.get("/orders/12345-1").status_code == 404
    assert send(one).status_code == 404


# -- the feed ---------------------------------------------------------------------------------------------------------


def test_the_feed_goes_on_where_it_was_and_tells_nothing_twice(site: Site) -> None:
    one, public_id = program(site, "clerk"), a_petition(site)
    first = one.read("/feed")
    assert [(entry["event"], entry["public_id"], entry["version"]) for entry in first["items"]] == [("case:registered", public_id, 1)]  # fmt: skip
    assert one.read("/feed", after=str(first["next"])) == {"items": [], "next": first["next"], "more": False}
    assert one.step(public_id, "Accept", version=1).status_code == 200
    then = one.read("/feed", after=str(first["next"]))
    assert [(entry["event"], entry["command"]) for entry in then["items"]] == [("case:accepted", "Accept")]


def test_whoever_wants_to_hear_only_what_comes_begins_at_the_end(site: Site) -> None:
    one, public_id = program(site, "clerk"), a_petition(site)
    end = one.read("/feed", after="end")
    assert end["items"] == []
    assert one.step(public_id, "Accept", version=1).status_code == 200
    assert [entry["seq"] for entry in one.read("/feed", after=str(end["next"]))["items"]] == [2]


def test_the_feed_tells_nothing_of_matters_out_of_reach(site: Site) -> None:
    a_petition(site)
    for login in ("desk_clerk", "mediator_2"):
        said = program(site, login).read("/feed")
        assert said["items"] == []
    refused(program(site, "administrator").get("/feed"), 404, "not_found")


@pytest.mark.parametrize("after", ["x", "-1", "1" * 19, "", "１"])
def test_a_place_that_means_nothing_is_named(after: str, site: Site) -> None:
    refused(program(site, "clerk").get("/feed", after=after), 422, "place_is_wrong")


def test_a_long_feed_comes_to_all_of_it_page_by_page(site: Site) -> None:
    one, public_id = program(site, "clerk"), a_petition(site)
    for version in range(1, AT_MOST + 12):
        assert one.step(public_id, "AddNote", version=version, note="记。").status_code == 200
    first = one.read("/feed")
    assert (len(first["items"]), first["more"]) == (AT_MOST, True)
    rest = one.read("/feed", after=str(first["next"]))
    assert ([entry["seq"] for entry in (*first["items"], *rest["items"])], rest["more"]) == ([*range(1, AT_MOST + 13)], False)  # fmt: skip


def test_the_feed_waits_for_what_has_its_number_and_is_not_committed_yet(postgresql: Engine) -> None:
    """Of two transactions the one with the later number is committed first. Only where the server has several writers."""
    office = found(postgresql)
    early = office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **PETITION))
    now = START + timedelta(hours=3)

    def told(at: datetime) -> list[tuple[str, str]]:
        with reading(postgresql) as connection:
            page = what_happened(connection, after=0, actor=TIMERS, now=at, short_name="滨园")
        return [(entry.public_id, entry.event) for entry in page.entries]

    first, accepted = (early.public_id, "case:registered"), (early.public_id, "case:accepted")
    assert told(now) == [first]
    with transaction(postgresql) as writer:
        late = open_case(
            writer, Register(**PETITION), profile="petition", actor=office.actors["clerk"], now=now, office=office.context,
            request=secrets.token_hex(16),
        )  # fmt: skip
        with transaction(postgresql) as other:
            execute(
                other, early.case_id, Accept(), actor=office.actors["clerk"], now=now, expected_version=1,
                office=office.context, request=secrets.token_hex(16),
            )  # fmt: skip
        assert told(now) == [first], "what follows the gap may not be told before what will fill it"
        assert told(now + SETTLED_AFTER) == [first, accepted], "nobody fills a gap so old: a transaction was given up"
    assert told(now) == [first, (late.public_id, "case:registered"), accepted]
