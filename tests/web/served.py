"""A site behind the program's own connections, with limits of a test, and clients that speak raw bytes to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from infra.settings import Settings
from web.connections import Limits, connections
from web.security import App

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Served:
    port: int
    server: uvicorn.Server

    @contextmanager
    def client(self, source: str = "127.0.0.1") -> Iterator[socket.socket]:
        """A connection from any address of the loopback network."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS, (source, 0)) as made:
            yield made

    def asked(self, request: bytes, source: str = "127.0.0.1") -> Answer | None:
        with self.client(source) as made:
            made.sendall(request)
            return answer(made)

    @property
    def open(self) -> int:
        return len(self.server.server_state.connections)


@contextmanager
def served(app: App, settings: Settings, limits: Limits) -> Iterator[Served]:
    """Runs the web server in a thread."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, server_header=False, ws="none", lifespan="off",
        http=connections(settings, limits), timeout_graceful_shutdown=10,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        threading.Event().wait(0.01)
    try:
        yield Served(port=server.servers[0].sockets[0].getsockname()[1], server=server)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "the server did not stop"


def answer(client: socket.socket, said: bytes = b"") -> Answer | None:
    """What the server says until the answer is whole or the connection ends; None if it ends without a word."""
    while b"\r\n\r\n" not in said:
        if not (more := _more(client)):
            return None
        said += more
    head, _, body = said.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100 "):
        return answer(client, body)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)) and (more := _more(client)):
        body += more
    return Answer(int(first.split()[1]), headers, body)


def has_ended(client: socket.socket) -> bool:
    """True when the server has closed; waits for it."""
    while _more(client):
        pass
    return True


def _more(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""
