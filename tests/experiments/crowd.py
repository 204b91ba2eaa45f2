"""Clients that keep the program waiting, while somebody reads pages: a site behind which nobody stands but `ulimit -n`.

The program is a real one. A scenario is what one client does, again and again (`tests/experiments/idlers.py`); a plan says how
many do what at the same time. Meanwhile a reader asks for pages and for `/healthz`, each over a connection of its own and from
the address that the crowd comes from. Afterwards the crowd is gone, and everything must be as before.
"""

import resource
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from tests.experiments.idlers import SCENARIOS, Idlers
from tests.experiments.offices import small_office
from tests.program import Program, serving

PAGES = ("/", "/signin", "/file/petition", "/track", "/static/huiyin.css")
HEALTH = "/healthz"
MOST_LOG_BYTES = 1_000_000
#: What else this process needs files for.
OWN_DESCRIPTORS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many clients of each scenario, for how long, and what the program is given."""

    clients: Mapping[str, int]
    seconds: float = 60.0
    addresses: int = 1  #: that the clients come from, 127.0.0.1 first
    descriptors: int = 1024
    workers: int = 1
    page_seconds: float = 2.0  #: that a page may take, or the word that there are too many
    health_seconds: float = 1.0
    seed: int


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    status: int  #: 0: no answer
    seconds: float


@dataclass(slots=True)
class Found:
    during: list[Asked] = field(default_factory=list)
    after: list[Asked] = field(default_factory=list)
    clients: Counter[str] = field(default_factory=Counter)
    most_descriptors: int = 0
    most_memory_mb: int = 0
    log_bytes: int = 0
    log_lines: int = 0
    failures: list[str] = field(default_factory=list)


def run(plan: Plan) -> Found:
    """The siege, and what was found; the program and the crowd are gone afterwards."""
    _allow(sum(plan.clients.values()) + OWN_DESCRIPTORS)
    found = Found()
    with tempfile.TemporaryDirectory(prefix="huiyin-crowd-") as name:
        home = Path(name)
        small_office(home).office.engine.dispose()
        with serving(home, "--no-timers", "--workers", str(plan.workers), descriptors=plan.descriptors) as program:
            crowd = Idlers(port=program.port, seed=plan.seed, addresses=plan.addresses)
            with _reading(program, found), start_blocking_portal() as portal:
                portal.call(crowd.besiege, {SCENARIOS[name]: n for name, n in plan.clients.items()}, plan.seconds)
            found.clients = crowd.seen
            found.after = [_asked(program.port, path) for path in (*PAGES, HEALTH) * 3]
            _judge(plan, found, program)
    return found


def figures(found: Found) -> str:
    statuses = Counter(one.status for one in found.during)
    pages = sorted(one.seconds for one in found.during if one.path != HEALTH)
    health = sorted(one.seconds for one in found.during if one.path == HEALTH)
    return "\n".join(
        (
            f"the crowd: {', '.join(f'{what} {n}' for what, n in sorted(found.clients.items()))}",
            f"asked meanwhile: {len(pages)} pages, {len(health)} times for health; answers {dict(sorted(statuses.items()))}",
            f"seconds for a page: half under {_share(pages, 0.5):.3f}, 99 of 100 under {_share(pages, 0.99):.3f}, longest {_share(pages, 1):.3f}",
            f"seconds for health: half under {_share(health, 0.5):.3f}, longest {_share(health, 1):.3f}",
            f"the program: {found.most_descriptors} descriptors at most, {found.most_memory_mb} MB, {found.log_bytes} bytes of log in {found.log_lines} lines",
            f"afterwards: {dict(Counter(one.status for one in found.after))}, longest {max(one.seconds for one in found.after):.3f} s",
        )
    )  # fmt: skip


def _judge(plan: Plan, found: Found, program: Program) -> None:
    if program.process.poll() is not None:
        found.failures.append("the program has ended")
    for one in found.during:
        allowed = (plan.health_seconds, (200,)) if one.path == HEALTH else (plan.page_seconds, (200, 503))
        if one.seconds > allowed[0] or one.status not in allowed[1]:
            found.failures.append(f"{one.path}: {one.status or 'no answer'} after {one.seconds:.2f} s")
    found.failures += [f"afterwards {one.path}: {one.status}" for one in found.after if one.status != 200]
    log = program.log.read_bytes()
    found.log_bytes, found.log_lines = len(log), log.count(b"\n")
    if found.log_bytes > MOST_LOG_BYTES:
        found.failures.append(f"{found.log_bytes} bytes of log")


@contextmanager
def _reading(program: Program, found: Found) -> Iterator[None]:
    """Somebody who reads one page after another until the context is left."""
    enough = threading.Event()

    def read() -> None:
        turn = 0
        while not enough.wait(0.05):
            for path in (PAGES[turn % len(PAGES)], HEALTH):
                found.during.append(_asked(program.port, path))
            turn += 1
            _measure(program, found)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        enough.set()
        reader.join()


def _asked(port: int, path: str) -> Asked:
    begun, status = time.monotonic(), 0
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, HTTPException):
            pass
    return Asked(path, status, time.monotonic() - begun)


def _measure(program: Program, found: Found) -> None:
    for pid in program.workers() or {program.process.pid}:
        try:
            descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            memory = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() // 2**20
        except OSError:
            continue
        found.most_descriptors = max(found.most_descriptors, descriptors)
        found.most_memory_mb = max(found.most_memory_mb, memory)


def _allow(descriptors: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(descriptors, hard)), hard))


def _share(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(int(share * len(sorted_values)), len(sorted_values) - 1)] if sorted_values else 0.0
