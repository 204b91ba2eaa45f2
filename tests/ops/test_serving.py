"""`huiyin serve --workers N` as real processes: who serves, who runs the timers, and that none is left behind."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.databases import SmallOffice, office, office_template, sqlite_template
from tests.servers import ROOT, free_port

__all__ = ["office", "office_template", "sqlite_template"]

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Program:
    process: subprocess.Popen[bytes]
    home: Path
    port: int

    def answers(self) -> bool:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        with closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200

    def workers(self) -> set[int]:
        """The processes that serve pages: children of the program that listen on its port."""
        return {pid for pid in _children(self.process.pid) if "spawn_main" in _command(pid)}

    def members(self) -> set[int]:
        """Everything that is left of the program: the processes of its group."""
        return {
            int(stat.parent.name)
            for stat in Path("/proc").glob("[0-9]*/stat")
            if _fields(stat)[2:3] == [str(self.process.pid)]
        }


def until(condition: Callable[[], object], what: str) -> None:
    given_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < given_up, what
        time.sleep(0.05)


@contextmanager
def serving(home: Path, *arguments: str, database: str = "") -> Iterator[Program]:
    """The program on a port of its own. Several may serve one home."""
    port = free_port()
    environment = {**os.environ, "HUIYIN_HOME": str(home), "HUIYIN_PORT": str(port), "HUIYIN_DATABASE": database}
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "serve", *arguments], cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    program = Program(process=process, home=home, port=port)
    try:
        until(program.answers, "it answers")
        yield program
    finally:
        if program.members():
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def home(office: SmallOffice, tmp_path: Path) -> Path:
    """The home of the small office, whose database lies where the program looks for it."""
    assert (tmp_path / "huiyin.db").is_file()
    return tmp_path


def test_two_workers_serve_one_process_runs_the_timers_and_ctrl_c_ends_them_all(home: Path) -> None:
    with serving(home, "--workers", "2") as program:
        until(lambda: len(program.workers()) == 2, "two workers")
        until(lambda: _swept(home), "the timers run")
        holders = {pid for pid in program.members() if _has_open(pid, home / "timers.lock")}
        assert holders == {program.process.pid}
        os.killpg(program.process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        program.process.wait(PATIENCE_SECONDS)
        until(lambda: not program.members(), "all have ended")


def test_the_workers_end_when_the_program_is_killed(home: Path) -> None:
    with serving(home, "--workers", "2", "--no-timers") as program:
        until(lambda: len(program.workers()) == 2, "two workers")
        program.process.kill()
        program.process.wait()
        until(lambda: not program.members(), "nobody listens on its port any more")


def test_a_worker_that_dies_is_replaced_and_to_be_told_to_stop_ends_them_all(home: Path) -> None:
    with serving(home, "--workers", "2", "--no-timers") as program:
        until(lambda: len(program.workers()) == 2, "two workers")
        gone = min(program.workers())
        os.kill(gone, signal.SIGKILL)
        until(lambda: len(program.workers() - {gone}) == 2, "another one")
        assert program.answers()
        assert not _swept(home)
        program.process.terminate()
        program.process.wait(PATIENCE_SECONDS)
        until(lambda: not program.members(), "all have ended")


def _swept(home: Path) -> bool:
    with closing(sqlite3.connect(home / "huiyin.db")) as database:
        return bool(database.execute("SELECT count(*) FROM job_run WHERE job = 'sweep'").fetchone()[0])


def _children(pid: int) -> set[int]:
    return {int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _fields(stat)[1:2] == [str(pid)]}


def _fields(stat: Path) -> list[str]:
    """State, parent, group, ... of a process; none if it has ended, and has been waited for or not."""
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] == "Z" else fields


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _has_open(pid: int, file: Path) -> bool:
    try:
        return any(os.path.realpath(one) == str(file) for one in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
