"""The program as it is served: of this tree or of a commit, on a copy of a database, and clients that read its pages.

A commit's files are unpacked into a directory of the run, so that nothing is left behind in the repository. Servers listen
on 127.0.0.1 and end with everything they have started. What they use of the processors is asked of Linux.
"""

import http.client
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import httpx2

from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_SECONDS, ENDED_WITHIN_SECONDS = 300.0, 30.0
DATABASE = "huiyin.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server, and somebody who is signed in to it."""

    process: int
    port: int
    cookies: str

    def page(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_WITHIN_SECONDS)
        try:
            return self._get(connection, path)
        finally:
            connection.close()

    def pages(self, path: str, *, clients: int, count: int) -> float:
        """The seconds until so many pages are read. Each client asks for its next when it has the last."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(lambda share: self._read(path, share), [count // clients] * clients))
        return time.perf_counter() - begun

    def cpu_seconds(self) -> float:
        """What the server and its workers have used of the processors until now."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:  # a process that has ended meanwhile
                continue
            if int(fields[2]) == self.process:  # its group
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _read(self, path: str, count: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_WITHIN_SECONDS)
        for _ in range(count):
            self._get(connection, path)
        connection.close()

    def _get(self, connection: http.client.HTTPConnection, path: str) -> str:
        connection.request("GET", path, headers={"Cookie": self.cookies})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, (path, answer.status)
        return text


@contextmanager
def tree_of(commit: str, directory: Path) -> Iterator[Path]:
    """The files of a commit, for as long as the context."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607
    place = directory / "tree"
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        # Our own archive; early releases of Python 3.11 do not know the filter that later ones ask for.
        files.extractall(place, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # noqa: S202
    try:
        yield place
    finally:
        shutil.rmtree(place)


@contextmanager
def demo_of(tree: Path, home: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """The database of a demo that this tree has built, and the tokens of its sign-in links by role."""
    port = free_port()
    with _running(tree, home, ["demo", "--port", str(port)], port):
        said = (home / "said").read_text("utf-8")
    yield home / "demo" / DATABASE, dict(re.findall(r"^ +(\w+) .*/signin/link/(\S+)$", said, re.MULTILINE))


@contextmanager
def served(tree: Path, database: Path, home: Path, *, link: str, workers: int = 1) -> Iterator[Served]:
    """This tree's program on a copy of the database, without its timers, with the person of the link signed in."""
    home.mkdir()
    with closing(sqlite3.connect(database)) as origin, closing(sqlite3.connect(home / DATABASE)) as copy:
        origin.backup(copy)  # with what is still in its log
    port = free_port()
    several = ["--workers", str(workers)] if workers > 1 else []
    with _running(tree, home, ["serve", "--no-timers", *several], port) as process:
        yield Served(process=process, port=port, cookies=_signed_in(port, link))


def main_of(tree: Path) -> str:
    """The module of the command line, which has moved."""
    return "cli.main" if (tree / "cli" / "main.py").is_file() else "ops.cli"


@contextmanager
def _running(tree: Path, home: Path, arguments: list[str], port: int) -> Iterator[int]:
    """The process of the command from when it answers; afterwards it has ended, and all it has started."""
    home.mkdir(exist_ok=True)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("HUIYIN_")}
    environment = {**ours, "HUIYIN_HOME": str(home), "HUIYIN_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    with (home / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", main_of(tree), *arguments], cwd=tree, env=environment, stdout=said,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _answers(process, port, home / "said")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(ENDED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def _answers(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not answer: {said.read_text('utf-8')}")


def _signed_in(port: int, link: str) -> str:
    """The cookies of somebody who has opened the link and pressed its button."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=READY_WITHIN_SECONDS, verify=False) as browser:
        page = browser.get(f"/signin/link/{link}").text
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
        assert token, "the page of a link has a form"
        browser.post(f"/signin/link/{link}", data={"form_token": token[1]})
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
