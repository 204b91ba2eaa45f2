"""`huiyin serve` as real processes, for tests and experiments that need all of the program and not only its application."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.servers import ROOT, free_port

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Program:
    process: subprocess.Popen[bytes]
    home: Path
    port: int

    @property
    def log(self) -> Path:
        return self.home / "log"

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
def serving(home: Path, *arguments: str, descriptors: int | None = None, database: str = "") -> Iterator[Program]:
    """The program on the office in `home`, or in that database, which may open so many files; none of its processes is left
    afterwards. Several may serve one home."""
    port = free_port()
    environment = {**os.environ, "HUIYIN_HOME": str(home), "HUIYIN_PORT": str(port), "HUIYIN_DATABASE": database}
    limited = ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh"] if descriptors else []
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [*limited, sys.executable, "-m", "cli.main", "serve", *arguments], cwd=ROOT, env=environment,
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    program = Program(process=process, home=home, port=port)
    try:
        until(program.answers, "it answers")
        yield program
    finally:
        if program.members():
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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
