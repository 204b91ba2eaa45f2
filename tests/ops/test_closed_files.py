"""Nobody but the program's own user reads what it writes, whatever the umask of whoever started it; what was left open is
closed at the next start."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.closed_files import FileIsOpenToOthers, close_to_others
from infra.db import transaction
from infra.keys import KeyIsExposed
from infra.settings import Settings
from infra.signing import signing_key
from tests.databases import SmallOffice, office, office_template, sqlite_template, step
from tests.servers import ROOT

__all__ = ["office", "office_template", "sqlite_template"]

FOLDER, FILE = 0o700, 0o600
FOUND = ("init", "--name", "滨江", "--short-name", "滨园", "--email", "a@b.cn")


def huiyin(home: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The program as a careless user starts it: everybody may read new files."""
    given = {**os.environ, "HUIYIN_HOME": str(home), "HUIYIN_DATABASE": "", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments], cwd=home.parent, env=given, umask=0o022, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def modes(home: Path) -> dict[str, int]:
    """Of the home and everything in it."""
    return {str(path.relative_to(home.parent)): path.stat().st_mode & 0o777 for path in (home, *home.rglob("*"))}


def all_closed(found: dict[str, int]) -> bool:
    return set(found.values()) <= {FOLDER, FILE}


def test_every_kind_of_file_that_the_program_writes_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and lock files, keys, mails as files, exports and packs. All but the first command in this process."""
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    assert huiyin(home, *FOUND).returncode == 0
    for command in (
        ("anchor", "make"),  # which makes the keys, and mails to the auditors
        ("sweep", "--job", "sweep"), ("sweep", "--job", "deliver"),
        ("export", "closures", str(out / "closures.csv"), "--from", "2026-01-01", "--to", "2026-12-31"),
    ):  # fmt: skip
        assert _ended(monkeypatch, home, *command) == 0, command
    found = modes(home)
    names = {Path(name).name for name in found}
    assert {"huiyin.db", "huiyin.db.turn", "huiyin.db.next", "anchor.pem", "anchor.pub"} <= names
    assert all_closed(found), found
    assert (out / "closures.csv").stat().st_mode & 0o777 == FILE


def test_mails_that_are_written_to_files_are_closed(office: SmallOffice, tmp_path: Path) -> None:
    words = {"title": "楼上漏水", "statement": "厨房顶漏水。", "applicant": "白某", "respondents": ["石某"]}
    office.tell("mediation", step("2026-03-02T09:00", "petitioner", "Apply", **words))
    office.engine.dispose()
    assert huiyin(tmp_path, "sweep", "--job", "deliver").returncode == 0
    found = modes(tmp_path)
    assert sum(name.endswith(".eml") for name in found) == 2
    assert all_closed({name: mode for name, mode in found.items() if "/mail" in name}), found


@pytest.fixture
def open_home(office: SmallOffice, tmp_path: Path) -> Path:
    """The home of an office that an older program has left open."""
    with transaction(office.engine):
        pass
    (tmp_path / "mail").mkdir()
    for name in ("mail/1.eml", "mail/.2.eml.77", "timers.lock", "petitioner-code.txt"):
        (tmp_path / name).write_bytes(b"x")
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path


def test_what_an_older_program_has_left_open_is_closed_at_the_next_start_and_said_once(open_home: Path) -> None:
    first = huiyin(open_home, "sweep")
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("files of the office could be read by others, and were closed") == 1
    assert str(open_home) not in first.stderr
    assert all_closed(modes(open_home)), modes(open_home)
    assert "could be read by others" not in huiyin(open_home, "sweep").stderr


def test_a_database_elsewhere_is_closed_and_its_folder_left_as_it_is(open_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir(mode=0o755)
    before = open_home.stat().st_mode
    close_to_others(Settings(home=home, database=f"sqlite:///{open_home / 'huiyin.db'}"))
    assert (open_home / "huiyin.db").stat().st_mode & 0o777 == FILE
    assert home.stat().st_mode & 0o777 == FOLDER
    assert open_home.stat().st_mode == before


def test_a_folder_that_everybody_shares_is_not_taken_away_from_them(open_home: Path) -> None:
    open_home.chmod(0o1777)
    close_to_others(Settings(home=open_home))
    assert open_home.stat().st_mode & 0o7777 == 0o1777
    assert (open_home / "huiyin.db").stat().st_mode & 0o777 == FILE


def test_a_secret_that_others_could_read_is_not_closed_quietly(tmp_path: Path) -> None:
    """Somebody may have read it: that is for a person to judge."""
    signing_key(tmp_path)
    (tmp_path / "keys" / "anchor.pem").chmod(0o644)
    close_to_others(Settings(home=tmp_path))
    with pytest.raises(KeyIsExposed):
        signing_key(tmp_path)


@pytest.mark.parametrize(
    ("language", "said"), [("zh_CN", "可被本机其他用户读取"), ("en", "Other users of this machine can read")]
)
def test_what_cannot_be_closed_is_refused_with_one_sentence(
    language: str, said: str, open_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(self: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(self))

    monkeypatch.setattr(Path, "chmod", refused)
    with pytest.raises(FileIsOpenToOthers):
        close_to_others(Settings(home=open_home))
    told = _main(monkeypatch, capsys, open_home, "sweep", HUIYIN_LANGUAGE=language)
    assert said in told
    assert "Traceback" not in told


def test_a_file_system_that_knows_no_users_is_refused_too(open_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    with pytest.raises(FileIsOpenToOthers):
        close_to_others(Settings(home=open_home))


@pytest.mark.parametrize("address", ["a@b%0d%0aBcc:x@y", "\x01a@b", "a@.", "a@b\r\nBcc: x@y", "王@b.cn", "A <a@b.cn>"])
@pytest.mark.parametrize("variable", ["HUIYIN_MAIL_FROM", "HUIYIN_MAIL_DOMAIN"])
def test_the_program_does_not_start_with_an_address_of_its_own_that_no_server_takes(
    variable: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _main(monkeypatch, capsys, tmp_path, "policy", "rules", **{variable: address})
    assert told.startswith(f"环境变量有误，什么也没有打开，请改正后再启动：\n  {variable}：")


def _main(monkeypatch: pytest.MonkeyPatch, capsys: Any, home: Path, *arguments: str, **environment: str) -> str:
    """What the program says on its way out, which it takes in this process; it fails."""
    assert _ended(monkeypatch, home, *arguments, **environment) not in (0, None)
    told: str = capsys.readouterr().err
    return told


def _ended(monkeypatch: pytest.MonkeyPatch, home: Path, *arguments: str, **environment: str) -> Any:
    """The exit code of the program, run in this process by a careless user."""
    from cli.main import main
    from infra.settings import settings

    before = os.umask(0o022)
    try:
        for name, value in {"HUIYIN_HOME": str(home), **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["huiyin", *arguments])
        settings.cache_clear()
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code
    finally:
        settings.cache_clear()
        os.umask(before)
