"""People with a motive: a head who wants points back, an auditor who wants a name, an operator who wants a score, and forms
that no page of ours would send. What holds is asserted; what does not would be a strict xfail that says what happens instead.

The usual order is a hotline order of Monday 2 March 2026: 3, 4, 5, 6 and 9 March; yellow on the 6th, red on the 10th, both at
00:00. Appeals against the red are in time until Tuesday the 17th, 24:00.
"""

import io
import json
import re
import secrets
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from starlette.testclient import TestClient

from cases.execute import Done, Opened, execute
from cases.history import histories
from cases.moving import apply_plan
from cases.office import load_office
from cases.planning import planned
from cases.policies import candidate_of, files_of, publish
from cases.sweep import sweep
from cases.tally import agrees, counts, fresh, keep_up, start_over
from infra.db import reading, transaction
from infra.keys import FOLDER
from infra.signing import PRIVATE, signing_key
from people.signin import begin_session
from people.staffing import add_account
from reports.years.addendum import addendum
from reports.years.assessment import counts_of_case
from reports.years.closed_years import prove
from reports.years.closing import ClosedAlready, close_year, propose_close
from reports.years.signs import signs_of_year
from tests.databases import (
    FOUNDED_AT,
    Site,
    SmallOffice,
    engine,
    form_token,
    found,
    office,
    office_template,
    postgres_template,
    postgresql,
    serving,
    site,
    sqlite,
    sqlite_template,
    step,
)
from tests.demo import demo_copy
from tests.reports.ended import local
from tests.reports.told import WORDS, appealed, came_in, closed, decided, in_hand, replied
from tests.web.canaries import CANARIES, mediation_with_canaries, recuse
from tests.web.reading import read
from verify.checking import verify
from workflow.commands import Command
from workflow.marks import marks
from workflow.model import TIMERS, Actor, Refusal, Role
from workflow.policy_files import PolicyIsWrong
from workflow.procedures.every_case.commands import AskAgain, Suspend
from workflow.procedures.petition.commands import Close, ContactPerson, FindNotOurs, Reopen, Reply

__all__ = [
    "engine", "office", "office_template", "postgres_template", "postgresql", "site", "sqlite", "sqlite_template",
]  # fmt: skip

SCHEME = "LIGHTS-A"
IN_TIME, AFTER_NEW_YEAR = "2026-03-12T09:00", "2027-01-16T09:00"
CALENDARS = Path(__file__).parents[2] / "workflow" / "policies" / "calendars"


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """The site of the small office, on each database in turn."""
    with serving(found(engine), tmp_path) as made:
        yield made


def a_red_order(site: Site, *more: Any) -> Opened:
    opened = site.office.tell(
        "hotline", *in_hand("2026-03-02"), *replied("2026-03-11T10:00"), *closed("2026-03-11T11:00"), *more
    )
    site.clock.set(IN_TIME)
    sweep(site.engine, now=site.clock())
    keep_up(site.engine, site.office.context.policy.calendar)
    return opened


def take(office: SmallOffice, case: int, command: Command, *, by: str, at: str, **given: Any) -> Done:
    with transaction(office.engine) as connection:
        return execute(
            connection, case, command, actor=office.actors[by], now=local(at), expected_version=None,
            **{"office": office.context, "request": secrets.token_hex(16), **given},
        )  # fmt: skip


def lights(office: SmallOffice, case: int) -> dict[tuple[str, str], int]:
    with reading(office.engine) as connection:
        own = counts_of_case(connection, case, actor=TIMERS, office=office.context)
    return {key: n for key, n in own.items() if key[0] in ("lit", "light")}


def column(engine: Engine, query: str, **values: Any) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(text(query), values).scalars())


def heads(engine: Engine) -> list[Any]:
    return column(engine, "SELECT hash FROM stream_head ORDER BY stream")


def record_is_ok(engine: Engine) -> bool:
    return verify(engine.url.render_as_string(hide_password=False)).ok


def lenient(site: Site, login: str) -> TestClient:
    """A browser that gets the page of an error, as people do."""
    browser = site.browser(raise_errors=False)
    browser.cookies = site.session_for(login).cookies
    return browser


def appeal_form(browser: TestClient, opened: Opened, **typed: str) -> dict[str, str]:
    html = browser.get(f"/appeals/{opened.public_id}").text
    light = re.findall(r'name="light" value="([^"]+)"', html)[0]
    version = read(html).form("AppealLight").values["version"][0]
    return {
        "form_token": form_token(browser), "form_id": secrets.token_hex(16), "version": version, "light": light,
        "ground": "other", "evidence": "理由", **typed,
    }  # fmt: skip


def propose(browser: TestClient, scheme: str = SCHEME) -> int:
    data = {"form_token": form_token(browser), "scheme": scheme}
    return int(browser.post("/assessment/2026/propose", data=data).status_code)


def sign(browser: TestClient, scheme: str = SCHEME) -> int:
    html = browser.get(f"/assessment?year=2026&scheme={scheme}").text
    result = read(html).form("close").values["result"][0]
    data = {"form_token": form_token(browser), "scheme": scheme, "result": result}
    return int(browser.post("/assessment/2026/close", data=data).status_code)


# -- a head who wants points back -------------------------------------------------------------------------------------


def test_a_light_is_contested_once_however_many_press_at_once(place: Site) -> None:
    opened = a_red_order(place)
    browsers = [place.session_for(login) for login in ("supervisor", "supervisor", "duty_leader", "upstream")]
    forms = [appeal_form(browser, opened) for browser in browsers]

    def press(number: int) -> int:
        address = f"/appeals/{opened.public_id}/AppealLight"
        return int(browsers[number].post(address, data=forms[number]).status_code)

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = Counter(pool.map(press, range(len(browsers))))
    assert answers == {303: 1, 409: 3}
    assert column(place.engine, "SELECT count(*) FROM waiver") == [1]
    assert record_is_ok(place.engine)


def test_a_recused_head_cannot_appeal(site: Site) -> None:
    opened = a_red_order(site)
    head = site.session_for("supervisor")
    form = appeal_form(head, opened)
    recuse(site.office, opened.case_id, "supervisor")
    assert head.get(f"/appeals/{opened.public_id}").status_code == 404
    assert head.post(f"/appeals/{opened.public_id}/AppealLight", data=form).status_code == 404


@pytest.mark.parametrize("address", ["/appeals", "/assessment/units/{room}?year=2026"])
def test_a_recused_head_finds_the_case_on_no_page(site: Site, address: str) -> None:
    opened = a_red_order(site, *appealed("2026-03-11T12:00", "order:red"))
    recuse(site.office, opened.case_id, "supervisor")
    html = site.session_for("supervisor").get(address.format(room=site.office.units["room"])).text
    assert opened.public_id not in html
    assert "热线字第1号" not in html


def test_another_text_under_the_same_form_is_not_swallowed(site: Site) -> None:
    opened = a_red_order(site)
    head = site.session_for("supervisor")
    form = appeal_form(head, opened)
    address = f"/appeals/{opened.public_id}/AppealLight"
    assert head.post(address, data=form).status_code == 303
    answer = head.post(address, data={**form, "evidence": "补充的理由"})
    assert answer.status_code == 409
    assert "补充的理由" in answer.text


def test_a_head_cannot_hand_a_case_to_a_unit_beside_by_posting_the_next_version(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-09T23:59")
    (version,) = column(site.engine, "SELECT version FROM cases WHERE id = :id", id=opened.case_id)
    head = site.session_for("supervisor")
    form = {
        "form_token": form_token(head), "form_id": secrets.token_hex(16), "unit": str(site.office.units["desk"]),
        "handler": str(site.office.accounts["desk_mediator"]),
    }  # fmt: skip
    address = f"/cases/{opened.public_id}/steps/Assign"
    assert head.post(address, data={**form, "version": str(version)}).status_code == 422, (
        "not in the list that is offered"
    )
    looked = 0

    def between_looking_and_writing(_connection: Any) -> None:
        nonlocal looked
        looked += 1
        if looked == 2:  # who asks, what the case is: now the request knows the version that is about to pass
            note = ContactPerson(note="再次联系")
            take(site.office, opened.case_id, note, by="mediator", at="2026-03-09T23:59")

    event.listen(site.engine, "rollback", between_looking_and_writing)
    answer = head.post(address, data={**form, "version": str(version + 1)})
    event.remove(site.engine, "rollback", between_looking_and_writing)
    assert answer.status_code in (409, 422)
    assert column(site.engine, "SELECT holder_unit FROM cases") == [site.office.units["room"]]


def test_finding_a_matter_not_ours_after_it_lit_red_is_a_sign(site: Site) -> None:
    opened = site.office.tell("hotline", *came_in("2026-03-02T09:00"))
    sweep(site.engine, now=local("2026-03-20T09:00"))
    assert ("light", "red") in lights(site.office, opened.case_id)
    not_ours = FindNotOurs(ground="out_of_scope", proper_channel="另有主管。")
    take(site.office, opened.case_id, not_ours, by="coordinator", at="2026-03-20T10:00")
    with reading(site.engine) as connection:
        signs = signs_of_year(connection, year=2026, actor=site.office.actors["auditor"], office=site.office.context)
    assert ("light", "red") not in lights(site.office, opened.case_id)
    assert [one.sign.code for one in signs] == ["not_ours_after_light"]


def test_a_pause_in_the_very_instant_does_not_void_the_light_that_came_first(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    pause = Suspend(ground="measurement", until=date(2026, 3, 10), note="等检测")
    take(site.office, opened.case_id, pause, by="mediator", at="2026-03-06T00:00")
    assert lights(site.office, opened.case_id) == {("lit", "yellow"): 1, ("light", "yellow"): 1}


def test_what_was_upheld_stays_upheld_when_the_limit_goes_on(site: Site) -> None:
    waived = (*appealed("2026-03-11T12:00", "order:red"), *decided("2026-03-12T10:00", "upheld"))
    opened = a_red_order(site, *waived)
    assert ("light", "red") not in lights(site.office, opened.case_id)
    reopen = Reopen(ground="person_disagrees", note="又坏了")
    take(site.office, opened.case_id, reopen, by="coordinator", at="2026-03-13T10:00")
    sweep(site.engine, now=local("2026-03-13T11:00"))
    assert ("light", "red") not in lights(site.office, opened.case_id)


# -- time -------------------------------------------------------------------------------------------------------------


def test_a_light_that_was_noticed_late_can_still_be_contested(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-30T09:00")
    sweep(site.engine, now=site.clock())
    assert "AppealLight" in site.session_for("supervisor").get(f"/appeals/{opened.public_id}").text


def test_a_year_is_not_closed_while_a_light_of_it_can_still_be_contested(site: Site) -> None:
    late = step("2027-01-14T09:00", "clerk", "Register", **WORDS, received_at="2026-12-18T09:00")
    opened = site.office.tell("hotline", late)
    site.clock.set("2027-01-15T09:00")
    sweep(site.engine, now=site.clock())
    assert "AppealLight" in site.session_for("duty_leader").get(f"/appeals/{opened.public_id}").text
    assert propose(site.session_for("assessor")) == 409


def test_with_the_clock_set_back_a_step_is_dated_by_the_one_it_follows(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"), *replied("2026-03-05T10:00"))
    take(site.office, opened.case_id, Close(outcome="resolved"), by="mediator", at="2026-03-03T10:00")
    written = column(site.engine, "SELECT recorded_at FROM event WHERE stream = :id ORDER BY seq", id=opened.case_id)
    assert written == sorted(written)
    assert column(site.engine, "SELECT closed_at FROM cases WHERE id = :id", id=opened.case_id) == written[-1:]
    assert record_is_ok(site.engine)


def test_signing_a_year_twice_leads_both_times_to_the_closed_year_and_a_third_person_is_refused(site: Site) -> None:
    a_red_order(site)
    site.clock.set(AFTER_NEW_YEAR)
    keep_up(site.engine, site.office.context.policy.calendar)
    assessor, auditor = site.session_for("assessor"), site.session_for("auditor")
    assert [propose(assessor), propose(assessor)] == [303, 303]
    assert column(site.engine, "SELECT count(*) FROM event WHERE code = 'year:close_proposed'") == [1]
    result = read(auditor.get(f"/assessment?year=2026&scheme={SCHEME}").text).form("close").values["result"][0]
    data = {"form_token": form_token(auditor), "scheme": SCHEME, "result": result}
    for _ in range(2):
        answer = auditor.post("/assessment/2026/close", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, "/assessment/2026/closed")
    assert auditor.post("/assessment/2026/close", data={**data, "result": "0" * 64}).status_code == 409
    other = {**data, "form_token": form_token(assessor)}
    assert assessor.post("/assessment/2026/close", data=other).status_code == 409
    assert column(site.engine, "SELECT count(*) FROM year_close") == [1]


# -- an operator who wants a score ------------------------------------------------------------------------------------


def edit(engine: Engine, statement: str, **values: Any) -> None:
    with transaction(engine) as connection:
        assert connection.execute(text(statement), values).rowcount


def test_closing_looks_at_no_tally_and_no_mark(site: Site) -> None:
    a_red_order(site)
    edit(site.engine, "UPDATE tally SET n = 99 WHERE measure = 'lit'")
    edit(site.engine, "DELETE FROM tally WHERE measure = 'light'")
    edit(site.engine, "UPDATE mark SET unit = :desk", desk=site.office.units["desk"])
    site.clock.set(AFTER_NEW_YEAR)
    assert propose(site.session_for("assessor")) == 409, "nobody signs what the pages do not show"
    with transaction(site.engine) as connection:
        start_over(connection)
    keep_up(site.engine, site.office.context.policy.calendar)
    assert propose(site.session_for("assessor")) == 303
    auditor = site.session_for("auditor")
    assert sign(auditor) == 303
    units = json.loads(auditor.get("/assessment/2026/closed/result").content)["units"]
    assert {one["unit"]: one["total"] for one in units}[site.office.units["room"]] == "99.00"
    assert record_is_ok(site.engine)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tally SET outcome = 'yellow' WHERE measure = 'light'",
        "UPDATE mark SET rule = 'HOT-99' WHERE measure = 'light'",
        "UPDATE mark SET unit = unit + 1 WHERE measure = 'light'",
    ],
)
def test_a_sheet_that_is_not_the_ledgers_is_found(site: Site, statement: str) -> None:
    """Tallies and marks are a cache that `verify` does not speak of; the check of the tallies works them out from the events."""
    a_red_order(site)
    calendar = site.office.context.policy.calendar
    keep_up(site.engine, calendar)
    with reading(site.engine) as connection:
        assert agrees(connection, calendar, year=2026)
    edit(site.engine, statement)
    with reading(site.engine) as connection:
        assert not agrees(connection, calendar, year=2026)


def test_sheets_follow_the_zone_as_closing_does(site: Site) -> None:
    # Red as of 1 January 2027, 00:00 in Shanghai, which is 2026 in London.
    late = step("2027-01-04T10:00", "mediator", "Reply", form="oral", answer="好。")
    site.office.tell("hotline", *in_hand("2026-12-24"), late)
    now = site.clock.set("2027-01-16T09:00")
    sweep(site.engine, now=now)
    keep_up(site.engine, site.office.context.policy.calendar)
    given = {
        f"calendars/{path.name}": path.read_bytes().replace(b"Asia/Shanghai", b"Europe/London")
        for path in CALENDARS.glob("cn-20*.toml")
    }
    with reading(site.engine) as connection:
        files, candidate = candidate_of(connection, given, calendar="cn")
        plan = planned(connection, candidate, now=now)
    apply_plan(site.engine, plan.id, files, candidate, actor=TIMERS, now=now)
    with reading(site.engine) as connection:
        calendar = load_office(connection).policy.calendar
        shown = counts(connection, year=2026, beside=fresh(connection, calendar))
        anew = [mark for one in histories(connection, actor=TIMERS) for mark in marks(one, calendar)]
    assert sum(n for key, n in shown.items() if key[3] == "lit") == sum(
        1 for mark in anew if mark.year == 2026 and mark.measure == "lit"
    )


def test_a_step_that_was_not_committed_when_the_year_was_cut_off_is_in_the_addendum(postgresql: Engine) -> None:
    small = found(postgresql)
    opened = small.tell("hotline", *in_hand("2026-12-01"))
    for then in ("2026-12-31T12:00", "2027-01-15T00:00"):
        sweep(postgresql, now=local(then))
    made = proposed(small)
    with transaction(postgresql) as waiting:  # recorded at 09:59, committed after the closing of 10:01
        execute(
            waiting, opened.case_id, Reply(form="oral", answer="好。"), actor=small.actors["mediator"],
            now=local("2027-01-16T09:59"), expected_version=None, office=small.context, request="slow",
        )  # fmt: skip
        signed(small, made)
    with reading(postgresql) as connection:
        assert prove(connection, 2026).ok
        (late,) = addendum(connection, 2026).late
    assert late.case_id == opened.case_id
    assert record_is_ok(postgresql)


def proposed(small: SmallOffice) -> str:
    with transaction(small.engine) as connection:
        return propose_close(
            connection, year=2026, scheme=SCHEME, actor=small.actors["assessor"], office=small.context,
            now=local("2027-01-16T10:00"),
        ).result_hash  # fmt: skip


def signed(small: SmallOffice, result_hash: str, by: Actor | None = None) -> None:
    with transaction(small.engine) as connection:
        close_year(
            connection, year=2026, result_hash=result_hash, actor=by or small.actors["auditor"], office=small.context,
            now=local("2027-01-16T10:01"),
        )  # fmt: skip


def test_of_two_who_sign_at_once_the_second_is_told_that_the_year_is_closed(postgresql: Engine) -> None:
    small = found(postgresql)
    small.tell("hotline", *in_hand("2026-12-01"))
    for then in ("2026-12-31T12:00", "2027-01-15T00:00"):
        sweep(postgresql, now=local(then))
    made = proposed(small)
    with ThreadPoolExecutor(1) as pool:
        with transaction(postgresql) as first:
            close_year(
                first, year=2026, result_hash=made, actor=small.actors["auditor"], office=small.context,
                now=local("2027-01-16T10:01"),
            )  # fmt: skip
            second = pool.submit(signed, small, made, small.actors["upstream"])
            until = time.monotonic() + 20
            while not second.done() and time.monotonic() < until:
                if column(postgresql, "SELECT count(*) FROM pg_locks WHERE NOT granted") != [0]:
                    break
        with pytest.raises(ClosedAlready):
            second.result()


def test_a_request_that_waited_while_the_year_was_closed_does_not_contest_it(engine: Engine) -> None:
    small = found(engine)
    opened = small.tell(
        "hotline", *in_hand("2026-03-02"), *replied("2026-03-06T10:00"), *appealed("2026-03-06T12:00", "order:yellow"),
        *decided("2026-03-09T10:00", "rejected"),
    )  # fmt: skip
    (waiver,) = column(engine, "SELECT number FROM waiver")
    signed(small, proposed(small))
    again = AskAgain(waiver=waiver, evidence="补充材料")
    with pytest.raises(Refusal):  # `small.context` was loaded before, as a request's is
        take(small, opened.case_id, again, by="supervisor", at="2027-01-16T10:02", seen_by=TIMERS)


def test_a_year_is_closed_by_people_who_see_all_of_it(site: Site) -> None:
    a_red_order(site)
    site.clock.set(AFTER_NEW_YEAR)
    assessor, auditor = newcomer(site, Role.ASSESSOR), newcomer(site, Role.AUDITOR)
    assert propose(assessor) != 303 or sign(auditor) != 303


def newcomer(site: Site, role: Role) -> TestClient:
    """The browser of somebody new in the desk, who sees no other unit."""
    login = f"desk_{role.value}"
    with transaction(site.engine) as connection:
        account = add_account(
            connection, unit=site.office.units["desk"], role=role, login=login, name=login,
            email=f"{login}@example.test", now=FOUNDED_AT,
        )  # fmt: skip
        return site._with_session(begin_session(connection, account=account, now=site.clock()))


def test_an_exposed_key_is_said_in_words_when_a_year_is_closed(site: Site) -> None:
    a_red_order(site)
    site.clock.set(AFTER_NEW_YEAR)
    assert propose(site.session_for("assessor")) == 303
    signing_key(site.settings.home)
    (site.settings.home / FOLDER / PRIVATE).chmod(0o644)
    assert sign(lenient(site, "auditor")) < 500


# -- whoever wants a name ---------------------------------------------------------------------------------------------


def bytes_of(content: bytes) -> Iterator[bytes]:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    yield content


@pytest.mark.parametrize("login", ["auditor", "assessor", "supervisor", "duty_leader"])
def test_no_page_or_file_of_the_assessment_says_what_people_said(site: Site, login: str) -> None:
    mediated = mediation_with_canaries(site.office).opened
    texts = {"title": "金丝雀标题", "statement": "金丝雀陈述", "applicant": "金丝雀申请人"}
    opened = site.office.tell(
        "hotline", *in_hand("2026-03-02", **texts),
        step("2026-03-11T10:00", "mediator", "Reply", form="oral", answer="金丝雀答复"), *closed("2026-03-11T11:00"),
        step("2026-03-11T12:00", "petitioner", "Rate", score="dissatisfied", comment="金丝雀评语"),
    )  # fmt: skip
    site.clock.set(AFTER_NEW_YEAR)
    sweep(site.engine, now=site.clock())
    assert propose(site.session_for("assessor"), "RATES-B") == 303
    assert sign(site.session_for("auditor"), "RATES-B") == 303
    sheet = f"/assessment/units/{site.office.units['room']}"
    addresses = [
        *(f"{sheet}{kind}?year=2026&scheme={scheme}" for kind in ("", "/xlsx", "/pdf") for scheme in (SCHEME, "RATES-B")),
        "/assessment?year=2026", "/assessment/2026/closed", "/assessment/2026/closed/result", "/appeals", "/signs?year=2026",
        *(f"/appeals/{one.public_id}" for one in (opened, mediated)), "/anchors", "/anchors/1", "/serials", "/as-of?on=2026-03-11",
        *(f"/as-of?on=2026-06-30&case={one.public_id}" for one in (opened, mediated)), "/bulletin?year=2026",
        "/as-of?on=2026-12-31&what=sheet&scheme=RATES-B", "/closures?start=2026-01-01&end=2026-12-31",
    ]  # fmt: skip
    browser = site.session_for(login)
    answers = [(address, browser.get(address)) for address in addresses]
    chosen = {"form_token": form_token(browser), "start": "2026-01-01", "end": "2026-12-31"}
    answers += [(kind, browser.post(f"/closures/{kind}", data=chosen)) for kind in ("csv", "xlsx", "pdf", "jsonl")]
    assert any(answer.status_code == 200 for _, answer in answers)
    for address, answer in answers:
        said = b"".join(bytes_of(answer.content)) + str(answer.headers).encode()
        leaked = [word for word in (*CANARIES.values(), *texts.values(), "金丝雀答复") if word.encode() in said]
        assert not leaked, address


def test_nobody_but_an_auditor_unmasks_and_never_without_a_known_ground(site: Site) -> None:
    a_red_order(site)
    for login, ground in (("assessor", "audit_sample"), ("auditor", "because"), ("auditor", "audit_sample\n")):
        browser = site.session_for(login)
        before = heads(site.engine)
        asked = {"form_token": form_token(browser), "start": "2026-03-01", "end": "2026-03-12", "ground": ground}
        assert browser.post("/closures/csv", data=asked).status_code == 422, ground
        assert heads(site.engine) == before


def test_every_limit_that_lit_is_one_mark_and_every_waiver_has_a_ground_and_its_event(
    demo_file: Path, tmp_path: Path
) -> None:
    with demo_copy(demo_file, tmp_path) as engine, reading(engine) as connection:
        calendar = load_office(connection).policy.calendar
        lit: Counter[int] = Counter()
        waived = 0
        for history in histories(connection, actor=TIMERS):
            own = marks(history, calendar)
            shown = [mark for mark in own if mark.measure == "lit"]
            assert len({mark.seq for mark in shown}) == len(shown)
            assert {mark.seq for mark in shown} <= {one.seq for one in history.lit}
            counted = {mark.seq for mark in own if mark.measure == "light"}
            for mark in shown:
                assert (mark.ground is None) == (mark.decided is None) == (mark.seq in counted)
                assert mark.decided is None or mark.decided <= history.seq
                waived += mark.ground is not None
            lit.update(mark.year for mark in shown)
        assert waived > 0
        for year, n in lit.items():
            shown = counts(connection, year=year, beside=fresh(connection, calendar))
            assert sum(k for key, k in shown.items() if key[3] == "lit") == n


# -- what no page of ours would send ----------------------------------------------------------------------------------

FIGURES = (
    "-1",
    "0",
    "99999",
    "9" * 400,
    "٢٠٢٦",
    "２０２６",
    "2026.0",
    "",
    "%20",
    "²",
    "%ff",
    "2147483648",
    "9223372036854775808",
)
DAYS = (
    "0001-01-01",
    "9999-12-31",
    "2060-12-31T23:59-23:59",
    "2000-01-01T00:00%2B23:59",
    "2026-02-30",
    "x" * 9000,
    "%E2%80%AE",
)


def addresses_with(value: str) -> list[str]:
    names = ("assessment?year", "assessment/units/1?year", "signs?year", "signs?unit", "serials?year", "bulletin?year",
             "bulletin?month", "bulletin?unit", "closures?unit", "closures?start", "closures?columns", "assessment?scheme",
             "as-of?on", "as-of?on=2026-03-02&page", "as-of?on=2026-03-02&case", "as-of?on=2026-03-02&what=sheet&unit",
             "as-of?on=2026-03-02&what=sheet&year")  # fmt: skip
    paths = ("assessment/{}/closed", "assessment/{}/closed/result", "assessment/units/{}", "anchors/{}", "appeals/{}")
    return [*(f"/{name}={value}" for name in names), *(f"/{path.format(value)}" for path in paths)]


@pytest.mark.parametrize("login", ["auditor", "supervisor"])
def test_a_figure_or_day_that_is_none_is_refused_and_nothing_is_written(site: Site, login: str) -> None:
    a_red_order(site)
    browser, before = site.session_for(login), heads(site.engine)
    for value in (*FIGURES, *DAYS):
        for address in addresses_with(value):
            assert browser.get(address).status_code < 500, address[:80]
    assert heads(site.engine) == before
    data = {"form_token": form_token(browser), "evidence": "x" * 10_000_000}
    assert browser.post("/appeals/x/AppealLight", data=data).status_code == 413


@pytest.mark.parametrize(
    ("login", "address"),
    [
        ("auditor", "/assessment/2147483648/closed"), ("auditor", "/anchors/2147483648"), ("auditor", "/cases/%00"),
        ("auditor", "/as-of?on=2026-03-02&case=%00"), ("supervisor", "/appeals/%00"),
    ],
)  # fmt: skip
def test_on_postgresql_too(postgresql: Engine, tmp_path: Path, login: str, address: str) -> None:
    with serving(found(postgresql), tmp_path) as site:
        assert lenient(site, login).get(address).status_code < 500


def test_the_closure_report_opens_after_a_bulletin_was_downloaded(site: Site) -> None:
    auditor = lenient(site, "auditor")
    asked = {"form_token": form_token(auditor), "period": "2026-02"}
    assert auditor.post("/bulletin/csv", data=asked).status_code == 200
    assert auditor.get("/closures").status_code == 200


def test_a_limit_for_appeals_beyond_every_calendar_is_refused_or_does_no_harm(site: Site) -> None:
    opened = a_red_order(site)
    version = site.office.context.policy.version
    with transaction(site.engine) as connection:
        ((name, content),) = (
            (name, content) for name, content in files_of(connection, version).items() if b"[[appeal]]" in content
        )
        longer = re.sub(rb"(?m)^working_days = 5$", b"working_days = 99999999", content)
        assert longer != content
        try:
            files, _ = candidate_of(connection, {name: longer}, calendar="cn")
        except PolicyIsWrong:
            return
        publish(connection, files, actor=TIMERS, now=site.clock())
    assert lenient(site, "supervisor").get(f"/cases/{opened.public_id}").status_code == 200


# -- a petitioner -----------------------------------------------------------------------------------------------------


def test_a_petitioner_is_told_that_the_matter_was_opened_again(site: Site) -> None:
    opened = a_red_order(
        site, step("2026-03-12T08:00", "coordinator", "Reopen", ground="person_disagrees", note="又坏了")
    )
    html = site.petitioner_of(opened.case_id).get("/track/case").text
    happened = re.sub(r"<[^>]+>", " ", html).partition("办理经过")[2]
    assert happened.index("重新办理") > 0
