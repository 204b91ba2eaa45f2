"""Limits are the office's and not a process's: two programs on one database count together, and a restart forgets nothing.

What is counted at all is in `test_slowing.py`. Here are two real programs, two engines at one moment, and all that may be
sent to the public forms without anybody else being made to wait for it.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from itertools import chain, cycle, repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from cases.tables import Case
from infra.db import reading, transaction
from people.signin import hash_password, set_password
from people.tables import Tries
from tests.databases import START, Site, SmallOffice, form_token, found, opened, serving, step
from tests.program import PATIENCE_SECONDS
from tests.program import serving as served
from tests.web.test_security import PASSWORD, WORDS
from tests.web.test_slowing import ELSEWHERE, OFFICE, files, gives_code, signs_in

#: More than any limit leaves free.
MANY = 135


def everybody_has_the_password(office: SmallOffice) -> None:
    hashed = hash_password(PASSWORD)
    with transaction(office.engine) as connection:
        for account in office.accounts.values():
            set_password(connection, account, hashed, now=START)


# -- two programs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Client:
    """A new browser at a served program's door for each question, with an address that the proxy names."""

    port: int

    def signs_in(self, login: str, password: str, *, address: str) -> int:
        _, cookie, token = self._ask("GET", "/signin", {"X-Forwarded-For": address})
        headers = {"X-Forwarded-For": address, "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        form = urlencode({"form_token": token, "login": login, "password": password})
        return self._ask("POST", "/signin", headers, form)[0]

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> tuple[int, str, str]:
        """The status, the browser's cookie and the token of the form."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text, cookie = answer.read().decode(), answer.headers["Set-Cookie"] or ""
            token = re.search(r'name="form_token" value="(\w+)"', text)
            return answer.status, cookie.partition(";")[0], token[1] if token else ""
        finally:
            connection.close()


def test_two_programs_share_the_limits_a_restart_forgets_none_and_the_owner_signs_in_meanwhile(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_has_the_password(found(engine))
    monkeypatch.setenv("HUIYIN_TRUSTED_PROXY", "true")
    database = engine.url.render_as_string(hide_password=False)

    def a_program() -> Any:
        return served(tmp_path, "--no-timers", database=database)

    with a_program() as one:
        with a_program() as other:
            doors = cycle((Client(one.port), Client(other.port)))
            guessed = [next(doors).signs_in("clerk", f"guess {n}", address=ELSEWHERE) for n in range(8)]
            assert guessed[:5] == [422] * 5
            assert 429 in guessed[5:], "the five that are free are five of both"
            assert [next(doors).signs_in("clerk", PASSWORD, address=OFFICE) for _ in range(2)] == [303, 303]
        with a_program() as another:
            # A machine may take so long to start it that one more may be tried by now; after a restart five might.
            again = [Client(another.port).signs_in("clerk", f"guess again {n}", address=ELSEWHERE) for n in range(3)]
            assert again.count(422) <= 2
            assert 429 in again
            assert Client(another.port).signs_in("clerk", PASSWORD, address=OFFICE) == 303


# -- two engines at one moment ----------------------------------------------------------------------------------------


@contextmanager
def two_sites(engine: Engine, folder: Path) -> Iterator[tuple[Site, Site]]:
    """The application twice, each with an engine of its own, on the clock that stands still."""
    office = found(engine)
    everybody_has_the_password(office)
    with ExitStack() as stack:
        second = stack.enter_context(opened(engine.url.render_as_string(hide_password=False)))
        sites = [
            stack.enter_context(serving(replace(office, engine=one), folder, trusted_proxy=True))
            for one in (engine, second)
        ]
        yield sites[0], sites[1]


def at_once(sites: tuple[Site, Site], times: int, ask: Callable[[Site, TestClient, int], int]) -> Counter[int]:
    """How often each status came, of so many askers at one moment, half of them at each site."""
    asked = [(sites[n % 2], sites[n % 2].browser(), n) for n in range(times)]
    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(lambda one: ask(*one), asked))


@pytest.mark.usefixtures("fast_passwords")
def test_of_guesses_at_two_programs_at_one_moment_five_are_looked_at(engine: Engine, tmp_path: Path) -> None:
    with two_sites(engine, tmp_path) as sites:
        tried = at_once(
            sites, 24, lambda _, browser, n: signs_in(browser, "clerk", f"{n}", address=ELSEWHERE).status_code
        )
        assert tried == {422: 5, 429: 19}


@pytest.mark.usefixtures("fast_passwords")
def test_of_wrong_codes_at_two_programs_at_one_moment_twenty_are_free(engine: Engine, tmp_path: Path) -> None:
    with two_sites(engine, tmp_path) as sites:
        tried = at_once(sites, 30, lambda _, browser, n: gives_code(browser, f"CODE{n:04}").status_code)
        assert tried == {422: 20, 429: 10}


@pytest.mark.usefixtures("fast_passwords")
def test_of_matters_at_two_programs_at_one_moment_forty_are_taken_and_their_numbers_have_no_gap(
    engine: Engine, tmp_path: Path
) -> None:
    with two_sites(engine, tmp_path) as sites:
        taken = at_once(sites, 46, lambda site, browser, _: files(site, browser).status_code)
        assert taken == {200: 40, 422: 6}
        with reading(engine) as connection:
            serials = connection.execute(select(Case.__table__.c.serial)).scalars()  # type: ignore[attr-defined]
            assert sorted(serials) == [*range(1, 41)]


# -- what consumes nothing --------------------------------------------------------------------------------------------


@pytest.fixture
def site(office: SmallOffice, tmp_path: Path) -> Iterator[Site]:
    everybody_has_the_password(office)
    with serving(office, tmp_path, trusted_proxy=True) as made:
        yield made


def sends(browser: TestClient, path: str, **form: str) -> int:
    data = {"form_token": form_token(browser), **form}
    return browser.post(path, data=data, headers={"x-forwarded-for": OFFICE}).status_code


def counted(site: Site) -> set[tuple[Any, ...]]:
    with reading(site.engine) as connection:
        return {tuple(row) for row in connection.execute(select(*Tries.__table__.c))}  # type: ignore[attr-defined]


@pytest.mark.usefixtures("fast_passwords")
def test_405_empty_posts_close_no_door_for_anybody(site: Site) -> None:
    matter = site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    browser = site.browser()
    paths = chain.from_iterable(repeat(path, MANY) for path in ("/file/petition", "/track", "/signin"))
    sent = Counter(sends(browser, path, form_id=secrets.token_hex(16)) for path in paths)
    assert sent == {422: 3 * MANY}
    assert counted(site) == set()
    assert signs_in(site.browser(), "clerk", PASSWORD).status_code == 303
    assert gives_code(site.browser(), matter.code).status_code == 303
    assert files(site, site.browser()).status_code == 200


@pytest.mark.usefixtures("fast_passwords")
def test_nothing_malformed_consumes_what_is_shared(site: Site) -> None:
    """Posts that none of our forms sends, each more often than any limit leaves free."""
    browser = site.browser()
    foreign, own = form_token(site.browser()), form_token(browser)
    texts = {"login": "clerk", "password": "guess", "code": "ABCD-EFGH", "form_id": secrets.token_hex(16), **WORDS}
    bent: tuple[tuple[int, dict[str, Any]], ...] = (
        (403, {"data": {**texts, "form_token": foreign}}),
        (403, {"data": texts}),
        (400, {"data": {**texts, "form_token": own}, "files": {"more": ("a.txt", b"a file")}}),
    )
    for path in ("/file/petition", "/track", "/signin"):
        for status, form in bent:
            headers = {"x-forwarded-for": OFFICE}
            sent = {browser.post(path, **form, headers=headers).status_code for _ in range(MANY // 3)}
            assert sent == {status}, (path, form)
    assert {sends(browser, "/file/petition", form_id="1", **WORDS) for _ in range(MANY)} == {400}
    assert counted(site) == set()


@pytest.mark.usefixtures("fast_passwords")
def test_what_is_refused_for_coming_too_early_or_sent_again_consumes_nothing_more(site: Site) -> None:
    browser, form_id = site.browser(), secrets.token_hex(16)
    assert [signs_in(browser, "clerk", f"guess {n}").status_code for n in range(6)] == [422] * 5 + [429]
    assert [gives_code(browser, f"CODE{n:04}").status_code for n in range(21)] == [422] * 20 + [429]
    assert {files(site, browser, form_id=secrets.token_hex(16) if n else form_id).status_code for n in range(40)} == {
        200
    }
    assert files(site, browser).status_code == 422
    before = counted(site)
    for n in range(30):
        assert signs_in(browser, "clerk", f"yet another {n}").status_code == 429
        assert signs_in(browser, "clerk", "guess 4").status_code == 422, "the last one again"
        assert gives_code(browser, f"MORE{n:04}").status_code == 429
        assert gives_code(browser, "CODE0019").status_code == 422, "the last one again"
        assert files(site, browser).status_code == 422
        assert files(site, browser, form_id=form_id).status_code == 200, "the receipt again"
    assert counted(site) == before
