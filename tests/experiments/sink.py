"""A real mail server in the parent: takes most mails, puts some off, and counts the copies of each Message-ID."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_port

PUT_OFF = ("451 4.3.0 try later", "421 4.3.2 closing", "450 4.2.0 greylisted")
_MESSAGE_ID = re.compile(rb"^Message-ID: *(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass(kw_only=True)  # without slots: aiosmtpd reads every attribute, and Python 3.11.2 cannot read __weakref__
class Sink:
    rng: Random
    port: int = field(default_factory=free_port)
    put_off_share: float = 0.1
    copies: Counter[str] = field(default_factory=Counter)
    recipients: dict[str, set[str]] = field(default_factory=dict)
    put_off: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(  # noqa: N802 -- the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.rng.random() < self.put_off_share / 2:
            self.put_off += 1
            return self.rng.choice(PUT_OFF)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- as above
        if self.rng.random() < self.put_off_share / 2:
            self.put_off += 1
            return self.rng.choice(PUT_OFF)
        content = envelope.content
        assert isinstance(content, bytes)
        found = _MESSAGE_ID.search(content)
        name = found[1].decode() if found else "a mail without a Message-ID"
        with self.lock:
            self.copies[name] += 1
            self.recipients.setdefault(name, set()).update(envelope.rcpt_tos)
        return "250 OK"


@contextmanager
def mail_server(rng: Random) -> Iterator[Sink]:
    sink = Sink(rng=rng)
    server = Controller(sink, hostname="127.0.0.1", port=sink.port, server_hostname="localhost", ready_timeout=60)
    server.start()
    try:
        yield sink
    finally:
        server.stop()
