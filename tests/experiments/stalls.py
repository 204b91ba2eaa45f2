"""A served program while something does not come to an end: a process that was stopped in the gate of writers, a lock that
somebody else holds on the database, a mail server that drips or pours. Pages go on answering, forms are refused in time
and are taken when they are sent again, mail to others goes out, and everything goes on afterwards.

The program is a process of its own, on SQLite or PostgreSQL; what stalls it, too. Only processes that this experiment has
started are ended, each by its id.
"""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from urllib.parse import urlencode

from sqlalchemy import text

import infra.db
from people.signin import begin_session
from tests.cases.records import World, opened
from tests.experiments.places import Place
from tests.notifications.endless_server import Behaviour, endless_server
from tests.servers import ROOT, free_port
from tests.web.reading import PageForm, read
from web.context import SESSION_COOKIE
from workflow.model import AccountId

#: More than the program has threads for.
WRITERS, READERS = 48, 2
#: PostgreSQL itself ends a transaction that does nothing for so long.
SERVER_LETS_GO_SECONDS = infra.db.LIMITS_MS["idle_in_transaction_session_timeout"] / 1000
PAUSE_SECONDS, START_SECONDS = 0.5, 120.0
FORM = "/file/petition"
WORDS = {"title": "楼道堆物", "statement": "门口堆了三个月。", "applicant": "白某"}

#: Is in the gate, holding what a new matter needs, says so, and stays. On PostgreSQL that is the row that counts numbers.
IN_THE_GATE = """
import sys, time
from sqlalchemy import text
from infra.db import open_engine, transaction
with transaction(open_engine(sys.argv[1])) as connection:
    if connection.dialect.name == "postgresql":  # in the order in which everybody takes them
        connection.execute(text("SELECT stream FROM stream_head ORDER BY stream FOR UPDATE")).all()
    connection.execute(text("UPDATE stream_head SET seq = seq"))
    connection.execute(text("UPDATE series SET last = last"))
    print("in", flush=True)
    time.sleep(3600)
"""
#: Holds the file of SQLite without having passed the gate.
BESIDE_THE_GATE = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1].removeprefix("sqlite:///"), isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("in", flush=True)
time.sleep(3600)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long each stall lasts, and the longest that an answer may take meanwhile: in seconds. A form is refused within
    the patience of a writer and what the file itself is waited for. `once`: it is not sent again before the stall is over."""

    seconds: float
    health_seconds: float = 1.0
    page_seconds: float = 2.0
    form_seconds: float = 9.0
    once: bool = False


@dataclass(slots=True, kw_only=True)
class Answers:
    """How long each answer took, by its status."""

    took: dict[int, list[float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, seconds: float) -> None:
        with self.lock:
            self.took.setdefault(status, []).append(seconds)

    @property
    def longest(self) -> float:
        return max((max(times) for times in self.took.values()), default=0.0)

    def __str__(self) -> str:
        counts = ", ".join(f"{len(times)} x {status}" for status, times in sorted(self.took.items()))
        return f"{counts or 'none'}; longest {self.longest:.2f} s"


@dataclass(slots=True, kw_only=True)
class Stall:
    """What was answered while one thing did not come to an end, and how many forms were taken afterwards."""

    name: str
    health: Answers = field(default_factory=Answers)
    pages: Answers = field(default_factory=Answers)
    forms: Answers = field(default_factory=Answers)
    sent_again: Answers = field(default_factory=Answers)


@dataclass(slots=True, kw_only=True)
class Found:
    stalls: list[Stall] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def must(self, fact: bool, what: str) -> None:
        if not fact:
            self.violations.append(what)


def figures(found: Found) -> str:
    lines = []
    for stall in found.stalls:
        lines += [stall.name, f"  /healthz    {stall.health}", f"  work list   {stall.pages}"]
        lines += [f"  forms       {stall.forms}", f"  sent again  {stall.sent_again}"]
    return "\n".join([*lines, *found.mails, f"violations  {len(found.violations)}", *found.violations])


def run(place: Place, plan: Plan) -> Found:
    found = Found()
    with opened(place.url, place.stage) as world:
        world.open("petition", by="petitioner", at=datetime.now(UTC))  # this year's numbers are counted from now on
        with _program(place, mail_port=None) as port:
            _stall(found, plan, world, port, "a process that was stopped in the gate", IN_THE_GATE)
            if world.engine.dialect.name == "sqlite":
                _stall(found, plan, world, port, "a lock that another program holds", BESIDE_THE_GATE)
        for way in ("a byte now and then", "lines without end"):
            _mail(found, plan, place, world, way)
    return found


# -- the program ------------------------------------------------------------------------------------------------------


@contextmanager
def _program(place: Place, *, mail_port: int | None) -> Iterator[int]:
    """`huiyin serve` on a port of this machine, with its timers; a mail server's answer may take a second."""
    port = free_port()
    given = {
        **os.environ, "HUIYIN_HOME": str(place.directory), "HUIYIN_DATABASE": place.url, "HUIYIN_PORT": str(port),
        "HUIYIN_SMTP_HOST": "127.0.0.1" if mail_port else "", "HUIYIN_SMTP_PORT": str(mail_port or 25),
        "HUIYIN_SMTP_TIMEOUT": "1", "HUIYIN_TRUSTED_PROXY": "true",
    }  # fmt: skip
    with (place.directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "serve"], cwd=ROOT, env=given, stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        until(lambda: process.poll() is None and _healthy(port), "the program answers")
        yield port
    finally:
        process.kill()
        process.wait()


def _healthy(port: int) -> bool:
    try:
        return _ask(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def until(condition: Callable[[], bool], what: str, *, seconds: float = START_SECONDS) -> None:
    given_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > given_up:
            raise TimeoutError(what)
        time.sleep(0.05)


def _ask(
    port: int, method: str, path: str, *, cookies: str = "", fields: dict[str, str] | None = None
) -> tuple[int, str, str, float]:
    """Status, page, cookies and how long it took. Each browser has an address of its own: from one, nobody files so many
    matters at once."""
    headers = {"Cookie": cookies, "X-Forwarded-For": str(IPv4Address(zlib.crc32(cookies.encode())))}
    if fields is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    begun = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)) as connection:
        connection.request(method, path, urlencode(fields) if fields is not None else None, headers)
        response = connection.getresponse()
        page = response.read().decode()
        set_cookies = "; ".join(one.split(";")[0] for one in response.headers.get_all("Set-Cookie") or ())
    return response.status, page, set_cookies, time.monotonic() - begun


# -- stalls -----------------------------------------------------------------------------------------------------------


def _stall(found: Found, plan: Plan, world: World, port: int, name: str, holder: str) -> None:
    stall, cookies = Stall(name=name), _signed_in(world)
    found.stalls.append(stall)
    browsers = [_filled(port) for _ in range(WRITERS)]
    refused: list[tuple[str, dict[str, str]]] = []
    taken = _cases(world)
    with _held(world.url, holder):
        over = threading.Event()
        threads = [threading.Thread(target=_read_on, args=(port, cookies, stall, over)) for _ in range(READERS)]
        threads += [
            threading.Thread(target=_write_on, args=(plan, port, one, stall, over, refused)) for one in browsers
        ]
        for thread in threads:
            thread.start()
        ends_by_itself = world.engine.dialect.name == "postgresql"
        over.wait(min(plan.seconds, SERVER_LETS_GO_SECONDS - 15) if ends_by_itself else plan.seconds)
        over.set()
        for thread in threads:
            thread.join()
        found.must(_cases(world) == taken, f"{name}: something was written")
        if ends_by_itself and plan.seconds >= SERVER_LETS_GO_SECONDS:
            until(lambda: _sent(port, refused[0]) == 200, "the server has ended the transaction of who was stopped")
    for browser, fields in refused:
        status, _, _, seconds = _ask(port, "POST", FORM, cookies=browser, fields=fields)
        stall.sent_again.add(status, seconds)
    _judge(found, plan, stall)
    found.must(_cases(world) == taken + WRITERS, f"{name}: each form is one case afterwards")


def _judge(found: Found, plan: Plan, stall: Stall) -> None:
    for what, answers, longest, allowed in (
        ("/healthz", stall.health, plan.health_seconds, {200}),
        ("the work list", stall.pages, plan.page_seconds, {200, 503}),
        ("a form", stall.forms, plan.form_seconds, {503}),
        ("a form that is sent again", stall.sent_again, plan.form_seconds, {200}),
    ):
        found.must(bool(answers.took) and set(answers.took) <= allowed, f"{stall.name}: {what}: {answers}")
        found.must(answers.longest < longest, f"{stall.name}: {what} took {answers.longest:.2f} s")
    found.must(200 in stall.pages.took, f"{stall.name}: no work list was seen")


def _signed_in(world: World) -> str:
    with infra.db.transaction(world.engine) as connection:
        token = begin_session(connection, account=AccountId(world.account("clerk")), now=datetime.now(UTC))
    return f"{SESSION_COOKIE}={token}"


def _filled(port: int) -> tuple[str, dict[str, str]]:
    """A browser of its own with a form that was filled in."""
    _, page, cookies, _ = _ask(port, "GET", FORM)
    return cookies, _fields(read(page).form(FORM))


def _fields(form: PageForm) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in form.typed(**WORDS).items() if value}


def _read_on(port: int, cookies: str, stall: Stall, over: threading.Event) -> None:
    while not over.is_set():
        for path, answers in (("/healthz", stall.health), ("/work", stall.pages)):
            status, _, _, seconds = _ask(port, "GET", path, cookies=cookies)
            answers.add(status, seconds)
        over.wait(PAUSE_SECONDS)


def _write_on(
    plan: Plan,
    port: int,
    browser: tuple[str, dict[str, str]],
    stall: Stall,
    over: threading.Event,
    refused: list[tuple[str, dict[str, str]]],
) -> None:
    """Sends its form as long as the stall lasts; at last from the page that gave it back."""
    cookies, fields = browser
    while not over.is_set():
        status, page, _, seconds = _ask(port, "POST", FORM, cookies=cookies, fields=fields)
        stall.forms.add(status, seconds)
        if status == 503:
            fields = _fields(read(page).form(FORM))
        over.wait(None if plan.once else PAUSE_SECONDS)
    refused.append((cookies, fields))


def _sent(port: int, form: tuple[str, dict[str, str]]) -> int:
    cookies, fields = form
    return _ask(port, "POST", FORM, cookies=cookies, fields=fields)[0]


@contextmanager
def _held(url: str, holder: str) -> Iterator[None]:
    """Somebody is inside, and is stopped."""
    process = subprocess.Popen([sys.executable, "-c", holder, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        assert process.stdout.readline() == "in\n"
        process.send_signal(signal.SIGSTOP)
        yield
    finally:
        process.kill()
        process.communicate()


def _cases(world: World) -> int:
    return int(world.column("SELECT count(*) FROM cases")[0])


# -- mail -------------------------------------------------------------------------------------------------------------


def _mail(found: Found, plan: Plan, place: Place, world: World, way: str) -> None:
    """Two people are told of a matter; the server does not come to an end for the first of them."""
    with infra.db.transaction(world.engine) as connection:
        connection.execute(text("UPDATE message SET next_try_at = NULL"))
    world.open("petition", by="petitioner", at=datetime.now(UTC))
    waiting = world.column(
        "SELECT email FROM account JOIN message ON recipient = account.id WHERE next_try_at IS NOT NULL ORDER BY message.id"
    )
    stuck, others = waiting[0], sorted(waiting[1:])
    with ExitStack() as running:
        server: Behaviour = running.enter_context(endless_server(stage="RCPT", way=way, only_for=stuck))
        begun = time.monotonic()
        port = running.enter_context(_program(place, mail_port=server.port))
        health = Answers()

        def done() -> bool:
            status, _, _, seconds = _ask(port, "GET", "/healthz")
            health.add(status, seconds)
            return sorted(server.taken) == others and bool(_put_off(world))

        try:
            until(done, "the others have their mail")
        except TimeoutError as error:
            found.violations.append(f"{way}: {error}: {server.taken} of {others}")
        took = time.monotonic() - begun
    found.must(health.longest < plan.health_seconds, f"{way}: /healthz took {health.longest:.2f} s")
    found.must(bool(others), f"{way}: nobody else is told")
    found.mails.append(
        f"a mail server that says {way}\n  others      {len(others)} have their mail {took:.1f} s after the start\n  put off     {_put_off(world)}\n  /healthz    {health}"
    )


def _put_off(world: World) -> list[str]:
    """Why the mails wait that were tried."""
    return [
        str(one)
        for one in world.column(
            "SELECT last_error FROM message WHERE attempts > 0 AND next_try_at IS NOT NULL AND lease IS NULL"
        )
    ]
