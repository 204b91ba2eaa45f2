"""`huiyin rescue`: somebody whom nobody else could let in comes in again, and the auditors hear of it."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from infra.db import reading, transaction
from infra.settings import settings
from ledger.tables import Event, Message
from people.factors import has_factor, new_secret, set_factor
from people.signin import hash_token
from people.tables import SigninLink
from tests.databases import START, SmallOffice, office, office_template, sqlite_template
from tests.ops.command_line import run, speak
from verify.checking import verify

__all__ = ["office", "office_template", "sqlite_template"]
EVENT, MESSAGE = Event.__table__.c, Message.__table__.c  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def database(office: SmallOffice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("HUIYIN_HOME", str(tmp_path))
    monkeypatch.setenv("HUIYIN_DATABASE", str(office.engine.url))
    speak(monkeypatch, "zh_CN")
    yield
    settings.cache_clear()


def test_the_second_factor_is_taken_away_a_link_is_printed_and_auditors_are_told(office: SmallOffice) -> None:
    account, secret = office.accounts["administrator"], new_secret()
    with transaction(office.engine) as connection:
        code = pyotp.TOTP(secret).at(START)
        assert set_factor(connection, account, secret, code, actor=office.actors["administrator"], now=START)
    done = run("rescue", "Administrator")
    assert done.exit_code == 0, done.output
    assert "/signin/link/" in done.output
    with reading(office.engine) as connection:
        assert not has_factor(connection, account)
        (seq,) = connection.execute(select(EVENT.seq).where(EVENT.code == "account:rescued")).scalars()
        told = set(
            connection.execute(select(MESSAGE.recipient).where(MESSAGE.stream == 0, MESSAGE.seq == seq)).scalars()
        )
    assert told == {account, office.accounts["auditor"]}
    with reading(office.engine) as connection:
        codes = set(connection.execute(select(EVENT.code)).scalars())
    assert "account:factor_lifted" in codes
    assert "account:factor_reset" not in codes, "which says that two people did it"
    assert verify(str(office.engine.url)).ok


def test_a_second_rescue_makes_the_first_link_worthless(office: SmallOffice) -> None:
    links = [run("rescue", "administrator").stdout.split()[0].rpartition("/")[2] for _ in range(2)]
    with reading(office.engine) as connection:
        kept = set(connection.execute(select(SigninLink.__table__.c.token_hash)).scalars())  # type: ignore[attr-defined]
    assert [hash_token(link) in kept for link in links] == [False, True]
    assert verify(str(office.engine.url)).ok


def test_a_name_that_nobody_has_is_refused_in_words() -> None:
    done = run("rescue", "nobody")
    assert (done.exit_code, "没有这个登录名" in done.output) == (1, True)
