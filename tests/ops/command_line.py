"""The command line as a person sits before it: a home of its own, a language, and an office or none. Fixtures to import."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

import migrations
from cli.main import app
from infra.db import checkpoint
from infra.settings import settings
from tests.databases import found, opened, set_clock, step

WRONG, ASKED_WRONGLY, UNREADABLE = 1, 2, 3
#: When the commands of a test are given: Monday 28 December 2026, 10:00 in Shanghai.
NOW = datetime(2026, 12, 28, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
WORDS = {"title": "噪声", "statement": "夜间噪声", "applicant": "白某"}


def run(*arguments: str | Path) -> Result:
    """The command; what nobody caught is raised, as it would be shown to a person with its traceback."""
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


def speak(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("HUIYIN_LANGUAGE", language)
    settings.cache_clear()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine without an office, in English, whose clock begins at `NOW` and goes on."""
    place = tmp_path / "home"
    monkeypatch.setenv("HUIYIN_HOME", str(place))
    speak(monkeypatch, "en")
    with set_clock(NOW):
        yield place
    settings.cache_clear()


@pytest.fixture(scope="module")
def _office_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("office") / "huiyin.db"
    with opened(f"sqlite:///{path}") as engine:
        migrations.upgrade(engine)
        office = found(engine)
        for at in ("2026-03-02T09:00", "2026-12-28T09:00"):
            office.tell("hotline", step(at, "clerk", "Register", **WORDS), step(at, "clerk", "Accept"))
        checkpoint(engine)
    return path


@pytest.fixture
def office(home: Path, _office_file: Path) -> Path:
    """The home of an office with two hotline orders: an old one, and one of 28 December 2026 that runs into 2027."""
    home.mkdir(mode=0o700)
    for file in _office_file.parent.glob("huiyin.db*"):
        shutil.copyfile(file, home / file.name)
        (home / file.name).chmod(0o600)
    return home
