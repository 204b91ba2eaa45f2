"""Settings and moments that are wrong: each ends with a sentence that says what to do and its exit code, before anything is
opened or made; never with a traceback, and never with a secret."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import Result

import migrations
from infra.i18n import LANGUAGES
from infra.settings import Settings, settings
from tests.databases import opened
from tests.ops.command_line import ASKED_WRONGLY, UNREADABLE, WRONG, _office_file, home, office, run, speak
from tests.servers import ROOT, free_port

__all__ = ["_office_file", "home", "office"]

SECRET = "geh3im%40wort"  # as an address spells it; what a driver makes of it is looked for too
SECRETS = ("geh3im", "wort")
SMTP = {"SMTP_HOST": "mail.example.cn", "SMTP_USER": "huiyin", "SMTP_PASSWORD": SECRET, "SMTP_TLS": "tls"}

#: What is set, beside a home; the variable that is named, and what is said of it.
WRONG_SETTINGS: list[tuple[Mapping[str, str], str, str]] = [
    ({"PROT": "9000"}, "HUIYIN_PROT", "Did you mean HUIYIN_PORT?"),
    ({"SMTP_PASWORD": SECRET}, "HUIYIN_SMTP_PASWORD", "Did you mean HUIYIN_SMTP_PASSWORD?"),
    ({"DATABSE": f"postgresql://u:{SECRET}@h/n"}, "HUIYIN_DATABSE", "Did you mean HUIYIN_DATABASE?"),
    ({"PUBLICURL": "https://a.example"}, "HUIYIN_PUBLICURL", "Did you mean HUIYIN_PUBLIC_URL?"),
    ({"SOMETHING_ELSE": "1"}, "HUIYIN_SOMETHING_ELSE", "no such variable"),
    ({"PORT_8000_TCP_ADDR": "10.0.0.1"}, "HUIYIN_PORT_8000_TCP_ADDR", "no such variable"),
    ({"PORT": "0"}, "HUIYIN_PORT", "1–65535"),
    ({"PORT": "-1"}, "HUIYIN_PORT", "1–65535"),
    ({"PORT": "65536"}, "HUIYIN_PORT", "1–65535"),
    ({"PORT": "80a"}, "HUIYIN_PORT", "80a"),
    ({"PORT": "8000.5"}, "HUIYIN_PORT", "8000.5"),
    ({"PORT": "tcp://10.0.0.1:8000"}, "HUIYIN_PORT", "1–65535"),
    ({"PORT": "9" * 5000}, "HUIYIN_PORT", "1–65535"),
    ({"SMTP_PORT": "smtp"}, "HUIYIN_SMTP_PORT", "1–65535"),
    ({"SMTP_PORT": "70000"}, "HUIYIN_SMTP_PORT", "1–65535"),
    ({"SMTP_TIMEOUT": "0"}, "HUIYIN_SMTP_TIMEOUT", "0–600"),
    ({"SMTP_TIMEOUT": "nan"}, "HUIYIN_SMTP_TIMEOUT", "0–600"),
    ({"SMTP_TIMEOUT": "inf"}, "HUIYIN_SMTP_TIMEOUT", "0–600"),
    ({"SMTP_TIMEOUT": "half a minute"}, "HUIYIN_SMTP_TIMEOUT", "0–600"),
    ({"SECURE_COOKIES": "ja"}, "HUIYIN_SECURE_COOKIES", "neither true nor false"),
    ({"TRUSTED_PROXY": "nginx"}, "HUIYIN_TRUSTED_PROXY", "neither true nor false"),
    ({"TRUSTED_PROXY": "2"}, "HUIYIN_TRUSTED_PROXY", "neither true nor false"),
    ({"SMTP_PASSWORD_IN_CLEAR": "perhaps"}, "HUIYIN_SMTP_PASSWORD_IN_CLEAR", "neither true nor false"),
    ({"LANGUAGE": "fr"}, "HUIYIN_LANGUAGE", "zh_CN or en"),
    ({"LANGUAGE": "中文"}, "HUIYIN_LANGUAGE", "zh_CN or en"),
    ({"LANGUAGE": "enzh"}, "HUIYIN_LANGUAGE", "zh_CN or en"),
    ({"SMTP_TLS": "startls"}, "HUIYIN_SMTP_TLS", "none, starttls, tls"),
    ({"SMTP_TLS": "true"}, "HUIYIN_SMTP_TLS", "none, starttls, tls"),
    ({"SMTP_TLS": "STARTTLS"}, "HUIYIN_SMTP_TLS", "none, starttls, tls"),
    ({"PUBLIC_URL": "huiyin.example.cn"}, "HUIYIN_PUBLIC_URL", "begins with https://"),
    ({"PUBLIC_URL": "//huiyin.example.cn"}, "HUIYIN_PUBLIC_URL", "begins with https://"),
    ({"PUBLIC_URL": "ftp://huiyin.example.cn"}, "HUIYIN_PUBLIC_URL", "begins with https://"),
    ({"PUBLIC_URL": "https://"}, "HUIYIN_PUBLIC_URL", "begins with https://"),
    ({"PUBLIC_URL": "https://a b.example"}, "HUIYIN_PUBLIC_URL", "begins with https://"),
    ({"PUBLIC_URL": "https://[::1"}, "HUIYIN_PUBLIC_URL", "begins with https://"),
    ({"PUBLIC_URL": "https://a.example:port"}, "HUIYIN_PUBLIC_URL", "begins with https://"),
    ({"PUBLIC_URL": f"https://u:{SECRET}@a.example"}, "HUIYIN_PUBLIC_URL", "without a user"),
    ({"PUBLIC_URL": "https://a.example/huiyin"}, "HUIYIN_PUBLIC_URL", "below a path"),
    ({"PUBLIC_URL": "https://a.example/?x=1"}, "HUIYIN_PUBLIC_URL", "below a path"),
    ({"PUBLIC_URL": "http://a.example", "SECURE_COOKIES": "true"}, "HUIYIN_SECURE_COOKIES", "nobody could sign in"),
    ({"HOST": "http://0.0.0.0"}, "HUIYIN_HOST", "without a port"),
    ({"HOST": "0.0.0.0:8000"}, "HUIYIN_HOST", "without a port"),
    ({"HOST": "a b"}, "HUIYIN_HOST", "without a port"),
    ({**SMTP, "SMTP_HOST": "mail.example.cn:587"}, "HUIYIN_SMTP_HOST", "without a port"),
    ({**SMTP, "SMTP_HOST": "smtp://mail.example.cn"}, "HUIYIN_SMTP_HOST", "without a port"),
    ({**SMTP, "SMTP_HOST": ""}, "HUIYIN_SMTP_HOST", "would become files"),
    ({**SMTP, "SMTP_USER": ""}, "HUIYIN_SMTP_USER", "together"),
    ({**SMTP, "SMTP_PASSWORD": ""}, "HUIYIN_SMTP_PASSWORD", "together"),
    ({**SMTP, "SMTP_TLS": ""}, "HUIYIN_SMTP_TLS", "unencrypted"),
    ({**SMTP, "SMTP_TLS": "none"}, "HUIYIN_SMTP_TLS", "unencrypted"),
    ({**SMTP, "SMTP_TLS": "none", "SMTP_HOST": "127.0.0.1.example.cn"}, "HUIYIN_SMTP_TLS", "unencrypted"),
    ({"MAIL_FROM": "nobody"}, "HUIYIN_MAIL_FROM", "not an address that mail servers take"),
    ({"MAIL_FROM": "a@b%0d%0aBcc:x@y"}, "HUIYIN_MAIL_FROM", "not an address that mail servers take"),
    ({"MAIL_FROM": "a@b.cn\nBcc: x@y"}, "HUIYIN_MAIL_FROM", "cannot be seen"),
    ({"MAIL_DOMAIN": "a b"}, "HUIYIN_MAIL_DOMAIN", "not a domain"),
    ({"MAIL_DOMAIN": "-"}, "HUIYIN_MAIL_DOMAIN", "not a domain"),
    ({"HOME": "a\nb"}, "HUIYIN_HOME", "cannot be seen"),
    ({"DATABASE": "nonsense"}, "HUIYIN_DATABASE", "no address of a database"),
    ({"DATABASE": f"postgres://u:{SECRET}@h/n"}, "HUIYIN_DATABASE", "postgresql+psycopg://"),
    ({"DATABASE": f"mysql://u:{SECRET}@h/n"}, "HUIYIN_DATABASE", "postgresql+psycopg://"),
    ({"DATABASE": f"postgresql+psycopg://u:{SECRET}@h:port/n"}, "HUIYIN_DATABASE", "no address of a database"),
    ({"DATABASE": f"postgresql+psycopg://u:{SECRET}@h"}, "HUIYIN_DATABASE", "is missing at the end"),
    ({"DATABASE": "sqlite://"}, "HUIYIN_DATABASE", "is missing at the end"),
    ({"DATABASE": "sqlite:///:memory:"}, "HUIYIN_DATABASE", "is missing at the end"),
]


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is there, on the machine of somebody who has set nothing else, before an empty folder."""
    home.mkdir()
    for name in list(os.environ):
        if name.startswith("HUIYIN_") and name not in ("HUIYIN_HOME", "HUIYIN_LANGUAGE"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(home)
    return home


def put(monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"HUIYIN_{name}", value)
    settings.cache_clear()


def refused(done: Result, exit_code: int, *said: str) -> None:
    assert (done.exit_code, done.stdout) == (exit_code, ""), done.stderr
    for words in said:
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert '"trace"' not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4
    assert not any(secret in done.stderr for secret in SECRETS)


@pytest.mark.parametrize(("given", "name", "said"), WRONG_SETTINGS, ids=lambda value: ascii(value)[:60])
def test_a_setting_that_is_wrong_is_named_before_anything_is_opened(
    given: Mapping[str, str], name: str, said: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, given)
    refused(run("sweep"), ASKED_WRONGLY, name, said)
    assert list(place.iterdir()) == []


def test_so_many_wrong_settings_are_tried() -> None:
    assert len(WRONG_SETTINGS) >= 60


def test_all_that_is_wrong_is_said_at_once_in_the_language_that_was_set(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, {"LANGUAGE": "zh_CN", "PORT": "x", "PROT": "1", "SMTP_TLS": "startls"})
    done = run("sweep")
    assert done.exit_code == ASKED_WRONGLY
    assert done.stderr.splitlines() == [
        "环境变量有误，什么也没有打开，请改正后再启动：",
        "  HUIYIN_PROT：没有这个变量，是否想写 HUIYIN_PORT？",
        "  HUIYIN_PORT：“x”不在 1–65535 之内，请填这个范围内的数。",
        "  HUIYIN_SMTP_TLS：“startls”不可用，请填其中一个：none, starttls, tls。",
    ]


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"LANGUAGE": "zh-Hans"}, "language", "zh_CN"),
        ({"LANGUAGE": "en_GB.UTF-8"}, "language", "en"),
        ({"PORT": " 9000 "}, "port", 9000),
        ({"HOST": "::1", "PORT": "9"}, "host", "::1"),
        ({"SECURE_COOKIES": "yes"}, "secure_cookies", True),
        ({"PUBLIC_URL": "https://a.example/"}, "secure_cookies", True),
        ({"PUBLIC_URL": "https://a.example", "SECURE_COOKIES": "false"}, "secure_cookies", False),
        ({"PUBLIC_URL": "http://a.example"}, "secure_cookies", False),
        ({"DATABASE": "", "PORT": ""}, "port", 8000),
        ({**SMTP, "SMTP_TLS": "none", "SMTP_HOST": "localhost"}, "smtp_tls", "none"),
        ({**SMTP, "SMTP_TLS": "none", "SMTP_HOST": "127.0.0.9"}, "smtp_tls", "none"),
        ({**SMTP, "SMTP_TLS": "none", "SMTP_HOST": "::1"}, "smtp_tls", "none"),
        ({**SMTP, "SMTP_TLS": "none", "SMTP_PASSWORD_IN_CLEAR": "true"}, "smtp_tls", "none"),
        ({"PG_BIN": "/usr", "CHROMIUM": ""}, "port", 8000),
    ],
    ids=lambda value: ascii(value)[:60],
)
@pytest.mark.usefixtures("place")
def test_what_is_right_is_taken(
    given: Mapping[str, str], name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, given)
    assert getattr(settings(), name) == value


def test_a_secret_stands_in_no_description_of_the_settings() -> None:
    made = Settings(
        smtp_host="127.0.0.1", smtp_user="u", smtp_password=SECRET, database=f"postgresql+psycopg://u:{SECRET}@h/n"
    )  # type: ignore[arg-type]  # a secret is given as text
    assert not any(secret in repr(made) + str(made) for secret in SECRETS)


# -- moments ----------------------------------------------------------------------------------------------------------

#: Commands that work with the office: in the wrong place they find nothing, and leave nothing.
COMMANDS = (
    ("sweep",), ("sweep", "--job", "deliver"), ("serve",), ("verify",), ("anchor", "make"), ("anchor", "list"), ("rescue", "admin"),
    ("serials", "2026"), ("bulletin", "2026-03"), ("assess", "signs", "2026"), ("as-of", "2026-03-02T10:00"),
    ("pack", "x", "--out", "x.zip"), ("assess", "sheets", "2026"), ("scheme", "choose", "LIGHTS-A"),
    ("export", "closures", "c.csv", "--from", "2026-01-01", "--to", "2026-12-31"), ("policy", "versions"),
)  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_in_a_wrong_place_a_command_says_so_and_makes_no_office(arguments: tuple[str, ...], place: Path) -> None:
    done = run(*arguments)
    refused(done, UNREADABLE, str(place / "huiyin.db"))
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("arguments", [("sweep",), ("verify",)], ids=" ".join)
def test_a_home_that_is_not_there_is_not_made(arguments: tuple[str, ...], home: Path) -> None:
    refused(run(*arguments), UNREADABLE, str(home / "huiyin.db"))
    assert not home.exists()


@pytest.mark.parametrize("arguments", [one for one in COMMANDS if one != ("verify",)], ids=" ".join)
def test_an_empty_database_is_called_empty(arguments: tuple[str, ...], place: Path) -> None:
    with closing(sqlite3.connect(place / "huiyin.db")) as made:
        made.execute("PRAGMA user_version = 1").close()
    refused(run(*arguments), UNREADABLE, "is empty")


def test_a_database_without_an_office_is_not_verified_as_sound(place: Path) -> None:
    with opened(f"sqlite:///{place / 'huiyin.db'}") as engine:
        migrations.upgrade(engine)
    refused(run("verify"), UNREADABLE, "there is no office in it")
    refused(run("sweep"), WRONG, "huiyin init")


def _no_database(path: Path) -> None:
    path.write_text("no database at all, only words, again and again. " * 200, "utf-8")


def _broken(path: Path) -> None:
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE alembic_version (version_num TEXT)").close()
        made.commit()
    content = bytearray(path.read_bytes())
    content[100:4000] = b"\xff" * 3900
    path.write_bytes(content)


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "said"), [(_no_database, "is no database"), (_broken, "is damaged"), (_folder, "cannot be opened")]
)
@pytest.mark.parametrize("command", ["sweep", "serve"])
def test_a_file_that_is_no_sound_database_is_called_so(make: object, said: str, command: str, place: Path) -> None:
    make(place / "huiyin.db")  # type: ignore[operator]
    refused(run(command), UNREADABLE, said)


@pytest.mark.parametrize(
    "command", [("sweep",), ("init", "--name", "甲", "--short-name", "乙", "--email", "a@b.cn")], ids=lambda one: one[0]
)
def test_a_home_below_a_file_is_refused(
    command: tuple[str, ...], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    put(monkeypatch, {"HOME": str(tmp_path / "file" / "home")})
    done = run(*command)
    assert done.exit_code == UNREADABLE
    assert str(tmp_path / "file") in done.stderr


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="a place where nobody may write")
@pytest.mark.usefixtures("home")
def test_a_home_where_nobody_may_write_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, {"HOME": "/sys/kernel/huiyin"})
    refused(run("init", "--name", "甲", "--short-name", "乙", "--email", "a@b.cn"), UNREADABLE, "/sys/kernel")


@pytest.fixture
def nobody_listens() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize("command", ["sweep", "verify", "serve"])
@pytest.mark.usefixtures("place")
def test_a_server_that_is_down_is_called_so(command: str, nobody_listens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, {"DATABASE": f"postgresql+psycopg://u:{SECRET}@127.0.0.1:{nobody_listens}/huiyin"})
    done = run(command)
    refused(done, UNREADABLE, "cannot be reached")


@pytest.mark.usefixtures("place")
def test_a_password_that_was_not_spelled_for_an_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind its @ is taken for the host, and drivers repeat hosts."""
    put(monkeypatch, {"DATABASE": "postgresql+psycopg://u:geh3im@wort@localhost.invalid/huiyin"})
    for command in ("sweep", "verify"):
        done = run(command)
        assert done.exit_code == UNREADABLE
        assert not any(secret in done.stderr for secret in SECRETS), done.stderr


@pytest.mark.usefixtures("place")
def test_no_such_database_on_a_server_and_an_empty_one(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = postgres.replace("postgresql://", "postgresql+psycopg://")
    base, _, query = server.partition("?")
    gone = f"{base.rsplit('/', 1)[0]}/no_such_database" + (f"?{query}" if query else "")
    put(monkeypatch, {"DATABASE": gone})
    refused(run("sweep"), UNREADABLE, "no such database on the server")
    put(monkeypatch, {"DATABASE": server})
    refused(run("sweep"), UNREADABLE, "is empty")


def test_a_port_that_is_taken_is_named(_office_file: Path) -> None:  # noqa: PT019 (its path is needed)
    """By the program as it is started: routes cannot be defined while the clock is set."""

    def served(**given: str) -> "subprocess.CompletedProcess[str]":
        there = {**os.environ, "HUIYIN_HOME": str(_office_file.parent), "HUIYIN_LANGUAGE": "en", **given}
        return subprocess.run(
            [sys.executable, "-m", "cli.main", "serve"], cwd=ROOT, env=there, timeout=60, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        done = served(HUIYIN_PORT=str(port))
        assert (done.returncode, done.stdout) == (UNREADABLE, "")
        assert f"127.0.0.1:{port} is taken" in done.stderr
        done = served(HUIYIN_METRICS_PORT=str(port), HUIYIN_PORT=str(free_port()))
        assert done.returncode == UNREADABLE
        assert f"127.0.0.1:{port} is taken" in done.stderr
    done = served(HUIYIN_HOST="192.0.2.1")
    assert done.returncode == UNREADABLE
    assert "cannot listen on 192.0.2.1" in done.stderr
    assert "Traceback" not in done.stderr


def _exposed(path: Path) -> None:
    path.write_bytes(b"x" * 32)
    path.chmod(0o644)


def _empty(path: Path) -> None:
    path.touch(mode=0o600)


@pytest.mark.parametrize(
    ("make", "exit_code", "said"),
    [(_exposed, WRONG, "chmod 600"), (_empty, UNREADABLE, "copy"), (_folder, UNREADABLE, "is a folder")],
)
def test_a_key_that_cannot_be_used_is_called_so(make: object, exit_code: int, said: str, office: Path) -> None:
    (office / "keys").mkdir(mode=0o700)
    made = office / "keys" / "anchor.pem"
    make(made)  # type: ignore[operator]
    if made.is_dir():
        made.chmod(0o700)
    refused(run("anchor", "make"), exit_code, said, str(made))


def test_a_database_of_a_newer_program_is_called_so(office: Path) -> None:
    with closing(sqlite3.connect(office / "huiyin.db")) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'").close()
        newer.commit()
    refused(run("sweep"), UNREADABLE, "a newer program")


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_is_given_whatever_is_set(language: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, language)
    put(monkeypatch, {"PROT": "1"})
    assert run("--help").exit_code == 0


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    settings.cache_clear()
