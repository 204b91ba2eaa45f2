"""Passkeys on each database: what is spent once is spent once, and what is written behind the program's back is found."""

import json
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from infra.db import transaction
from people.passkeys import Place, Used, add_passkey, begin_adding, begin_sign_in, passkeys_of, use_passkey
from tests.databases import START, SmallOffice, found
from tests.web.authenticator import Device
from verify.checking import verify
from workflow.model import AccountId

PLACE = Place(name="huiyin.example.cn", origin="https://huiyin.example.cn")
BROWSER = "a random value of a browser"


def added(office: SmallOffice, login: str) -> Device:
    account, actor, device = office.accounts[login], office.actors[login], Device(origin=PLACE.origin)
    with transaction(office.engine) as connection:
        options = begin_adding(
            connection, account, PLACE, browser=BROWSER, login=login, office="滨园", actor=actor, now=START, spent={}
        )
        answer = device.create(json.loads(options))
        assert add_passkey(connection, account, answer, PLACE, browser=BROWSER, name="电脑", actor=actor, now=START)
    return device


def answer_of(office: SmallOffice, device: Device) -> str:
    with transaction(office.engine) as connection:
        return device.sign(json.loads(begin_sign_in(connection, PLACE, browser=BROWSER, now=START)))


def used(office: SmallOffice, answer: str) -> Used | None:
    with transaction(office.engine) as connection:
        return use_passkey(connection, answer, PLACE, browser=BROWSER, now=START)


def test_a_passkey_is_added_and_used_on_each_database(engine: Engine) -> None:
    office = found(engine)
    device = added(office, "clerk")
    answer = answer_of(office, device)
    first = used(office, answer)
    assert first is not None
    assert first.account == office.accounts["clerk"]
    assert used(office, answer) is None


def test_of_two_who_send_one_answer_at_one_moment_one_is_let_in(engine: Engine) -> None:
    office = found(engine)
    answer = answer_of(office, added(office, "clerk"))
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda one: used(office, one), [answer] * 4))
    assert sum(verdict is not None for verdict in verdicts) == 1


def test_the_newest_challenge_of_a_browser_is_the_only_one(engine: Engine) -> None:
    office = found(engine)
    device = added(office, "clerk")
    older = answer_of(office, device)
    answer_of(office, device)
    assert used(office, older) is None


def test_a_passkey_that_was_written_or_given_to_another_behind_the_programs_back_is_found(sqlite: Engine) -> None:
    office = found(sqlite)
    added(office, "clerk")
    url = sqlite.url.render_as_string(hide_password=False)
    assert verify(url).ok
    other = office.accounts["coordinator"]
    for change, code in (
        ("UPDATE passkey SET account_id = :other", "office.differs account_id"),
        ("UPDATE passkey SET public_key = 'another'", "office.differs public_key"),
        ("UPDATE passkey SET name = 'another'", "office.differs name"),
        ("UPDATE passkey SET sign_count = 0", "office.differs sign_count"),
        ("UPDATE passkey SET credential_id = 'planted'", "office.orphan None"),
    ):
        with transaction(sqlite) as connection:
            before = connection.execute(text("SELECT * FROM passkey")).mappings().one()
            connection.execute(text(change), {"other": other} if ":other" in change else {})
        faults = [f"{one.code} {one.column}" for one in verify(url).findings if one.table == "passkey"]
        assert faults == [code]
        with transaction(sqlite) as connection:
            connection.execute(text("DELETE FROM passkey"))
            columns = ", ".join(before)
            values = ", ".join(f":{name}" for name in before)
            connection.execute(text(f"INSERT INTO passkey ({columns}) VALUES ({values})"), dict(before))
    with transaction(sqlite) as connection:
        assert [one.name for one in passkeys_of(connection, AccountId(office.accounts["clerk"]))] == ["电脑"]
