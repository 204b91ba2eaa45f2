"""Two hundred people press the button at once: one of them takes the step, over real HTTP, on both databases."""

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
import uvicorn

from api.app import create_app
from infra.db import transaction
from infra.settings import Settings
from people.links import make_link
from tests.cases.records import World, new_request
from web.context import read_clock
from workflow.model import AccountId

POSTS = 200
START_SECONDS = 20.0


class Answer(NamedTuple):
    status: int
    location: str | None
    page: str
    cookies: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """One signed-in person; each request has a connection of its own."""

    port: int
    cookies: str = ""

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None)

    def post(self, path: str, **fields: str) -> Answer:
        return self._send("POST", path, urlencode(fields))

    def _send(self, method: str, path: str, body: str | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": self.cookies, **({"Content-Type": "application/x-www-form-urlencoded"} if body else {})}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            set_cookies = [value.split(";")[0] for value in response.headers.get_all("Set-Cookie") or ()]
            return Answer(
                response.status, response.headers["Location"], response.read().decode(), "; ".join(set_cookies)
            )
        finally:
            connection.close()


@contextmanager
def served(world: World, home: Path) -> Iterator[int]:
    """The port of the program, run as `huiyin serve` runs it but for its timers."""
    app = create_app(world.engine, Settings(home=home))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, backlog=512)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline, "the program does not start"
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def signed_in(world: World, port: int, name: str) -> Browser:
    """By the one-time link that the administrator hands out."""
    with transaction(world.engine) as connection:
        token = make_link(connection, AccountId(world.account(name)), now=read_clock())
    page = Browser(port=port).get(f"/signin/link/{token}")
    stranger = Browser(port=port, cookies=page.cookies)
    answer = stranger.post(f"/signin/link/{token}", form_token=hidden(page, "form_token"))
    assert answer.status == 303
    return Browser(port=port, cookies=f"{page.cookies}; {answer.cookies}")


def hidden(page: Answer, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.page)
    assert found, page.page
    return found[1]


@pytest.fixture
def case(world: World) -> int:
    """A petition that waits to be accepted. Opened now: the program under test reads the real clock."""
    return world.open("petition", at=read_clock()).case_id


def test_one_of_two_hundred_takes_the_step_and_all_others_are_told_of_it(
    world: World, case: int, tmp_path: Path
) -> None:
    path = f"/cases/{world.case(case)['public_id']}"
    with served(world, tmp_path / "home") as port:
        people = [signed_in(world, port, name) for name in ("clerk", "coordinator")]
        forms = []
        for person in people:
            page = person.get(path)
            forms.append({name: hidden(page, name) for name in ("form_token", "version")})

        def send(number: int) -> Answer:
            person, form = people[number % 2], forms[number % 2]
            return person.post(f"{path}/steps/Accept", **form, form_id=new_request())

        answers = _all_at_once(send)
        after = people[0].get(path)
    assert Counter(answer.status for answer in answers) == {303: 1, 409: POSTS - 1}
    assert [answer.location for answer in answers if answer.status == 303] == [path]
    assert [e["code"] for e in world.events(case)] == ["case:registered", "case:accepted"]
    assert (world.case(case)["version"], hidden(after, "version")) == (2, "2")
    assert world.ledger_agrees()


def test_the_same_form_two_hundred_times_is_taken_once_and_answered_alike(
    world: World, case: int, tmp_path: Path
) -> None:
    path = f"/cases/{world.case(case)['public_id']}"
    with served(world, tmp_path / "home") as port:
        person = signed_in(world, port, "clerk")
        page = person.get(path)
        form = {name: hidden(page, name) for name in ("form_token", "form_id", "version")}
        answers = _all_at_once(lambda _: person.post(f"{path}/steps/Accept", **form))
    assert Counter((answer.status, answer.location) for answer in answers) == {(303, path): POSTS}
    assert [e["code"] for e in world.events(case)] == ["case:registered", "case:accepted"]
    assert world.case(case)["version"] == 2
    assert world.ledger_agrees()


def test_the_same_filing_many_times_gives_one_case_and_one_receipt(world: World, tmp_path: Path) -> None:
    """Posted by staff: what petitioners post is slowed down by address."""
    with served(world, tmp_path / "home") as port:
        person = signed_in(world, port, "clerk")
        page = person.get("/intake/petition")
        form = {name: hidden(page, name) for name in ("form_token", "form_id")}
        typed = {
            "title": "楼道堆物",
            "statement": "堆满了",
            "applicant": "王某",
            "dispute_type": "99",
            "channel": "visit",
        }
        answers = _all_at_once(lambda _: person.post("/intake/petition", **form, **typed))
    assert Counter(answer.status for answer in answers) == {200: POSTS}
    codes = {re.search(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", answer.page)[0] for answer in answers}  # type: ignore[index]
    assert len(codes) == 1
    assert world.column("SELECT count(*) FROM cases") == world.column("SELECT last FROM series") == [1]
    assert world.ledger_agrees()


def _all_at_once(send: Callable[[int], Answer]) -> list[Answer]:
    """Nobody sends before everybody is ready."""
    ready = threading.Barrier(POSTS)

    def ready_and_send(number: int) -> Answer:
        ready.wait()
        return send(number)

    with ThreadPoolExecutor(POSTS) as pool:
        return list(pool.map(ready_and_send, range(POSTS)))
