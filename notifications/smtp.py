"""A talk with a mail server that comes to an end, whatever the server does.

The library's own limit is for one look at the network: a server that sends a byte now and then, or lines without end,
keeps it for ever. Here each mail has a limit of its own, and each answer a longest length; the name of the server is
looked up, and that of this machine, by threads that nobody waits for any longer than that.
"""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from infra.settings import Settings

Found = TypeVar("Found")

#: Of one answer in bytes; a server's list of what it can do is a hundredth of it.
LONGEST_ANSWER = 64 * 1024
OWN_NAME_SECONDS = 5.0


class Limit:
    """The end of a talk. Whoever reads or writes on a line that is watched is told so at once: it is cut."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.is_over = False
        self._mutex = threading.Lock()
        self._line: socket.socket | None = None

    def watch(self, line: socket.socket) -> None:
        with self._mutex:
            self._line = line
            if self.is_over:
                _cut(line)

    def let_be(self) -> None:
        with self._mutex:
            self._line = None

    def end(self) -> None:
        with self._mutex:
            self.is_over = True
            if self._line:
                _cut(self._line)

    def left(self) -> float:
        """In seconds. Raises `TimeoutError` if nothing is."""
        if (seconds := self.until - time.monotonic()) <= 0:
            raise TimeoutError
        return seconds


@contextmanager
def limited(seconds: float) -> Iterator[Limit]:
    """What is done on a line that the limit watches ends by then."""
    limit = Limit(seconds)
    alarm = threading.Timer(seconds, limit.end)
    alarm.daemon = True
    alarm.start()
    try:
        yield limit
    finally:
        alarm.cancel()
        limit.let_be()


class Talk(smtplib.SMTP):
    """One connection to the office's server, signed in if it asks for that. Raises `OSError`, `smtplib.SMTPException`."""

    def __init__(self, settings: Settings, limit: Limit) -> None:
        self._settings, self._limit = settings, limit
        self.line: socket.socket | None = None  #: the network below TLS, for a limit to cut
        try:
            super().__init__(settings.smtp_host, settings.smtp_port, own_name(), settings.smtp_timeout)
            if settings.smtp_tls == "starttls":
                self.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                self.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except (OSError, smtplib.SMTPException):
            self.close()
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """The library's own place for another kind of connection."""
        made = _connected(host, port, timeout, self._limit)
        self.line = made.dup()
        self._limit.watch(self.line)
        if self._settings.smtp_tls != "tls":
            return made
        try:
            return ssl.create_default_context().wrap_socket(made, server_hostname=host)
        except OSError:
            made.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            assert self.sock, "somebody is talked to"
            self.file = _Measured(self.sock.makefile("rb"))
        self.file.start_over()
        return super().getreply()

    def close(self) -> None:
        super().close()
        if self.line:
            self.line.close()
            self.line = None


class _Measured:
    """What a server says, line by line. Raises `OSError` for an answer without end and for a line that was cut off."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.close = file.close
        self._bytes = 0

    def start_over(self) -> None:
        """A new answer."""
        self._bytes = 0

    def readline(self, longest: int) -> bytes:
        line: bytes = self._file.readline(longest)
        self._bytes += len(line)
        if self._bytes > LONGEST_ANSWER:
            raise OSError("an answer without end")
        if line and not line.endswith(b"\n") and len(line) < longest:
            raise OSError("an answer that was cut off")
        return line


def _connected(host: str, port: int, timeout: float, limit: Limit) -> socket.socket:
    """A connection to the first address of the host that takes one."""
    addresses = in_time(limit.left(), lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    trouble: OSError = OSError("a name without an address")
    for *_, address in addresses:
        try:
            return socket.create_connection((str(address[0]), port), min(timeout, limit.left()))
        except OSError as error:
            trouble = error
    raise trouble


@cache
def own_name() -> str:
    """What this machine calls itself to a mail server: its name with a domain, or else an address.

    Source: RFC 5321 §4.1.1.1.
    """
    with contextlib.suppress(OSError):
        if "." in (name := in_time(OWN_NAME_SECONDS, socket.getfqdn)):
            return name
    return "[127.0.0.1]"


def in_time(seconds: float, ask: Callable[[], Found]) -> Found:
    """What a question brings that knows no limit itself. Raises `TimeoutError`; its thread then ends when it may."""
    answer: Future[Found] = Future()

    def wait() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:  # noqa: BLE001 -- raised again by whoever asked
            answer.set_exception(error)

    threading.Thread(target=wait, name="name service", daemon=True).start()
    return answer.result(seconds)


def _cut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
