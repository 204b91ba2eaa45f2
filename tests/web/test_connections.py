"""Who may hold a connection, and for how long: raw bytes to a real server.

Limits are either small, when it is their end that is waited for, or far away, when nothing may happen by them.
"""

import asyncio
import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from infra.db import reading
from infra.settings import Settings
from tests.databases import Site
from tests.web.reading import page
from tests.web.served import PATIENCE_SECONDS, Served, answer, has_ended, served
from tests.web.test_security import HEADERS
from web.connections import Limits, limits_within

FAR = 600.0
SMALL = 0.3
PATIENT = Limits(most=100, of_one_address=100, header_seconds=FAR, body_seconds=FAR, body_longest_seconds=FAR, answer_seconds=FAR)  # fmt: skip
GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HALF_POST = b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nlogin="  # fmt: skip


def limits(**changed: float) -> Limits:
    names = Limits.__dataclass_fields__
    return Limits(**{**{name: getattr(PATIENT, name) for name in names}, "look_seconds": 0.05, **changed})  # type: ignore[arg-type]


def was_told(client: socket.socket) -> bool:
    """Whether the server has answered or hung up; nothing is taken from the connection."""
    return bool(select.select([client], [], [], 0)[0])


def until(condition: Callable[[], object], what: str) -> None:
    given_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < given_up, what
        time.sleep(0.02)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the path, as many times as the query says."""
    body = scope["path"].encode() * int(scope["query_string"] or 1)
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def patient(settings: Settings) -> Iterator[Served]:
    with served(echo, settings, limits()) as program:
        yield program


def is_strict(headers: dict[str, str]) -> bool:
    return {name: headers.get(name) for name in HEADERS} == HEADERS and headers.get("cache-control") == "no-store"


# -- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "short"),
    [
        (b"GET / HTTP/1.1\r\nHost: 127", {"header_seconds": SMALL}),
        (HALF_POST, {"body_seconds": SMALL}),
        (HALF_POST.replace(b"login=", b""), {"body_seconds": SMALL}),
        (HALF_POST.replace(b"POST", b"HEAD"), {"body_seconds": SMALL}),
    ],
)
def test_a_request_that_does_not_arrive_in_time_is_told_so_and_its_connection_ends(
    begun: bytes, short: dict[str, float], site: Site
) -> None:
    with served(site.app, site.settings, limits(**short)) as program, program.client() as client:
        client.sendall(begun)
        told = answer(client)
        assert told
        assert told.status == 408
        assert is_strict(told.headers)
        assert has_ended(client)
        assert program.asked(GET).status == 200


def test_a_connection_that_never_says_anything_ends_without_a_word(settings: Settings) -> None:
    with served(echo, settings, limits(header_seconds=SMALL)) as program, program.client() as client:
        assert answer(client) is None


@pytest.mark.parametrize(
    "request_line", [b"GET / HTTP/1.1\r\nHost: ", HALF_POST.replace(b"Length: 100", b"Length: 100000")]
)
def test_a_byte_at_a_time_wins_no_time(request_line: bytes, settings: Settings) -> None:
    """The time for a header is counted from its first byte, and that for a body grows with what comes, to a limit."""
    short = limits(header_seconds=SMALL, body_seconds=SMALL, body_longest_seconds=2 * SMALL, body_rate=1.0)
    with served(echo_when_whole, settings, short) as program, program.client() as client:
        client.sendall(request_line)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            dribble(client)


def dribble(client: socket.socket) -> None:
    for _ in range(5_000):
        client.sendall(b"x")
        time.sleep(0.02)


async def echo_when_whole(scope: Scope, receive: Receive, send: Send) -> None:
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        await echo(scope, receive, send)


def test_a_body_of_which_much_has_come_may_take_longer(settings: Settings) -> None:
    """The 14 bytes that came have won 140 seconds: a slow line is not a broken one."""
    generous = limits(body_seconds=SMALL, body_rate=0.1)
    with served(echo_when_whole, settings, generous) as program, program.client() as client:
        client.sendall(HALF_POST.replace(b"100", b"20") + b"x" * 8)
        time.sleep(2 * SMALL)
        client.sendall(b"x" * 6)
        told = answer(client)
        assert told
        assert told.status == 200


def test_an_answer_that_nobody_takes_ends(settings: Settings) -> None:
    with served(echo, settings, limits(answer_seconds=SMALL, answer_rate=1e12)) as program, program.client() as client:
        client.sendall(b"GET /xxxxxxxxx?10000000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        until(lambda: program.open, "it came")
        until(lambda: not program.open, "it ended, though nothing was read")


def test_an_answer_that_takes_us_long_is_waited_for(settings: Settings) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(4 * SMALL)
        await echo(scope, receive, send)

    short = limits(header_seconds=SMALL, body_seconds=SMALL, answer_seconds=SMALL)
    with served(slow, settings, short) as program:
        told = program.asked(GET)
        assert told
        assert told.status == 200


def test_a_kept_connection_takes_one_request_after_another(patient: Served) -> None:
    with patient.client() as client:
        for _ in range(3):
            client.sendall(GET)
            told = answer(client)
            assert told
            assert told.body == b"/healthz"
        client.sendall(GET + GET)
        assert [answer(client) is not None, patient.open] == [True, 1]


# -- room -------------------------------------------------------------------------------------------------------------


def test_of_too_many_the_one_that_waits_longest_gives_way(settings: Settings) -> None:
    with served(echo_when_whole, settings, limits(most=3)) as program, ExitStack() as stack:
        clients = [stack.enter_context(program.client()) for _ in range(3)]
        for place, client in enumerate(clients, 1):
            client.sendall(HALF_POST)
            until(lambda: len(program.server.server_state.tasks) == place, "it came")  # noqa: B023 (called at once)
        told = program.asked(GET)
        assert told
        assert told.status == 200
        first = answer(clients[0])
        assert first
        assert first.status == 503
        assert is_strict(first.headers)
        assert int(first.headers["retry-after"]) > 0
        for client in clients[1:]:
            client.sendall(b"x" * 94)
            later = answer(client)
            assert later
            assert later.status == 200


def test_an_idle_connection_gives_way_before_one_that_has_begun(settings: Settings) -> None:
    with (
        served(echo_when_whole, settings, limits(most=2)) as program,
        program.client() as begun,
        program.client() as idle,
    ):
        begun.sendall(HALF_POST)
        until(lambda: program.server.server_state.tasks, "it came")
        idle.sendall(GET)
        assert answer(idle)
        assert program.asked(GET)
        assert answer(idle) is None
        begun.sendall(b"x" * 94)
        assert answer(begun)


def test_one_address_has_a_share_and_does_not_drive_out_others(settings: Settings) -> None:
    with served(echo_when_whole, settings, limits(most=10, of_one_address=3)) as program, ExitStack() as stack:
        other = stack.enter_context(program.client("127.0.0.2"))
        other.sendall(HALF_POST)
        until(lambda: program.server.server_state.tasks, "it came")
        many = [stack.enter_context(program.client("127.0.0.3")) for _ in range(30)]
        for one in many:
            with suppress(OSError):  # it may have been told already that there is no place
                one.sendall(HALF_POST)
        until(lambda: sum(map(was_told, many)) >= 27, "three of the one at most")
        until(lambda: program.open <= 4, "three of the one at most, one of the other")
        other.sendall(b"x" * 94)
        told = answer(other)
        assert told
        assert told.status == 200


def test_where_no_one_waits_the_newcomer_is_refused(settings: Settings) -> None:
    answers = threading.Event()

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        while not answers.is_set():
            await asyncio.sleep(0.01)
        await echo(scope, receive, send)

    with served(busy, settings, limits(most=2)) as program, program.client() as one, program.client() as two:
        for client in (one, two):
            client.sendall(GET)
        until(lambda: len(program.server.server_state.tasks) == 2, "both are being answered")
        refused = program.asked(GET)
        answers.set()
        assert refused
        assert refused.status == 503
        assert is_strict(refused.headers)
        for client in (one, two):
            told = answer(client)
            assert told
            assert told.status == 200


def test_who_has_asked_while_the_server_was_busy_does_not_give_way_before_it_has_listened(settings: Settings) -> None:
    stands, goes_on, over = threading.Event(), threading.Event(), threading.Event()

    async def stands_still(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/still":
            stands.set()
            goes_on.wait(PATIENCE_SECONDS)  # and with it the loop
            while not over.is_set():
                await asyncio.sleep(0.01)
        await echo(scope, receive, send)

    with served(stands_still, settings, limits(most=3)) as program, ExitStack() as stack:
        still = stack.enter_context(program.client())
        still.sendall(GET.replace(b"/healthz", b"/still"))
        assert stands.wait(PATIENCE_SECONDS)
        later = [stack.enter_context(program.client()) for _ in range(3)]
        for client in later:
            client.sendall(GET)
        goes_on.set()
        told = [answer(client) for client in later]
        over.set()
        assert [one and one.status for one in (*told, answer(still))] == [200, 200, 503, 200]


@pytest.mark.parametrize(("descriptors", "most", "share"), [(1024, 512, 256), (256, 128, 64), (1_000_000, 1000, 500)])
def test_half_of_the_descriptors_are_for_connections(descriptors: int, most: int, share: int) -> None:
    found = limits_within(descriptors, behind_proxy=False)
    assert (found.most, found.of_one_address) == (most, share)
    assert found.most + 2 * found.at_once <= descriptors * 3 // 4
    assert limits_within(descriptors, behind_proxy=True).of_one_address == most, "all come from the proxy"


# -- what half a post costs -------------------------------------------------------------------------------------------


def test_a_body_that_is_coming_holds_no_thread_and_no_database_connection(site: Site) -> None:
    with served(site.app, site.settings, limits()) as program, ExitStack() as stack:
        program.asked(GET)
        before = threading.active_count()
        for _ in range(50):
            stack.enter_context(program.client()).sendall(HALF_POST)
        until(lambda: len(program.server.server_state.tasks) == 50, "all have come")
        assert site.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a pool that counts
        assert threading.active_count() == before
        assert program.asked(GET).status == 200


def test_a_form_that_comes_slowly_is_dated_by_its_last_byte(site: Site) -> None:
    """Otherwise one that was begun on a day could be ended on another, and be of the first."""
    browser = site.browser()
    form = page(browser, "/file/petition").form("/file/petition")
    whole = urlencode(
        form.typed(title="停车位", statement="小区停车难。", applicant="申请人", dispute_type="25"), doseq=True
    )

    def slowly() -> Iterator[bytes]:
        yield whole[:100].encode()
        site.clock.set("2026-03-03T09:00")
        yield whole[100:].encode()

    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/file/petition", content=slowly(), headers=kind).status_code == 200
    with reading(site.engine) as connection:
        recorded = connection.execute(text("SELECT max(recorded_at) FROM event")).scalar_one()
    assert recorded.startswith("2026-03-03 01:00"), "09:00 in Shanghai"


def test_who_goes_away_with_half_a_post_leaves_nothing_in_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with served(site.app, site.settings, limits()) as program:
        for _ in range(20):
            with program.client() as client:
                client.sendall(HALF_POST)
        until(lambda: not program.open and not program.server.server_state.tasks, "all have gone")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_told_to_stop_the_server_does_not_wait_for_those_who_let_it_wait(settings: Settings) -> None:
    with ExitStack() as stack:
        with served(echo_when_whole, settings, limits()) as program:
            clients = [stack.enter_context(program.client()) for _ in range(5)]
            for client in clients:
                client.sendall(HALF_POST)
            until(lambda: len(program.server.server_state.tasks) == 5, "all have come")
            begun = time.monotonic()
        assert time.monotonic() - begun < 8, "the server itself waits ten seconds"


# -- what is no request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + b"x" * 20_000,
        b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HEAD /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_request_is_answered_with_the_strict_headers_too(sent: bytes, site: Site) -> None:
    with served(site.app, site.settings, limits()) as program:
        told = program.asked(sent)
        assert told
        assert told.status == 400
        assert is_strict(told.headers)
        assert len({line.lower() for line in told.headers}) == len(told.headers)


def test_a_body_that_breaks_off_after_its_answer_ends_the_connection_quietly(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with served(site.app, site.settings, limits()) as program, program.client() as client:
        client.sendall(
            b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://[\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        told = answer(client)
        assert told
        assert told.status == 403
        client.sendall(b"zz\r\n")
        assert has_ended(client)
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.WARNING] == []
