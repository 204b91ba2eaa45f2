"""Four processes of pages and two of timers on one PostgreSQL database, and a policy that is applied meanwhile: what was
acknowledged is in the record, what was sent to two processes at once is there once, and every mail goes out once.

The processes are `huiyin serve --no-timers` and `huiyin work`, the timers each in a home of their own as on two machines;
they are ended by their ids. People are clerks with sessions, who register petitions by the form of the intake desk.
"""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from urllib.parse import urlencode

from sqlalchemy import Engine, text

import migrations
from benchmarks.grown_office import grown_office
from cases.moving import BookHasMoved, apply_plan
from cases.planning import planned
from cases.policies import candidate_of, shipped_files
from infra.db import open_engine, reading, transaction
from infra.signing import signing_key
from people.office_keys import signing_key_of_office
from people.signin import begin_session
from tests.experiments.chance import chance
from tests.experiments.sink import mail_server
from tests.experiments.stalls import until
from tests.experiments.stop import Found, program, reached
from tests.experiments.stop import Plan as Stopping
from tests.servers import free_port
from tests.web.reading import read
from verify.checking import verify
from web.context import SESSION_COOKIE
from workflow.model import TIMERS, AccountId

PAGES, TIMERS_OF_THEIR_OWN = 4, 2
DESK = "/intake/petition"
#: A file of rules that change while the fleet works, for time limits to come: a plan that moves running ones would have to
#: wait until nobody registers anything, as its page says.
RULES, LENGTH = "rules/grid.toml", b"length = 3"
#: The demo is of so long ago: what has lit since is due when the timers start.
AGO = timedelta(days=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """For how long, how many clerks at once, and how many cases the office has."""

    seconds: float
    clerks: int = 8
    cases: int = 6_000
    share: int = 2
    drain: bool = True  #: until every mail is out, which takes the timers another minute


@dataclass(slots=True, kw_only=True)
class Desk:
    """What the clerks have been told: each registration that was acknowledged, by the address of its case."""

    opened: list[str] = field(default_factory=list)
    twice: int = 0
    other: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def run(url: str, directory: Path, plan: Plan) -> Found:
    found, engine, desk = Found(), open_engine(url), Desk()
    try:
        migrations.upgrade(engine)
        before = grown_office(engine, cases=plan.cases, share=plan.share, at=datetime.now(UTC) - AGO)
        make_ready(engine, directory)
        with mail_server(chance(11, "fleet")) as sink, ExitStack() as fleet:
            sink.put_off_share = 0
            ports = [free_port() for _ in range(PAGES)]
            mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port), "MAIL_DOMAIN": "fleet.invalid"}
            limits = Stopping(clocks=0, closed=0, mails=0)
            serving = [
                fleet.enter_context(program(url, directory, limits, "serve", "--no-timers", PORT=str(port), **mail))
                for port in ports
            ]
            working = [
                fleet.enter_context(program(url, _home(directory, n), limits, "work", **mail))
                for n in range(TIMERS_OF_THEIR_OWN)
            ]
            for port in ports:
                until(lambda port=port: reached(port), "the program answers")  # type: ignore[misc]  # bound at once
            applied = _while_clerks_work(engine, ports, plan, desk)
            until(lambda: not _one(engine, DUE), "everything due is recorded")
            until(lambda: bool(sink.copies), "a mail is out")
            if plan.drain:
                until(lambda: not _one(engine, WAITING), "every mail is out")
            died = [process for process in (*serving, *working) if process.poll() is not None]
            found.must(not died, f"{len(died)} of the processes have died")
        _judge(found, engine, desk, sink.copies, url, before=before, applied=applied)
    finally:
        engine.dispose()
    return found


DUE = "SELECT count(*) FROM clock WHERE next_crossing_at < CURRENT_TIMESTAMP"
WAITING = "SELECT count(*) FROM message WHERE next_try_at IS NOT NULL"


def _home(directory: Path, number: int) -> Path:
    """Another machine: a home of its own, with the keys of the office."""
    home = directory / f"machine-{number}"
    copytree(directory / "keys", home / "keys")
    return home


def make_ready(engine: Engine, directory: Path) -> None:
    """The key is the office's, and ids go on behind the copies."""
    signing_key(directory)
    with transaction(engine) as connection:
        signing_key_of_office(connection, directory, now=datetime.now(UTC))
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT setval(pg_get_serial_sequence('cases', 'id'), max(id)) FROM cases"))


def _one(engine: Engine, query: str) -> int:
    with reading(engine) as connection:
        return int(connection.execute(text(query)).scalar_one())


# -- people -----------------------------------------------------------------------------------------------------------


def _while_clerks_work(engine: Engine, ports: list[int], plan: Plan, desk: Desk) -> int:
    """How many policies were applied meanwhile."""
    with transaction(engine) as connection:
        clerk = AccountId(connection.execute(text("SELECT min(id) FROM account WHERE role = 'clerk'")).scalar_one())
        tokens = [begin_session(connection, account=clerk, now=datetime.now(UTC)) for _ in range(plan.clerks)]
    ends = time.monotonic() + plan.seconds
    clerks = [
        threading.Thread(target=register, args=(_two_of(ports, number), token, lambda: time.monotonic() > ends, desk))
        for number, token in enumerate(tokens)
    ]
    for clerk in clerks:
        clerk.start()
    time.sleep(plan.seconds / 3)
    applied = 0
    for days in (6, 7):
        applied += _apply(engine, days)
    for clerk in clerks:
        clerk.join()
    return applied


def _two_of(ports: list[int], number: int) -> list[int]:
    return [ports[number % PAGES], ports[(number + 1) % PAGES]]


def register(ports: list[int], token: str, over: Callable[[], bool], desk: Desk) -> None:
    """One clerk: each form goes to all of these processes, as a double click behind a proxy would."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30))) for port in ports
        ]
        cookies = f"{SESSION_COOKIE}={token}"
        _, page, given = _said(clients[0], "GET", cookies)
        cookies = f"{cookies}; {given}"
        while not over():
            _, page, _ = _said(clients[0], "GET", cookies)
            form = (
                read(page)
                .form(DESK)
                .typed(title="停车位", statement="小区停车难。", applicant="甲某", dispute_type="25")
            )
            answers = [_said(client, "POST", cookies, urlencode(form, doseq=True)) for client in clients]
            with desk.lock:
                _note(desk, answers)


#: Status, page, cookies.
Answer = tuple[int, str, str]


def _said(client: http.client.HTTPConnection, method: str, cookies: str, body: str | None = None) -> Answer:
    headers = {"Cookie": cookies} | ({"Content-Type": "application/x-www-form-urlencoded"} if body else {})
    client.request(method, DESK, body, headers)
    answer = client.getresponse()
    page = answer.read().decode()
    given = "; ".join(one.split(";")[0] for one in answer.headers.get_all("Set-Cookie") or ())
    return answer.status, page, given


def _note(desk: Desk, answers: list[Answer]) -> None:
    """All answers are the receipt of one case."""
    cases = {
        link for status, page, _ in answers for link in read(page).links if status == 200 and link.startswith("/cases/")
    }
    desk.opened += sorted(cases)
    desk.twice += len(cases) > 1
    desk.other.update(status for status, *_ in answers if status != 200)


def _apply(engine: Engine, days: int) -> int:
    """Plans and applies until the book has not moved between the two."""
    given = {RULES: shipped_files()[RULES].replace(LENGTH, b"length = %d" % days)}
    assert given[RULES] != shipped_files()[RULES], "there is such a length"
    while True:
        now = datetime.now(UTC)
        with reading(engine) as connection:
            files, candidate = candidate_of(connection, given, calendar="cn")
            plan = planned(connection, candidate, now=now)
        try:
            apply_plan(engine, plan.id, files, candidate, actor=TIMERS, now=now)
        except BookHasMoved:
            continue
        return 1


# -- what is there ----------------------------------------------------------------------------------------------------


def _judge(
    found: Found, engine: Engine, desk: Desk, copies: Counter[str], url: str, *, before: int, applied: int
) -> None:
    registered = _one(engine, "SELECT count(*) FROM cases") - before
    found.must(desk.twice == 0, f"{desk.twice} forms were taken twice")
    found.must(len(desk.opened) == len(set(desk.opened)), "two forms were given one case")
    found.must(registered == len(desk.opened), f"{len(desk.opened)} acknowledged, {registered} in the record")
    found.must(not desk.other, f"other answers: {dict(desk.other)}")
    crossings = _one(engine, "SELECT count(*) FROM event WHERE code = 'clock:crossed'")
    keys = _one(engine, "SELECT count(DISTINCT key) FROM event WHERE code = 'clock:crossed'")
    found.must(crossings == keys, f"{crossings - keys} crossings are doubled")
    doubled = [name for name, n in copies.items() if n > 1]
    found.must(not doubled, f"{len(doubled)} mails went out twice")
    versions = _one(engine, "SELECT count(*) FROM policy_version")
    found.must(versions == 1 + applied, f"{versions} versions of the policy")
    findings = verify(url).findings
    found.must(not findings, f"verify: {[one.line() for one in findings[:3]]}")
    found.must(registered > 0, "nothing was registered")
    found.must(len(copies) > 0, "no mail went out")
    found.lines += [
        f"registered                  {registered}, each sent to two processes; 0 lost, {desk.twice} doubled",
        f"crossings                   {crossings} by {TIMERS_OF_THEIR_OWN} processes of timers, {crossings - keys} doubled",
        f"mails                       {len(copies)} out, {len(doubled)} of them twice",
        f"policies applied meanwhile  {applied}",
    ]
