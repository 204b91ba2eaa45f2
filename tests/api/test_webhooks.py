"""What has happened is told to the addresses that accounts have set: signed, in order, as far as the account may see it, and again
until it is taken."""

import importlib.util
import json
import secrets
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Engine, select

from cases.feed import last_place
from infra.asking import NotAnswered, post, read_address
from infra.db import reading, transaction
from notifications.hooks import DELIVERY, SIGNATURE, TIMESTAMP
from ops.jobs import JOBS, run_job
from people.directory import person
from people.office_keys import LINKS, secret_of_office
from people.posts import end_post, give_post
from people.staffing import close_account
from people.tables import Webhook
from people.webhooks import MARK, MOST_HOOKS, set_hook
from tests.api.listener import Listener, _Told, listening
from tests.api.test_cases import a_petition
from tests.browser.certificates import certificate_of
from tests.databases import Site, SmallOffice, found, serving, step
from tests.web.canaries import mediation_with_canaries, recuse
from tests.web.reading import page
from verify.checking import verify
from workflow.model import AccountId, Role

HOOK = Webhook.__table__.c  # type: ignore[attr-defined]
JOB = next(job for job in JOBS if job.name == "webhooks")


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as made:
        yield made


@pytest.fixture
def inside(office: SmallOffice, tmp_path: Path) -> Iterator[Site]:
    """An office whose webhooks may lead to this machine."""
    with serving(office, tmp_path, webhooks_inside=True) as made:
        yield made


def hook(site: Site, login: str, address: str, *, post_id: int | None = None) -> str:
    with transaction(site.engine) as connection:
        who = person(connection, site.office.accounts[login], post=post_id)
        assert who
        key = secret_of_office(connection, site.settings.home, LINKS, now=site.clock())
        return set_hook(
            connection, who, address, key=key, place=last_place(connection), now=site.clock(), request=secrets.token_hex(16)
        )  # fmt: skip


def run(site: Site) -> dict[str, int]:
    return dict(run_job(JOB, site.engine, site.settings, now=site.clock()))


def told(listener: Listener) -> list[tuple[str, str]]:
    said = [json.loads(one.body) for one in listener.heard]
    return [(entry["event"], entry["public_id"]) for one in said for entry in one["items"]]


def row(site: Site) -> Any:
    with reading(site.engine) as connection:
        return connection.execute(select(*HOOK)).one()


def client() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "docs" / "huiyin_client.py"
    spec = importlib.util.spec_from_file_location("huiyin_client", path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# -- what is told -----------------------------------------------------------------------------------------------------


def test_what_happens_is_told_once_in_order_signed_and_without_a_text(
    engine: Engine, tmp_path: Path, listener: Listener
) -> None:
    with serving(found(engine), tmp_path, webhooks_inside=True) as site:
        before = a_petition(site)
        secret = hook(site, "clerk", listener.address)
        after = a_petition(site)
        assert run(site) == {"posted": 1, "refused": 0}
        assert run(site) == {"posted": 0, "refused": 0}, "there is nothing more"
        assert told(listener) == [("case:registered", after)]
        one = listener.heard[0]
        assert one.path == "/hook?of=huiyin"
        assert before not in one.body.decode()
        assert "停车" not in one.body.decode()
        now = site.clock().timestamp()
        assert client().told_by_webhook(secret, one.headers, one.body, now=now)["items"][0]["public_id"] == after
        assert json.loads(one.body)["delivery"] == one.headers[DELIVERY]


def test_whoever_is_told_notices_what_was_changed_forged_or_sent_again_later(inside: Site, listener: Listener) -> None:
    secret, told_by = hook(inside, "clerk", listener.address), client().told_by_webhook
    a_petition(inside)
    run(inside)
    one, now = listener.heard[0], inside.clock().timestamp()
    assert told_by(secret, one.headers, one.body, now=now + 299)
    forged = {**one.headers, SIGNATURE: "v1=" + "0" * 64}
    later = {**one.headers, TIMESTAMP: str(int(now) + 400)}
    for headers, body, at in ((one.headers, one.body + b" ", now), (forged, one.body, now), (later, one.body, now + 400), (one.headers, one.body, now + 301), ({}, one.body, now)):  # fmt: skip
        with pytest.raises(ValueError, match="not from the office"):
            told_by(secret, headers, body, now=at)
    with pytest.raises(ValueError, match="not from the office"):
        told_by(MARK + "0" * 64, one.headers, one.body, now=now)


def test_nothing_is_told_that_the_account_may_not_see_at_that_moment(inside: Site, listener: Listener) -> None:
    hook(inside, "desk_clerk", listener.address)
    hook(inside, "clerk", listener.address)
    opened = inside.office.tell(
        "petition", step("2026-03-02T09:00", "clerk", "Register", title="停车位", statement="难。", applicant="白某")
    )
    recuse(inside.office, opened.case_id, "clerk")
    seen = a_petition(inside)
    run(inside)
    assert told(listener) == [("case:registered", seen)]


def test_no_word_of_anybody_is_in_what_is_told(inside: Site, listener: Listener) -> None:
    hook(inside, "mediator", listener.address)
    mediation_with_canaries(inside.office)
    run(inside)
    assert len(told(listener)) >= 8
    assert "金丝雀" not in "".join(one.body.decode() for one in listener.heard)


# -- again until it is taken ------------------------------------------------------------------------------------------


def test_what_was_not_taken_is_sent_again_as_it_was_after_the_pauses_of_a_mail(
    inside: Site, listener: Listener
) -> None:
    hook(inside, "clerk", listener.address)
    first, listener.status = a_petition(inside), 500
    assert run(inside) == {"posted": 0, "refused": 1}
    second = a_petition(inside)
    assert run(inside) == {"posted": 0, "refused": 0}, "a minute has not gone by"
    inside.clock.move_to(inside.clock.now + timedelta(minutes=1))
    assert run(inside)["refused"] == 1
    inside.clock.move_to(inside.clock.now + timedelta(minutes=1))
    assert run(inside)["refused"] == 0, "the second pause is two minutes"
    listener.status = 204
    inside.clock.move_to(inside.clock.now + timedelta(minutes=1))
    assert run(inside) == {"posted": 2, "refused": 0}
    tries = [one.headers[DELIVERY] for one in listener.heard]
    assert tries[0] == tries[1] == tries[2] != tries[3]
    assert told(listener) == [("case:registered", first)] * 3 + [("case:registered", second)]
    assert (row(inside).attempts, row(inside).last_error) == (0, None)


def test_after_three_days_it_is_given_up_and_owner_and_auditors_hear_of_it(inside: Site, listener: Listener) -> None:
    hook(inside, "clerk", listener.address)
    a_petition(inside)
    listener.status = 503
    for _ in range(80):
        run(inside)
        inside.clock.move_to(inside.clock.now + timedelta(hours=1))
    assert row(inside).ended_at is not None
    heard = len(listener.heard)
    assert run(inside) == {"posted": 0, "refused": 0}
    assert len(listener.heard) == heard
    assert "停用了动态推送" in inside.session_for("auditor").get("/office-record").text
    assert verify(str(inside.engine.url)).ok


def test_two_programs_at_one_moment_send_it_once(inside: Site, listener: Listener) -> None:
    hook(inside, "clerk", listener.address)
    a_petition(inside)
    both = [threading.Thread(target=run, args=[inside]) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(listener.heard) == 1


# -- whose it is ------------------------------------------------------------------------------------------------------


def test_of_a_closed_account_and_of_a_post_that_is_over_nothing_is_told(inside: Site, listener: Listener) -> None:
    clerk, admin = AccountId(inside.office.accounts["clerk"]), inside.office.actors["administrator"]
    with transaction(inside.engine) as connection:
        room = inside.office.units["room"]
        given = give_post(connection, clerk, role=Role.COORDINATOR, unit=room, actor=admin, now=inside.clock())
    hook(inside, "clerk", listener.address, post_id=given)
    hook(inside, "coordinator", listener.address)
    with transaction(inside.engine) as connection:
        end_post(connection, given, actor=admin, now=inside.clock())
        close_account(connection, inside.office.accounts["coordinator"], now=inside.clock())
    a_petition(inside)
    assert run(inside) == {"posted": 0, "refused": 1}
    assert listener.heard == []
    assert verify(str(inside.engine.url)).ok


def test_the_owner_sets_a_hook_sees_how_it_goes_and_ends_it(inside: Site, listener: Listener) -> None:
    browser = inside.session_for("clerk")
    form = page(browser, "/account/webhooks").form("/account/webhooks")
    shown = [browser.post("/account/webhooks", data=form.typed(address=listener.address)) for _ in range(2)]
    assert [answer.status_code for answer in shown] == [200, 200]
    secret = MARK + shown[0].text.partition(MARK)[2].partition("<")[0]
    assert secret in shown[1].text, "the same form sets one hook"
    with reading(inside.engine) as connection:
        assert secret not in repr(connection.execute(select(*HOOK)).all())
    a_petition(inside)
    listener.status = 404
    run(inside)
    assert "对方回答 404" in page(browser, "/account/webhooks").text
    ending = next(form for form in page(browser, "/account/webhooks").forms if form.action.endswith("/end"))
    other = inside.session_for("mediator")
    token = page(other, "/account/webhooks").form("/account/webhooks").values["form_token"]
    assert other.post(ending.action, data={"form_token": token}).status_code == 303
    assert row(inside).ended_at is None, "somebody else's is none of theirs"
    assert browser.post(ending.action, data=ending.values).headers["location"].endswith("done=webhook_ended")
    inside.clock.move_to(inside.clock.now + timedelta(hours=1))
    run(inside)
    assert len(listener.heard) == 1
    assert verify(str(inside.engine.url)).ok


def test_an_account_has_so_many_hooks_and_no_more(inside: Site, listener: Listener) -> None:
    for _ in range(MOST_HOOKS):
        hook(inside, "clerk", listener.address)
    browser = inside.session_for("clerk")
    form = page(browser, "/account/webhooks").form("/account/webhooks")
    assert browser.post("/account/webhooks", data=form.typed(address=listener.address)).status_code == 422


# -- where it goes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "", "example.org", "http://example.org/", "https://", "https://user:word@example.org/", "https://example.org/#x",
        "ftp://example.org/", "https://exa mple.org/", "https://example.org:99999/", "https://例.org/", "https://example.org/\\x",
        "https://example.org/" + "x" * 500, "file:///etc/passwd", "http://127.0.0.1/", "https://[::1", "https://a\r\nb/",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_on_the_page(address: str, site: Site) -> None:
    browser = site.session_for("clerk")
    form = page(browser, "/account/webhooks").form("/account/webhooks")
    assert browser.post("/account/webhooks", data=form.typed(address=address)).status_code == 422


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0", "100.64.0.1", "[::1]",
        "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "2130706433", "0x7f.1",
    ],
)  # fmt: skip
def test_nothing_inside_is_ever_asked_under_whatever_name(host: str) -> None:
    where = read_address(f"https://{host}/", may_be_inside=False)
    with pytest.raises(NotAnswered) as raised:
        post(where, b"{}", {}, may_be_inside=False)
    assert raised.value.code in ("inside", "unknown_name")


def test_an_office_that_has_not_allowed_it_posts_nothing_to_this_machine(site: Site, listener: Listener) -> None:
    hook(site, "clerk", listener.address)
    hook(site, "clerk", f"https://127.0.0.1:{listener.port}/")
    a_petition(site)
    assert run(site) == {"posted": 0, "refused": 2}
    assert listener.heard == []


def test_nobody_is_followed_elsewhere(inside: Site, listener: Listener) -> None:
    hook(inside, "clerk", listener.address)
    a_petition(inside)
    with listening() as other:
        listener.status, listener.location = 307, other.address
        assert run(inside)["refused"] == 1
        assert other.heard == []
    assert row(inside).last_error == "status_307"


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_of("localhost", tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Told) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        where = read_address(f"https://localhost:{server.server_address[1]}/", may_be_inside=True)
        with pytest.raises(NotAnswered, match="not_trusted"):
            post(where, b"{}", {}, may_be_inside=True)
        server.shutdown()


def test_a_server_that_does_not_come_to_an_end_is_left(listener: Listener) -> None:
    listener.dribbles = True
    with pytest.raises(NotAnswered, match="no_answer"):
        post(read_address(listener.address, may_be_inside=True), b"{}", {}, may_be_inside=True, whole=0.5)


def test_nobody_there_is_no_connection() -> None:
    where = read_address("http://127.0.0.1:9/", may_be_inside=True)
    with pytest.raises(NotAnswered, match="no_connection"):
        post(where, b"{}", {}, may_be_inside=True)
