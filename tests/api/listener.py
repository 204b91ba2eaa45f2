"""A program that is told what has happened: an HTTP server of the test's own, which answers what is written down for it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Heard:
    headers: Mapping[str, str]
    body: bytes
    path: str


@dataclass
class Listener:
    """`status` is answered; `dribbles` sends a byte of it now and then, for ever."""

    port: int = 0
    status: int = 204
    location: str = ""
    dribbles: bool = False
    heard: list[Heard] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=huiyin"


class _Told(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        listener: Listener = self.server.listener  # type: ignore[attr-defined]  # set where the server is made
        body = self.rfile.read(int(self.headers["content-length"]))
        listener.heard.append(Heard(headers=dict(self.headers), body=body, path=self.path))
        if listener.dribbles:
            while not listener.over.wait(0.05):
                self.wfile.write(b"H")
            return
        self.send_response(listener.status)
        if listener.location:
            self.send_header("Location", listener.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Told) as server:
        server.daemon_threads = True
        server.listener = listener  # type: ignore[attr-defined]  # read where it is told
        listener.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield listener
        finally:
            listener.over.set()
            server.shutdown()
