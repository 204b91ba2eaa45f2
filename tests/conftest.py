"""Fixtures that every test may ask for: a PostgreSQL server, a browser, a mail server, the demo office.

What a machine cannot provide is skipped, counted and said aloud; with CI=true it is a failure.
Databases with our schema are elsewhere, in `tests/databases.py`.
"""

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from infra.repeats import Repeats
from tests.servers import SmtpSink, chromium_path, postgres_server, smtp_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MISSING = "not on this machine: "
BROWSERS = Path(__file__).parent / "browser"
CHROMIUM_OPTIONS = [
    "--no-sandbox",  # Chromium refuses to run as root with its sandbox on
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",  # an office under a name, which is not a loopback address to a browser
]
#: Each of these files is run by one worker alone, because its tests share something that takes long to make. The marker
#: `xdist_group` does not do it: beside pytest 9.2 it is ignored (pytest-xdist, issue 1386).
BY_ONE_WORKER = frozenset({"tests/faults/test_tamper.py", "tests/reports/test_as_of_replay.py"})


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """A command run in a test sets up the log of the program; the next test writes none."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [one for one in root.handlers if isinstance(one, Repeats)]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The libpq URL of a server, one for each worker; its database `postgres` is not for tests."""
    # Not pytest's own temporary directory: when root runs the tests, the server's user cannot enter it.
    with postgres_server(Path(tempfile.gettempdir())) as url:
        if url is None:
            _missing("PostgreSQL")
        yield url


@pytest.fixture(scope="session")
def demo_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo office of `tests/demo.py`, one for all workers; nobody writes into it."""
    from tests.demo import built_once

    folder = tmp_path_factory.getbasetemp()
    return built_once(folder.parent if hasattr(request.config, "workerinput") else folder)


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> "Iterator[Browser]":
    """A running browser; a test opens its own context in it and closes it."""
    if pytestconfig.getoption("markexpr") == "not browser":
        pytest.fail(
            "a test asks for a browser that has not its marker: see pytest_collection_modifyitems", pytrace=False
        )
    path = chromium_path()
    if path is None:
        _missing("Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _smtp_server() -> Iterator[SmtpSink]:
    with smtp_server() as sink:
        yield sink


@pytest.fixture
def smtp(_smtp_server: SmtpSink) -> SmtpSink:
    """A mail server that has received nothing yet and accepts everything."""
    _smtp_server.reset()
    return _smtp_server


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING + what, pytrace=False)
    pytest.skip(MISSING + what)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a server carries its marker, so that `-m browser` misses no test. A test may ask for a browser by a name
    that it has as a parameter: whatever stands in the folder of browsers is one of theirs. Elsewhere a browser's loop would run
    on in the thread of the tests, and every other loop there would break off."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "chromium" in names or item.path.parent == BROWSERS:
            item.add_marker("browser")
        if "postgres" in names:
            item.add_marker("postgres")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How two workers share the tests."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return path if path in BY_ONE_WORKER else nodeid

    return Scheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A run that left something out does not look like a complete one."""
    reasons = [
        str(report.longrepr[2])
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    for what in ("PostgreSQL", "Chromium"):
        if count := sum(reason.endswith(MISSING + what) for reason in reasons):
            terminalreporter.write_line(f"!!! {count} TESTS DID NOT RUN, {MISSING}{what}", red=True, bold=True)
