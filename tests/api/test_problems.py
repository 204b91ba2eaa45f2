"""Whatever goes wrong is a problem (RFC 9457) in words, and nothing of the inside goes out with it."""

from datetime import timedelta
from typing import Any

import pytest

import api.routes.cases
from ops.jobs import JOBS, run_job
from tests.api.programs import V1, Program, program
from tests.api.test_cases import FIELDS, a_petition, refused
from tests.databases import START, Site
from web.whole_body import MAX_BODY


def test_nothing_of_an_error_of_the_program_leaks(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("SELECT secret FROM personal_text WHERE name = '石某'")

    one = Program(site.browser(raise_errors=False), program(site, "clerk").token)
    monkeypatch.setattr(api.routes.cases, "find_page", breaks)
    answer = one.get("/cases")
    said = refused(answer, 500, "unexpected")
    assert set(said) == {"type", "title", "status", "detail", "code"}
    assert "SELECT" not in answer.text
    assert "石某" not in answer.text


def test_what_is_typed_is_not_repeated_where_it_is_refused(site: Site) -> None:
    wrong = {**FIELDS, "statement": "", "channel": "暗号"}
    answer = program(site, "clerk").post("/cases", {"matter": "petition", "fields": wrong})
    refused(answer, 422, "refused")
    assert "暗号" not in answer.text
    assert FIELDS["title"] not in answer.text


def test_a_body_that_is_too_large_is_a_problem_too(site: Site) -> None:
    one = program(site, "clerk")
    headers = {"Authorization": f"Bearer {one.token}", "Content-Type": "application/json"}
    refused(one.client.post(f"{V1}/cases", content=b" " * (MAX_BODY + 1), headers=headers), 413, "too_large")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_method_that_there_is_not_is_a_problem_that_names_those_there_are(method: str, site: Site) -> None:
    one = program(site, "clerk")
    answer = one.client.request(method, f"{V1}/me", headers={"Authorization": f"Bearer {one.token}"})
    refused(answer, 405, "not_found")
    assert "GET" in answer.headers["allow"]


def test_a_clock_in_doubt_dates_no_step_and_reading_goes_on(site: Site) -> None:
    public_id, one = a_petition(site), program(site, "clerk")
    for minute in (0, 1):  # the timers have run, so that the clock of the machine is known
        site.clock.move_to(START + timedelta(minutes=minute))
        for job in JOBS:
            run_job(job, site.engine, site.settings, now=site.clock())
    site.clock.put_wrong(timedelta(days=1))
    answer = one.step(public_id, "AddNote", version=1, note="已联系。")
    refused(answer, 503, "clock")
    assert int(answer.headers["retry-after"]) > 0
    assert one.read(f"/cases/{public_id}")["version"] == 1


def test_a_page_of_another_site_sends_nothing_in(site: Site) -> None:
    one = program(site, "clerk")
    answer = one.post("/cases", {"matter": "petition", "fields": FIELDS}, **{"Sec-Fetch-Site": "cross-site"})
    refused(answer, 403, "from_elsewhere")
