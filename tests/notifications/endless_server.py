"""A mail server that does not come to an end at some stage of the talk, in one of the ways in which that can be done."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.notifications.scripted_server import GOOD

A_MOMENT = 0.02
STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "QUIT")


def _drip(say: Callable[[bytes], object]) -> None:
    """A byte now and then: no single look at the network waits for long."""
    while True:
        say(b"2")
        time.sleep(A_MOMENT)


def _drip_lines(say: Callable[[bytes], object]) -> None:
    while True:
        say(b"250-go on\r\n")
        time.sleep(A_MOMENT)


def _pour_lines(say: Callable[[bytes], object]) -> None:
    while True:
        say(b"250-go on\r\n" * 500)


def _pour(say: Callable[[bytes], object]) -> None:
    while True:
        say(b"2" * 5000)


def _say_nothing(_say: Callable[[bytes], object]) -> None:
    threading.Event().wait()


WAYS: dict[str, Callable[[Callable[[bytes], object]], None]] = {
    "a byte now and then": _drip,
    "a line now and then": _drip_lines,
    "lines without end": _pour_lines,
    "a line without end": _pour,
    "nothing": _say_nothing,
}


@dataclass
class Behaviour:
    """Where it does not come to an end, how, and for whom alone; and which mails were taken, by recipient."""

    port: int = 0
    stage: str = ""
    way: str = "nothing"
    only_for: str = ""  #: an address that the talk is about; empty: everybody
    taken: list[str] = field(default_factory=list)
    talks: int = 0


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._how: Behaviour = self.server.behaviour  # type: ignore[attr-defined]  # set where the server is made
        self._how.talks += 1
        self._to = ""
        try:
            self._answer("greeting")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].upper()
                if verb == "RCPT":
                    self._to = line.partition("<")[2].partition(">")[0]
                self._answer(verb)
                if verb == "QUIT":
                    return
                if verb == "DATA":
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    self._answer("content")
                    self._how.taken.append(self._to)
        except OSError:
            return  # the other side has had enough

    def _answer(self, stage: str) -> None:
        how = self._how
        if stage == how.stage and how.only_for in ("", self._to):
            WAYS[how.way](self.wfile.write)
        self.wfile.write(GOOD[stage].encode() + b"\r\n")


@contextmanager
def endless_server(**how: str) -> Iterator[Behaviour]:
    behaviour = Behaviour(**how)  # type: ignore[arg-type]  # the numbers are ours
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as server:
        server.behaviour = behaviour  # type: ignore[attr-defined]  # read where it talks
        server.daemon_threads, server.block_on_close = True, False
        behaviour.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield behaviour
        server.shutdown()
