"""What is counted and what is not, who waits and for how long, and who is never made to wait by others."""

import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from cases.tables import Case
from infra.db import reading, transaction
from ops.jobs import JOBS, run_job
from people.known_browsers import KNOWN_FOR
from people.signin import hash_password, set_password
from people.tables import KnownBrowser, Tries
from people.tries import NO_WAIT, Limit, count_try, wait_before
from tests.databases import START, Site, SmallOffice, count, form_token, serving, step
from tests.web.reading import page, read
from tests.web.test_security import PASSWORD, WORDS

pytestmark = pytest.mark.usefixtures("fast_passwords")
#: Addresses that a trusted proxy names: the office's own, and two of elsewhere.
OFFICE, ELSEWHERE, FURTHER = "192.0.2.1", "198.51.100.7", "2001:db8::7"


@pytest.fixture
def site(office: SmallOffice, tmp_path: Path) -> Iterator[Site]:
    """The small office behind a proxy, so that a test can say where somebody sits. Everybody has the same password."""
    hashed = hash_password(PASSWORD)
    with serving(office, tmp_path, trusted_proxy=True) as made:
        with transaction(made.engine) as connection:
            for account in office.accounts.values():
                set_password(connection, account, hashed, now=START)
        yield made


def signs_in(browser: TestClient, login: str, password: str, *, address: str = OFFICE) -> Any:
    data = {"form_token": form_token(browser), "login": login, "password": password}
    return browser.post("/signin", data=data, headers={"x-forwarded-for": address})


def guesses(site: Site, login: str, times: int, *, address: str = ELSEWHERE) -> list[int]:
    browser = site.browser()
    return [signs_in(browser, login, f"guess {n}", address=address).status_code for n in range(times)]


# -- passwords --------------------------------------------------------------------------------------------------------


def test_five_wrong_passwords_are_free_and_then_each_waits_twice_as_long(site: Site) -> None:
    browser = site.browser()
    assert guesses(site, "clerk", 5) == [422] * 5
    waits = []
    for n in range(7):
        answer = signs_in(browser, "clerk", f"another guess {n}", address=ELSEWHERE)
        assert answer.status_code == 429
        waits.append(int(answer.headers["retry-after"]))
        assert f"请等 {waits[-1]} 秒" in read(answer.text).text
        site.clock.move_to(site.clock.now + timedelta(seconds=waits[-1]))
        assert signs_in(browser, "clerk", f"another guess {n}", address=ELSEWHERE).status_code == 422
    assert waits == [5, 10, 20, 40, 80, 120, 120], "never longer than two minutes"


def test_a_try_that_comes_too_early_is_not_counted(site: Site) -> None:
    assert guesses(site, "clerk", 30) == [422] * 5 + [429] * 25
    site.clock.move_to(site.clock.now + timedelta(seconds=5))
    assert signs_in(site.browser(), "clerk", PASSWORD, address=ELSEWHERE).status_code == 303


def test_one_try_is_forgotten_every_ten_minutes(site: Site) -> None:
    assert guesses(site, "clerk", 6) == [422] * 5 + [429]
    site.clock.move_to(site.clock.now + timedelta(minutes=10))
    assert guesses(site, "clerk", 2) == [422, 429]
    site.clock.move_to(site.clock.now + timedelta(minutes=50))
    assert guesses(site, "clerk", 6) == [422] * 5 + [429]


def test_nobody_elsewhere_can_make_the_owner_of_a_name_wait(site: Site) -> None:
    for address in (ELSEWHERE, FURTHER):
        assert guesses(site, "clerk", 40, address=address)[-1] == 429
    assert signs_in(site.browser(), "clerk", PASSWORD).status_code == 303


def test_a_colleague_behind_the_same_address_cannot_make_a_known_browser_wait(site: Site) -> None:
    own = site.browser()
    assert signs_in(own, "clerk", PASSWORD).status_code == 303
    assert own.post("/signout", data={"form_token": form_token(own)}).status_code == 303
    assert guesses(site, "clerk", 6, address=OFFICE)[-1] == 429
    assert signs_in(site.browser(), "clerk", PASSWORD).status_code == 429, "a strange browser waits"
    assert signs_in(own, "clerk", PASSWORD).status_code == 303


def test_a_known_browser_is_known_for_its_owner_alone_and_may_not_guess_without_end(site: Site) -> None:
    own = site.browser()
    assert signs_in(own, "mediator", PASSWORD).status_code == 303
    assert guesses(site, "clerk", 6, address=OFFICE)[-1] == 429
    assert signs_in(own, "clerk", PASSWORD).status_code == 429
    statuses = [signs_in(own, "mediator", f"guess {n}").status_code for n in range(6)]
    assert statuses == [422] * 5 + [429]


def test_a_browser_of_a_one_time_link_is_known_too(site: Site) -> None:
    own = site.browser_for("clerk")
    assert guesses(site, "clerk", 6, address=OFFICE)[-1] == 429
    assert signs_in(own, "clerk", PASSWORD).status_code == 303


def test_an_office_of_twenty_signs_in_at_nine_however_often_each_mistypes(site: Site) -> None:
    """Sixty wrong ones and twenty right ones from one address at one moment."""
    seats = [*site.office.accounts][:13]
    for n in range(20):
        browser, login = site.browser(), seats[n % len(seats)]
        tried = [signs_in(browser, login, word).status_code for word in ("mistyped", "Mistyped", "mistypef", PASSWORD)]
        assert tried == [422, 422, 422, 303], n


def test_right_passwords_are_never_counted(site: Site) -> None:
    for _ in range(120):
        assert signs_in(site.browser(), "clerk", PASSWORD).status_code == 303
    with reading(site.engine) as connection:
        assert count(connection, Tries) == 0


def test_many_names_from_one_address_are_slowed_and_known_browsers_there_are_not(site: Site) -> None:
    own = site.browser()
    assert signs_in(own, "clerk", PASSWORD).status_code == 303
    browser = site.browser()
    statuses = [signs_in(browser, f"name-{n}", "guess").status_code for n in range(101)]
    assert statuses == [422] * 100 + [429]
    assert signs_in(own, "clerk", PASSWORD).status_code == 303
    assert signs_in(site.browser(), "auditor", PASSWORD).status_code == 429
    site.clock.move_to(site.clock.now + timedelta(seconds=1))
    assert signs_in(site.browser(), "auditor", PASSWORD).status_code == 303


def test_the_same_password_sent_twice_counts_once(site: Site) -> None:
    """A double click, a reload, the browser's Back: nothing is learned from it."""
    browser = site.browser()
    assert [signs_in(browser, "clerk", "mistyped").status_code for _ in range(20)] == [422] * 20
    assert guesses(site, "clerk", 5, address=OFFICE) == [422] * 4 + [429]


def test_a_name_in_another_spelling_is_the_same_name(site: Site) -> None:
    spellings = ("clerk", "Clerk", "ｃｌｅｒｋ", " clerk", "cl\u200berk", "CLERK")
    browser = site.browser()
    tried = [signs_in(browser, login, f"guess {n}").status_code for n, login in enumerate(spellings)]
    assert tried == [422] * 5 + [429]


@pytest.mark.parametrize("typed", [{"login": ""}, {"password": ""}, {"login": " \u3000"}, {"form_token": "stale"}])
def test_what_is_no_try_is_not_counted(typed: dict[str, str], site: Site) -> None:
    browser = site.browser()
    data = {"form_token": form_token(browser), "login": "clerk", "password": "guess", **typed}
    assert browser.post("/signin", data=data).status_code in (403, 422)
    with reading(site.engine) as connection:
        assert count(connection, Tries) == 0


def test_an_address_of_a_subscribers_ipv6_network_is_not_a_new_one(site: Site) -> None:
    statuses = [
        signs_in(site.browser(), "clerk", f"guess {n}", address=f"2001:db8:1:2::{n}").status_code for n in range(6)
    ]
    assert statuses == [422] * 5 + [429]


def test_the_counts_outlive_the_program(site: Site, tmp_path: Path) -> None:
    assert guesses(site, "clerk", 5) == [422] * 5
    with serving(site.office, tmp_path, trusted_proxy=True) as another:
        assert guesses(another, "clerk", 1) == [429]


def test_the_current_password_cannot_be_guessed_without_end(site: Site) -> None:
    clerk = site.session_for("clerk")
    data = {"form_token": form_token(clerk), "password": "another password", "again": "another password"}
    tried = [clerk.post("/password", data={**data, "old": f"guess {n}"}).status_code for n in range(6)]
    assert tried == [422] * 5 + [429]
    site.clock.move_to(site.clock.now + timedelta(seconds=5))
    assert clerk.post("/password", data={**data, "old": PASSWORD}).status_code == 303


# -- codes ------------------------------------------------------------------------------------------------------------


def gives_code(browser: TestClient, code: str, *, address: str = OFFICE) -> Any:
    data = {"form_token": form_token(browser), "code": code}
    return browser.post("/track", data=data, headers={"x-forwarded-for": address})


def test_wrong_codes_are_slowed_and_the_right_one_opens_for_whoever_comes_after(site: Site) -> None:
    opened = site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    browser = site.browser()
    statuses = [gives_code(browser, secrets.token_hex(12)).status_code for _ in range(21)]
    assert statuses == [422] * 20 + [429]
    assert gives_code(site.browser(), secrets.token_hex(12), address=ELSEWHERE).status_code == 422
    assert gives_code(site.browser(), opened.code).status_code == 303


def test_a_kiosk_where_a_hundred_people_follow_their_matters_is_not_slowed(site: Site) -> None:
    opened = site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    for _ in range(100):
        assert gives_code(site.browser(), opened.code).status_code == 303
    assert gives_code(site.browser(), "A" * 24).status_code == 422


def test_the_address_that_a_client_claims_is_believed_only_behind_our_own_proxy(
    office: SmallOffice, tmp_path: Path
) -> None:
    def last_of_21(site: Site) -> int:
        browser = site.browser()
        return [gives_code(browser, f"{n}", address=f"192.0.2.{n}").status_code for n in range(1, 22)][-1]

    with serving(office, tmp_path, trusted_proxy=True) as site:
        assert last_of_21(site) == 422
    with serving(office, tmp_path) as site:
        assert last_of_21(site) == 429


# -- filing -----------------------------------------------------------------------------------------------------------


def files(site: Site, browser: TestClient, *, form_id: str | None = None, **words: str) -> Any:
    form = page(browser, "/file/petition").form("/file/petition")
    form_id = form_id or secrets.token_hex(16)
    other = {"title": f"{WORDS['title']} {form_id[:8]}"}  # another form is another matter, and says so
    typed = form.typed(**{**WORDS, **other, **words}, form_id=form_id)
    return browser.post("/file/petition", data=typed, headers={"x-forwarded-for": OFFICE})


def test_forty_matters_at_once_and_then_one_every_half_minute_and_longer_with_the_text_kept(site: Site) -> None:
    browser = site.browser()
    for _ in range(40):
        assert files(site, browser).status_code == 200
    form_id = secrets.token_hex(16)
    answer = files(site, browser, form_id=form_id)
    assert answer.status_code == 422
    shown = read(answer.text)
    assert "请等 30 秒后再提交" in shown.text
    assert shown.form("/file/petition").values["statement"] == [WORDS["statement"]]
    with reading(site.engine) as connection:
        assert count(connection, Case) == 40
    site.clock.move_to(site.clock.now + timedelta(seconds=30))
    assert files(site, browser, form_id=form_id).status_code == 200
    with reading(site.engine) as connection:
        numbers = sorted(row.serial for row in connection.execute(Case.__table__.select()))  # type: ignore[attr-defined]
    assert numbers == [*range(1, 42)], "a refused matter takes no number"


def test_refused_and_repeated_filings_are_not_counted(site: Site) -> None:
    browser = site.browser()
    for _ in range(50):
        assert files(site, browser, title="").status_code == 422
    form_id = secrets.token_hex(16)
    receipts = {
        re.search(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", files(site, browser, form_id=form_id).text)[0]  # type: ignore[index]
        for _ in range(50)
    }
    assert len(receipts) == 1
    for _ in range(39):
        assert files(site, browser).status_code == 200
    assert files(site, browser).status_code == 422


def test_a_kiosk_takes_a_matter_every_two_minutes_all_day(site: Site) -> None:
    browser = site.browser()
    for n in range(90):
        assert files(site, browser).status_code == 200, n
        site.clock.move_to(site.clock.now + timedelta(minutes=2))


# -- counting ---------------------------------------------------------------------------------------------------------

SLOW = Limit(
    name="test", free=3, forgets=timedelta(minutes=1), first=timedelta(seconds=5), longest=timedelta(seconds=30)
)


def test_tries_at_one_moment_are_counted_one_by_one_on_either_database(engine: Engine) -> None:
    def tries(n: int) -> bool:
        with transaction(engine) as connection:
            return count_try(connection, SLOW, "name", "place", tried=f"{n}", now=START) == NO_WAIT

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tries, range(24))) == 3


def test_however_often_is_tried_and_whichever_way_the_clock_is_put_the_wait_has_an_end(sqlite: Engine) -> None:
    now = START
    with transaction(sqlite) as connection:
        for n in range(200):
            now += wait_before(connection, SLOW, "name", now=now)
            assert count_try(connection, SLOW, "name", tried=f"{n}", now=now) == NO_WAIT
        assert wait_before(connection, SLOW, "name", now=now) == timedelta(seconds=30)
        assert wait_before(connection, SLOW, "name", now=now - timedelta(days=400)) == NO_WAIT
        assert wait_before(connection, SLOW, "another name", now=now) == NO_WAIT


def test_old_tries_and_browsers_are_forgotten(site: Site) -> None:
    assert signs_in(site.browser(), "mediator", PASSWORD).status_code == 303
    guesses(site, "clerk", 2)
    job = next(job for job in JOBS if job.name == "tries")
    kept = []
    for after in (timedelta(minutes=19), timedelta(minutes=20), KNOWN_FOR):
        run_job(job, site.engine, site.settings, now=START + after)
        with reading(site.engine) as connection:
            kept.append((count(connection, Tries), count(connection, KnownBrowser)))
    # The two tries of the name are forgotten after 20 minutes, those of the address after one.
    assert kept == [(1, 1), (0, 1), (0, 0)]
