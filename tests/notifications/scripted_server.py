"""A mail server that says what a test has written down for it, at whichever stage: for answers that no library gives."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

GOOD = {
    "greeting": "220 mail.example.test", "EHLO": "250 mail.example.test", "MAIL": "250 OK", "RCPT": "250 OK",
    "DATA": "354 go on", "content": "250 OK", "RSET": "250 OK", "QUIT": "221 bye",
}  # fmt: skip


@dataclass
class Script:
    """What is answered at which stage, and the envelopes that were offered."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    def __getitem__(self, stage: str) -> str:
        return self.answers.get(stage) or GOOD[stage]


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]  # set where the server is made
        self._say(script["greeting"])
        while line := self.rfile.readline().decode().strip():
            script.heard.append(line)
            verb = line.split()[0].upper()
            self._say(script[verb])
            if verb == "QUIT":
                return
            if verb == "DATA" and script["DATA"].startswith("354"):
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self._say(script["content"])

    def _say(self, answer: str) -> None:
        self.wfile.write(answer.encode() + b"\r\n")


@contextmanager
def scripted_server() -> Iterator[Script]:
    script = Script()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as server:
        server.script = script  # type: ignore[attr-defined]  # read where it talks
        server.daemon_threads = True
        script.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield script
        server.shutdown()
