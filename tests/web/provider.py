"""A server that says who people are, as an attacker would have it: it answers whatever a test puts into its hand."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, private=True)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, private=True)


@dataclass
class Answers:
    """What it says of itself, and of who has come. `said` is the form that the office has sent for a code."""

    issuer: str = ""
    itself: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    said: dict[str, str] = field(default_factory=dict)
    credentials: str = ""
    goes_on: threading.Event = field(default_factory=threading.Event)  #: until then it hangs, once it was cleared
    asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.goes_on.set()


def id_token(claims: dict[str, Any], *, key: Any = KEY, alg: str = "RS256") -> str:
    return str(jwt.encode({"alg": alg, "kid": "one"}, claims, key, algorithms=[alg]))


@contextmanager
def answering() -> Iterator[Answers]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.set()
            answers.goes_on.wait(20)
            if self.path.endswith("/openid-configuration"):
                here = answers.issuer
                known = {
                    "issuer": here, "authorization_endpoint": f"{here}/authorize", "token_endpoint": f"{here}/token",
                    "jwks_uri": f"{here}/keys", **answers.itself,
                }  # fmt: skip
                self._say(200, known)
            else:
                self._say(200, KeySet([KEY]).as_dict(private=False))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answers.said, answers.credentials = dict(parse_qsl(content)), self.headers.get("Authorization", "")
            self._say(answers.status, answers.token)

        def _say(self, status: int, what: object) -> None:
            content = json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers.issuer = f"http://127.0.0.1:{server.server_port}"
    running = threading.Thread(target=server.serve_forever, args=(0.01,))
    running.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        running.join()
