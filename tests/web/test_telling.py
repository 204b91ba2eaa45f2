"""How I am told: the page, the calendar that a telephone subscribes to, and what is new at the desk."""

import re
from datetime import date, datetime
from pathlib import Path

import icalendar
import pytest
from httpx import Response
from starlette.testclient import TestClient

from tests.api.programs import token_of
from tests.databases import Site, SmallOffice, form_token, serving, step
from tests.reports.told import in_hand
from tests.web.reading import page

TELLING = "/account/telling"


def address_of(browser: TestClient) -> str:
    form = page(browser, TELLING).form("/account/calendar")
    return address_in(browser.post(form.action, data=form.typed()))


def address_in(answer: Response) -> str:
    assert answer.status_code == 200, answer.text
    found = re.search(r"/calendar/\S+?\.ics", answer.text)
    assert found
    return found[0]


def events(site: Site, address: str) -> list[icalendar.cal.Component]:
    answer = site.browser().get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


# -- how ----------------------------------------------------------------------------------------------------------------


def test_a_choice_is_kept_and_shown(site: Site) -> None:
    mediator = site.session_for("mediator")
    form = page(mediator, TELLING).form(TELLING)
    assert (form.values["lights"], form.values["news"]) == (["now"], ["now"])
    kept = mediator.post(TELLING, data=form.typed(lights="digest", news="desk", quiet_from="22", quiet_until="7"))
    assert kept.headers["location"] == f"{TELLING}?done=telling_chosen"
    shown = page(mediator, TELLING).form(TELLING).values
    assert [shown[name] for name in ("lights", "news", "quiet_from", "quiet_until")] == [
        ["digest"],
        ["desk"],
        ["22"],
        ["7"],
    ]


@pytest.mark.parametrize(
    "typed",
    [
        {"quiet_from": "22"}, {"quiet_until": "7"}, {"quiet_from": "7", "quiet_until": "7"},
        {"quiet_from": "25", "quiet_until": "7"}, {"lights": "desk"}, {"news": "never"},
    ],
)  # fmt: skip
def test_what_is_not_offered_comes_back_and_nothing_is_kept(site: Site, typed: dict[str, str]) -> None:
    mediator = site.session_for("mediator")
    whole = {"form_token": form_token(mediator), "form_id": "ab" * 16, "lights": "digest", "news": "digest", **typed}
    answer = mediator.post(TELLING, data=whole)
    assert answer.status_code == 422
    assert page(mediator, TELLING).form(TELLING).values["news"] == ["now"]


def test_a_number_is_asked_for_where_there_is_a_gateway_and_comes_back_if_it_is_none(
    office: SmallOffice, tmp_path: Path
) -> None:
    with serving(office, tmp_path) as site:
        assert 'name="phone"' not in site.session_for("mediator").get(TELLING).text
    with serving(office, tmp_path, sms_url="http://127.0.0.1:9/sms") as site:
        mediator = site.session_for("mediator")
        form = page(mediator, TELLING).form(TELLING)
        wrong = mediator.post(TELLING, data=form.typed(phone="call me"))
        assert wrong.status_code == 422
        assert "手机号只能是" in wrong.text
        assert 'value="call me"' in wrong.text
        assert mediator.post(TELLING, data=form.typed(phone="138 0000 0000")).status_code == 303
        assert page(mediator, TELLING).form(TELLING).values["phone"] == ["13800000000"]
        assert "13800000000" not in site.session_for("administrator").get("/people").text


# -- the calendar -------------------------------------------------------------------------------------------------------


def test_a_calendar_has_what_is_due_and_nothing_of_the_dispute(site: Site) -> None:
    site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    found = events(site, address_of(site.session_for("mediator")))
    assert found
    for one in found:
        assert "到期" in str(one["summary"])
        assert isinstance(one.decoded("dtstart"), date | datetime)
        assert str(one["url"]).rpartition("/cases/")[2]
    whole = " ".join(str(one.to_ical()) for one in found)
    assert not re.search("停车|张|李|王", whole)
    assert len({str(one["uid"]) for one in found}) == len(found)


def test_what_is_not_mine_is_not_in_my_calendar(site: Site) -> None:
    site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    assert events(site, address_of(site.session_for("mediator_2"))) == []


def test_an_address_that_was_replaced_or_ended_is_none(site: Site) -> None:
    site.clock.set("2026-03-03T10:00")
    mediator = site.session_for("mediator")
    first, second = address_of(mediator), address_of(mediator)
    nowhere = site.browser().get("/calendar/nothing.ics")
    for gone in (first, second.removesuffix(".ics")):
        assert site.browser().get(gone).content == nowhere.content
    assert site.browser().get(second).status_code == 200
    end = page(mediator, TELLING).form("/account/calendar/end")
    assert mediator.post(end.action, data=end.typed()).status_code == 303
    assert site.browser().get(second).status_code == 404


def test_a_form_that_is_sent_again_brings_no_ended_address_back(site: Site) -> None:
    site.clock.set("2026-03-03T10:00")
    mediator = site.session_for("mediator")
    form = page(mediator, TELLING).form("/account/calendar")
    once, twice = (address_in(mediator.post(form.action, data=form.typed())) for _ in range(2))
    assert once == twice
    second = address_of(mediator)
    answer = mediator.post(form.action, data=form.typed())
    assert (answer.status_code, answer.headers["location"]) == (303, TELLING)
    assert site.browser().get(second).status_code == 200


def test_a_token_of_a_program_opens_no_calendar(site: Site) -> None:
    site.clock.set("2026-03-03T10:00")
    token = token_of(site, "mediator")
    assert site.browser().get(f"/calendar/{token}.ics").status_code == 404


def test_the_address_opens_nothing_else(site: Site) -> None:
    site.clock.set("2026-03-03T10:00")
    token = address_of(site.session_for("mediator")).removeprefix("/calendar/").removesuffix(".ics")
    for address in ("/api/v1/me", "/api/v1/cases"):
        assert site.browser().get(address, headers={"authorization": f"Bearer {token}"}).status_code == 401, address


def test_whoever_tries_addresses_has_to_wait(site: Site) -> None:
    site.clock.set("2026-03-03T10:00")
    stranger = site.browser()
    answers = [stranger.get(f"/calendar/huiyin_{n}.ics").status_code for n in range(40)]
    assert answers[0] == 404
    assert answers[-1] == 429


# -- what is new ----------------------------------------------------------------------------------------------------------


def test_what_has_come_to_me_is_called_new_until_my_first_step(site: Site) -> None:
    opened = site.office.tell(
        "hotline",
        step("2026-03-02T09:00", "clerk", "Register", title="噪声", statement="夜间噪声", applicant="王某"),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
    )
    site.clock.set("2026-03-02T10:00")
    mediator = site.session_for("mediator")
    assert "<title>(1) " in mediator.get("/work").text
    assert "有 1 件新到您手上" in mediator.get("/work").text
    assert "新到您手上" not in site.session_for("clerk").get("/work").text
    form = page(mediator, f"/cases/{opened.public_id}").form("/SignFor")
    assert mediator.post(form.action, data=form.typed()).status_code == 303
    assert "新到您手上" not in mediator.get("/work").text
