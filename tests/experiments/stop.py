"""Told to stop in the middle of something: the program finishes the answer, the batch and the mail in hand, ends with exit
code 0 within its limit, and whatever is left is done by the next one, once.

The program is `huiyin serve` and `huiyin work` as processes, on SQLite or PostgreSQL; only those that this experiment has
started are ended, each by its id.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine, text

import migrations
from benchmarks.closed_cases import closed_cases
from benchmarks.copies import open_clocks
from benchmarks.office import staff_of
from infra.db import open_engine, reading, transaction
from reports.later.jobs import Asker, ask
from reports.later.kinds import CLOSURES
from tests.experiments.stalls import FORM, _ask, _filled, until
from tests.servers import ROOT, free_port

#: Holds the gate for so many seconds, and lets go.
FOR_A_WHILE = """
import sys, time
from sqlalchemy import text
from infra.db import open_engine, transaction
with transaction(open_engine(sys.argv[1])) as connection:
    if connection.dialect.name == "postgresql":  # in the order in which everybody takes them
        connection.execute(text("SELECT stream FROM stream_head ORDER BY stream FOR UPDATE")).all()
    connection.execute(text("UPDATE stream_head SET seq = seq"))
    connection.execute(text("UPDATE series SET last = last"))
    print("in", flush=True)
    time.sleep(float(sys.argv[2]))
"""


#: For the rungs of a hundred thousand clocks, each in its turn.
WHOLE_SWEEP_SECONDS = 900.0


#: The end of what the program has logged, when it does not do what it should.
LOG_SHOWN = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    clocks: int  #: that are due when the timers start
    closed: int  #: cases that a report is made of
    mails: int
    limit_seconds: int = 20
    request_seconds: float = 3.0
    mail_seconds: float = 0.7


@dataclass(slots=True, kw_only=True)
class Found:
    lines: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def must(self, fact: bool, what: str) -> None:
        if not fact:
            self.violations.append(what)


def figures(found: Found) -> str:
    return "\n".join([*found.lines, f"violations  {len(found.violations)}", *found.violations])


def run(url: str, directory: Path, plan: Plan) -> Found:
    """In an empty database, and the directory that is the program's home."""
    found, engine = Found(), open_engine(url)
    try:
        migrations.upgrade(engine)
        staff = staff_of(engine)
        open_clocks(engine, staff, count=plan.clocks, few=1, few_slots=10, many=0)
        _sweep(found, plan, url, directory, engine)
        closed_cases(engine, staff, count=plan.closed, first=staff.case_id + plan.clocks + 1)
        _report(found, plan, url, directory, engine)
        _mails(found, plan, url, directory, engine)
        _request(found, plan, url, directory, engine)
    finally:
        engine.dispose()
    return found


@contextmanager
def program(url: str, home: Path, plan: Plan, *arguments: str, **given: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ, "HUIYIN_HOME": str(home), "HUIYIN_DATABASE": url, "HUIYIN_STOP_SECONDS": str(plan.limit_seconds),
        **{f"HUIYIN_{name}": value for name, value in given.items()},
    }  # fmt: skip
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        yield process
    except Exception as error:
        error.add_note(_said(home))
        raise
    finally:
        process.kill()
        process.wait()


def told_to_stop(found: Found, plan: Plan, process: "subprocess.Popen[bytes]", what: str) -> float:
    """Seconds until it has ended."""
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(plan.limit_seconds + 20)
    except subprocess.TimeoutExpired:
        found.violations.append(f"{what}: it has not ended")
        return time.monotonic() - begun
    took = time.monotonic() - begun
    found.must(code == 0, f"{what}: exit code {code}")
    found.must(took < plan.limit_seconds + 3, f"{what}: {took:.1f} s")
    return took


# -- an answer under way ----------------------------------------------------------------------------------------------


def _request(found: Found, plan: Plan, url: str, home: Path, engine: Engine) -> None:
    """A form that waits for its turn to write when the program is told to stop."""
    with transaction(
        engine
    ) as connection:  # in the office of the benchmarks nobody takes anything in, and copies have ids
        connection.execute(text("UPDATE unit SET takes_intake = TRUE WHERE kind = 'centre'"))
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT setval(pg_get_serial_sequence('cases', 'id'), max(id)) FROM cases"))
        connection.execute(text("UPDATE series SET last = (SELECT max(serial) FROM cases)"))
    port, answers = free_port(), list[int]()
    with program(url, home, plan, "serve", "--no-timers", PORT=str(port)) as process:
        until(lambda: reached(port), "the program answers")
        found.must(
            _filed(port) == 200, "before an answer under way: a form is refused"
        )  # its year is counted from now on
        cookies, fields = _filled(port)
        holder = subprocess.Popen(
            [sys.executable, "-c", FOR_A_WHILE, url, str(plan.request_seconds)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        with holder:
            assert holder.stdout
            assert holder.stdout.readline() == "in\n"
            asked = threading.Thread(
                target=lambda: answers.append(_ask(port, "POST", FORM, cookies=cookies, fields=fields)[0])
            )
            asked.start()
            time.sleep(plan.request_seconds / 3)
            took = told_to_stop(found, plan, process, "an answer under way")
            asked.join()
    found.must(
        took > plan.request_seconds / 3, f"an answer under way: given before the signal, the end {took:.1f} s after"
    )
    found.must(answers == [200], f"an answer under way: {answers}")
    found.lines.append(f"an answer under way         given, and the end {took:.1f} s after the signal")


def _filed(port: int) -> int:
    cookies, fields = _filled(port)
    return _ask(port, "POST", FORM, cookies=cookies, fields=fields)[0]


def reached(port: int) -> bool:
    try:
        return _ask(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


# -- a sweep ----------------------------------------------------------------------------------------------------------


def _sweep(found: Found, plan: Plan, url: str, home: Path, engine: Engine) -> None:
    stops = 0
    with program(url, home, plan, "work") as process:
        until(lambda: _crossings(engine) > 0, "the sweep has begun")
        took = told_to_stop(found, plan, process, "a sweep")
    first = _crossings(engine)
    left = _due(engine)
    while _due(engine):
        stops += 1
        with program(url, home, plan, "work") as process:
            until(lambda: not _due(engine), "the sweep is done", seconds=WHOLE_SWEEP_SECONDS)
            told_to_stop(found, plan, process, "timers at rest")
    found.must(left > 0, "a sweep: it had nothing left: use more clocks")
    doubled = [key for key, n in _keys(engine).items() if n > 1]
    found.must(not doubled, f"a sweep: {len(doubled)} crossings are doubled")
    found.must(_crossings(engine) >= plan.clocks, f"a sweep: {_crossings(engine)} of {plan.clocks} are recorded")
    found.lines.append(
        f"a sweep of {plan.clocks:>7} clocks    {first} recorded, the end {took:.1f} s after the signal, {left} left; "
        f"{_crossings(engine)} in the end, {len(doubled)} doubled"
    )


def _crossings(engine: Engine) -> int:
    return _count(engine, "SELECT count(*) FROM event WHERE code = 'clock:crossed'")


def _due(engine: Engine) -> int:
    return _count(engine, "SELECT count(*) FROM clock WHERE next_crossing_at < CURRENT_TIMESTAMP")


def _keys(engine: Engine) -> Counter[tuple[int, str]]:
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT stream, key FROM event WHERE code = 'clock:crossed'"))
        return Counter((stream, key) for stream, key in rows)


def _count(engine: Engine, query: str) -> int:
    with reading(engine) as connection:
        return int(connection.execute(text(query)).scalar_one())


# -- a report ---------------------------------------------------------------------------------------------------------


def _report(found: Found, plan: Plan, url: str, home: Path, engine: Engine) -> None:
    """A workbook of all closed cases."""
    asked = {
        "choice": {"start": ["2026-01-01"], "end": ["2027-12-31"]},
        "format": "xlsx",
        "ground": "",
        "today": "2027-12-31",
    }
    with transaction(engine) as connection:
        assessor = connection.execute(text("SELECT min(id) FROM account WHERE role = 'assessor'")).scalar_one()
        ask(
            connection, CLOSURES, asked, asker=Asker(assessor), language="zh_CN", mail=False, now=datetime.now(UTC),
            request="report",
        )  # fmt: skip
    with program(url, home, plan, "work") as process:
        until(lambda: _how_far(engine)[0] > 0, "the report has been begun")
        took = told_to_stop(found, plan, process, "a report")
    found.must(_count(engine, GIVEN_BACK) == 1, "a report: it was made before the signal, or is not given back")
    with program(url, home, plan, "work") as process:
        until(lambda: _count(engine, MADE) == 1, "the report is made")
        told_to_stop(found, plan, process, "timers at rest")
    found.must(_count(engine, "SELECT count(*) FROM event WHERE code = 'report:made'") == 1, "a report: made twice")
    found.lines.append(
        f"a report of {_how_far(engine)[1]:>7} cases    the end {took:.1f} s after the signal; made by the next"
    )


GIVEN_BACK = "SELECT count(*) FROM report_job WHERE finished_at IS NULL AND taken_until IS NULL AND done = 0"
MADE = "SELECT count(*) FROM report_job WHERE finished_at IS NOT NULL AND failed IS NULL"


def _how_far(engine: Engine) -> tuple[int, int]:
    with reading(engine) as connection:
        done, total = connection.execute(text("SELECT done, total FROM report_job")).one()
    return int(done), int(total)


# -- mails ------------------------------------------------------------------------------------------------------------


class SlowSink:
    """Takes its time for each mail, and keeps the name of each that it has taken."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.taken: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (the library's name)
        import asyncio

        await asyncio.sleep(self._seconds)
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.taken.append(
            next(line for line in content.decode("utf-8", "replace").splitlines() if line.startswith("Message-ID"))
        )
        return "250 OK"


def _mails(found: Found, plan: Plan, url: str, home: Path, engine: Engine) -> None:
    """So few for each person that none goes out in a digest."""
    with transaction(engine) as connection:
        connection.execute(text("UPDATE message SET next_try_at = NULL, sent_at = recorded_at"))
        mine = (
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY recipient ORDER BY id) AS n FROM message) numbered "
            f"WHERE n <= 5 ORDER BY id LIMIT {plan.mails}"
        )
        connection.execute(
            text(
                f"UPDATE message SET sent_at = NULL, next_try_at = recorded_at, attempts = 0, bundle = NULL WHERE id IN ({mine})"
            )
        )
    sink = SlowSink(plan.mail_seconds)
    server = Controller(sink, hostname="127.0.0.1", port=free_port(), server_hostname="localhost")
    server.start()
    try:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port)}
        with program(url, home, plan, "work", **mail) as process:
            until(lambda: len(sink.taken) >= 2, "the first mails are out")
            took = told_to_stop(found, plan, process, "a delivery")
        first = len(sink.taken)
        found.must(_sent(engine) == first, f"a delivery: {_sent(engine)} noted of {first} sent")
        with program(url, home, plan, "work", **mail) as process:
            until(lambda: not _waiting(engine), "all mails are out")
            told_to_stop(found, plan, process, "timers at rest")
    finally:
        server.stop()
    doubled = [name for name, n in Counter(sink.taken).items() if n > 1]
    found.must(not doubled, f"a delivery: {len(doubled)} went out twice")
    lost = f"a delivery: {len(sink.taken)} of {plan.mails} went out; {_given_up(engine)}; {_said(home)}"
    found.must(len(sink.taken) == plan.mails, lost)
    found.lines.append(
        f"a delivery of {plan.mails:>4} mails       {first} out, the end {took:.1f} s after the signal; "
        f"{len(sink.taken)} in the end, {len(doubled)} doubled"
    )


def _sent(engine: Engine) -> int:
    return _count(engine, "SELECT count(*) FROM message WHERE sent_at > recorded_at")


def _given_up(engine: Engine) -> str:
    with reading(engine) as connection:
        rows = connection.execute(
            text("SELECT id, last_error FROM message WHERE dead_at IS NOT NULL ORDER BY id")
        ).all()
    return f"{len(rows)} given up: {[tuple(row) for row in rows]}"


def _said(home: Path) -> str:
    """The end of what the program has logged."""
    return (home / "log").read_text("utf-8", "replace")[-LOG_SHOWN:]


def _waiting(engine: Engine) -> int:
    return _count(engine, "SELECT count(*) FROM message WHERE next_try_at IS NOT NULL")
