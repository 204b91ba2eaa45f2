"""Requests that no browser of ours sends, to the program as it is served: nothing may be answered 5xx, nothing without the
strict headers, and nothing not at all.

What is asked is in `odd_requests.py`, who asks in `visitors.py`. A failure prints the request, which the seed repeats.
"""

import socket
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.experiments.chance import chance
from tests.experiments.odd_requests import odd_request
from tests.experiments.offices import small_office
from tests.experiments.visitors import Visitor, visitors
from tests.program import serving
from tests.web.served import Answer, answer
from web.strict_headers import HEADERS

#: Requests after which everybody signs in anew and looks around again: forms end sessions, close accounts and move cases.
AT_A_TIME = 1_000
PATIENCE_SECONDS = 60.0
#: Says 503 of itself: no job has run in the office of this experiment.
READY = b"/readyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    requests: int
    seed: int


@dataclass(slots=True)
class Found:
    seconds: float = 0
    visitors: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    let_in: int = (
        0  #: answers to somebody signed in that are a page of theirs, their form with its errors, or where they go next
    )
    forms: int = 0
    pages: int = 0
    longest_seconds: float = 0
    log_bytes: int = 0
    failures: list[str] = field(default_factory=list)


def run(plan: Plan) -> Found:
    found, begun = Found(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="huiyin-fuzz-") as name:
        home = Path(name)
        matters = small_office(home)
        with serving(home, "--no-timers") as program:
            for first in range(0, plan.requests, AT_A_TIME):
                who = visitors(matters, program.port)
                found.forms, found.pages = sum(len(one.forms) for one in who), sum(len(one.pages) for one in who)
                for number in range(first, min(first + AT_A_TIME, plan.requests)):
                    _ask(program.port, plan.seed, number, who, found)
            if program.process.poll() is not None:
                found.failures.append("the program has ended")
            found.log_bytes = program.log.stat().st_size
            if found.failures:
                found.failures.append(program.log.read_text()[-5_000:])
        matters.office.engine.dispose()
    found.seconds = time.monotonic() - begun
    return found


def figures(found: Found) -> str:
    asked = sum(found.statuses.values())
    return "\n".join(
        (
            f"{asked} requests in {found.seconds:.0f} s, the longest {found.longest_seconds:.2f} s; {found.log_bytes} bytes of log",
            f"from {dict(found.visitors)}, who see {found.pages} pages and {found.forms} forms",
            f"methods {dict(found.methods.most_common(8))}",
            f"answers {dict(sorted(found.statuses.items()))}, of which {found.let_in} let in somebody who is signed in",
            f"5xx: {sum(n for status, n in found.statuses.items() if status >= 500)}; not answered: {found.statuses[0]}",
        )
    )  # fmt: skip


def _ask(port: int, seed: int, number: int, who: list[Visitor], found: Found) -> None:
    own = chance(seed, number)
    visitor = own.choice(who)
    request = odd_request(own, visitor)
    begun = time.monotonic()
    told = _asked(port, request)
    found.longest_seconds = max(found.longest_seconds, time.monotonic() - begun)
    found.visitors[visitor.name] += 1
    found.methods[request.partition(b" ")[0].decode("latin-1")] += 1
    found.statuses[told.status if told else 0] += 1
    found.let_in += bool(told and len(visitor.cookies) > 1 and _is_let_in(told))
    if wrong := _wrong(told, request):
        found.failures.append(f"{number} ({visitor.name}): {wrong}: {request[:600]!r}")


def _asked(port: int, request: bytes) -> Answer | None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as client:
        with suppress(ConnectionResetError, BrokenPipeError):  # the answer may come before all of what is too large
            client.sendall(request)
        return answer(client)


def _is_let_in(told: Answer) -> bool:
    return told.status in (200, 409, 422) or (told.status == 303 and told.headers["location"] != "/signin")


def _wrong(told: Answer | None, request: bytes) -> str:
    if told is None:
        return "no answer"
    if told.status >= 500 and not (told.status == 503 and READY in request.split(b"\r\n")[0]):
        return str(told.status)
    lacking = [name for name, value in HEADERS.items() if told.headers.get(name.lower()) != value]
    return f"{told.status} without {lacking}" if lacking else ""
