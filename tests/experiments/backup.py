"""Backups that are made while people work and mails go out, each put on an empty machine: the record there is sound, it
fits the anchors that somebody kept, pages are served, and no mail goes out a second time.

Everything is done by the commands that an operator types, in processes of their own: `huiyin serve`, `work`, `backup`,
`restore`, `verify`, `sweep --job deliver`. On PostgreSQL the program and the backup run as a role that owns nothing.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import environ
from pathlib import Path
from shutil import copytree

from sqlalchemy import Engine, text

import migrations
from benchmarks.grown_office import grown_office
from infra.db import open_engine, reading, transaction
from infra.signing import signing_key, written
from notifications.forwarding import RESTORED
from people.signin import begin_session
from tests.experiments.chance import chance
from tests.experiments.fleet import Desk, make_ready, register
from tests.experiments.places import empty
from tests.experiments.sink import Sink, mail_server
from tests.experiments.stalls import until
from tests.experiments.stop import Found, program, reached
from tests.experiments.stop import Plan as Stopping
from tests.ops.program_role import plain_role
from tests.servers import ROOT, free_port, postgres_bin
from workflow.model import AccountId

#: The demo is of so long ago: what has lit since is told while the backups are made.
AGO = timedelta(days=25)
LIMITS = Stopping(clocks=0, closed=0, mails=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many backups, of an office of how many cases, and how many clerks work meanwhile."""

    backups: int
    cases: int = 3_000
    share: int = 2
    clerks: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the program runs: its home and its database, as the program's role and as the owner of the database."""

    home: Path
    url: str
    owner: str
    mail: int  #: the port of the mail server

    def environment(self, url: str) -> dict[str, str]:
        return {
            **environ, "HUIYIN_HOME": str(self.home), "HUIYIN_DATABASE": url, "HUIYIN_LANGUAGE": "en",
            "HUIYIN_SMTP_HOST": "127.0.0.1", "HUIYIN_SMTP_PORT": str(self.mail), "HUIYIN_MAIL_DOMAIN": "backup.invalid",
            "PATH": f"{postgres_bin() or ''}:{environ['PATH']}",
        }  # fmt: skip

    def told(self, *arguments: str, as_owner: bool = False) -> tuple[int, str]:
        """Exit code and what a command of the program has printed."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
            env=self.environment(self.owner if as_owner else self.url),
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


def run(database: str, server: str | None, directory: Path, plan: Plan) -> Found:
    """`server`: the URL of a PostgreSQL server, on which databases and a role are made and dropped."""
    found, home = Found(), directory / "office"
    home.mkdir()
    with (
        empty(database, server, home) as owner,
        plain_role(owner) if server else nullcontext(("", owner)) as (role, url),
        mail_server(chance(12, "backup")) as sink,
    ):
        office = Machine(home=home, url=url, owner=owner, mail=sink.port)
        engine = open_engine(owner)
        try:
            migrations.upgrade(engine)
            grown_office(engine, cases=plan.cases, share=plan.share, at=datetime.now(UTC) - AGO)
            make_ready(engine, home)
            if role:
                found.must(office.told("database", "grant", role, as_owner=True)[0] == 0, "the role is not granted")
            _while_people_work(found, plan, office, engine, sink, role=role, server=server)
        finally:
            engine.dispose()
        doubled = [name for name, n in sink.copies.items() if n > 1]
        found.must(not doubled, f"{len(doubled)} mails went out twice")
        found.must(len(sink.copies) > 0, "no mail went out")
        found.lines.append(f"mails           {len(sink.copies)} out of all machines, {len(doubled)} of them twice")
    return found


def _while_people_work(
    found: Found, plan: Plan, office: Machine, engine: Engine, sink: Sink, *, role: str, server: str | None
) -> None:
    identity = office.home.parent / "identity"
    code, public = office.told("backup-key", str(identity))
    found.must(code == 0, "no key for backups")
    desk, good, held = Desk(), 0, 0
    with _at_work(office, engine, plan, desk):
        for number in range(plan.backups):
            anchors = _kept_anchors(engine, office.home.parent / f"anchors-{number}")
            path = office.home.parent / f"{number}.age"
            before = len(desk.opened)
            code, said = office.told("backup", str(path), "--to", public.strip())
            found.must(code == 0, f"backup {number}: exit code {code}: {said[-300:]}")
            found.must(len(desk.opened) > before, f"backup {number}: nobody worked meanwhile")
            code, said = office.told("sweep", "--job", "deliver")  # what waited then goes out now
            found.must(code == 0, f"deliver {number}: exit code {code}: {said[-300:]}")
            place = office.home.parent / f"machine-{number}"
            place.mkdir()
            with empty("postgresql" if server else "sqlite", server, place) as owner:
                url = _as_role(owner, office.url) if role else owner
                there = Machine(home=place, url=url, owner=owner, mail=sink.port)
                wrong, waited = _put_there(there, path, identity, anchors, office, role)
                found.must(not wrong, f"backup {number}: {wrong}")
                good += not wrong
                held += waited
    found.must(held > 0, "no mail waited when a backup was made")
    found.must(not desk.other, f"answers of the office meanwhile: {dict(desk.other)}")
    found.lines += [
        f"backups         {good} of {plan.backups}: restored, verified with {anchors_in(office.home.parent)} anchors, served",
        f"meanwhile       {len(desk.opened)} matters registered",
        f"mails held      {held} that waited when the backups were made",
    ]


def _put_there(
    there: Machine, path: Path, identity: Path, anchors: Path, office: Machine, role: str
) -> tuple[str, int]:
    """What is wrong with the restored office, or nothing; and how many mails are held back in it."""
    copytree(office.home / "keys", there.home / "keys")
    roles = ["--role", role] if role else []
    key = written(signing_key(office.home).public)
    for what, arguments, as_owner in (
        ("restore", ["restore", str(path), "--identity", str(identity), *roles], True),
        ("verify", ["verify", "--anchors", str(anchors), "--key", key], False),
        ("deliver", ["sweep", "--job", "deliver"], False),
    ):
        code, said = there.told(*arguments, as_owner=as_owner)
        if code:
            return f"{what}: exit code {code}: {said[-500:]}", 0
    port = free_port()
    with program(there.url, there.home, LIMITS, "serve", "--no-timers", PORT=str(port)):
        until(lambda: reached(port), "the restored office answers")
    engine = open_engine(there.owner)
    try:
        with reading(engine) as connection:
            held = text("SELECT count(*) FROM message WHERE last_error = :why")
            return "", int(connection.execute(held, {"why": RESTORED}).scalar_one())
    finally:
        engine.dispose()


def _as_role(owner: str, other: str) -> str:
    """This database as the role of the other URL."""
    return f"{other.rpartition('/')[0]}/{owner.rpartition('/')[2]}"


def _kept_anchors(engine: Engine, folder: Path) -> Path:
    """What an auditor has kept so far, a file each."""
    folder.mkdir()
    with reading(engine) as connection:
        for number, content in connection.execute(text("SELECT number, content FROM anchor")):
            (folder / f"{number}.txt").write_text(content, "utf-8")
    return folder


def anchors_in(directory: Path) -> int:
    """The fewest that a backup was compared with."""
    return min(sum(1 for _ in folder.iterdir()) for folder in directory.glob("anchors-*"))


@contextmanager
def _at_work(office: Machine, engine: Engine, plan: Plan, desk: Desk) -> Iterator[None]:
    """Pages, timers and clerks, until the end of the block."""
    port, over = free_port(), threading.Event()
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(office.mail), "MAIL_DOMAIN": "backup.invalid"}
    with transaction(engine) as connection:
        clerk = AccountId(connection.execute(text("SELECT min(id) FROM account WHERE role = 'clerk'")).scalar_one())
        tokens = [begin_session(connection, account=clerk, now=datetime.now(UTC)) for _ in range(plan.clerks)]
    with ExitStack() as stack:
        stack.enter_context(program(office.url, office.home, LIMITS, "serve", "--no-timers", PORT=str(port), **mail))
        stack.enter_context(program(office.url, office.home, LIMITS, "work", **mail))
        until(lambda: reached(port), "the program answers")
        until(lambda: _anchors(engine) > 0, "an anchor is made")
        clerks = [threading.Thread(target=register, args=([port], token, over.is_set, desk)) for token in tokens]
        for thread in clerks:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in clerks:
                thread.join()


def _anchors(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM anchor")).scalar_one())
