"""Access tokens: issued by the owner, shown once, kept as a hash, and worth what the account is worth at that moment."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from starlette.testclient import TestClient

from infra.db import reading, transaction
from people.posts import end_post, give_post
from people.signin import set_password
from people.staffing import close_account, move_account, reopen_account
from people.tables import AccessToken
from people.tokens import MARK, MOST_TOKENS, SCOPES
from tests.api.programs import V1, Program, program, token_of
from tests.api.test_cases import a_petition, refused
from tests.databases import Site, form_token
from tests.web.reading import page
from tests.web.test_security import PASSWORD, try_password, with_password
from verify.checking import verify
from workflow.model import AccountId, Role

TOKEN = AccessToken.__table__.c  # type: ignore[attr-defined]


def issue(browser: TestClient, **typed: Any) -> Any:
    form = page(browser, "/account/tokens").form("/account/tokens")
    said = {"name": "热线平台", "scopes": ["read", "intake"], "days": "90", **typed}
    return browser.post("/account/tokens", data=form.typed(**said))


def shown(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return MARK + str(answer.text.partition(MARK)[2].partition("<")[0])


def status(site: Site, token: str, path: str = "/me") -> int:
    return int(Program(site.browser(), token).get(path).status_code)


# -- issuing ----------------------------------------------------------------------------------------------------------


def test_the_owner_issues_a_token_which_is_shown_once_and_kept_as_a_hash(site: Site) -> None:
    browser = site.session_for("clerk")
    token = shown(issue(browser))
    listed = browser.get("/account/tokens").text
    assert token not in listed
    assert "热线平台" in listed
    assert "尚未使用" in listed
    said = Program(site.browser(), token).get("/me").json()
    assert said["scopes"] == ["read", "intake"]
    assert "尚未使用" not in browser.get("/account/tokens").text
    with reading(site.engine) as connection:
        row = connection.execute(select(*TOKEN)).one()
    assert token not in repr(row)
    assert row.expires_at == site.clock.now + timedelta(days=90)


def test_the_same_form_sent_twice_issues_one_token(site: Site) -> None:
    browser = site.session_for("clerk")
    form = page(browser, "/account/tokens").form("/account/tokens").typed(name="甲", scopes="read", days="30")
    assert len({shown(browser.post("/account/tokens", data=form)) for _ in range(2)}) == 1
    assert len(named(browser)) == 1


@pytest.mark.parametrize(
    ("typed", "field"), [({"name": " "}, "name"), ({"name": "长" * 41}, "name"), ({"scopes": []}, "scopes"), ({"scopes": "all"}, "scopes"), ({"days": "366"}, "days"), ({"days": ""}, "days")]
)  # fmt: skip
def test_what_is_wrong_with_a_new_token_is_said_at_its_field(typed: Any, field: str, site: Site) -> None:
    browser = site.session_for("clerk")
    answer = issue(browser, **typed)
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    assert named(browser) == []


def test_an_account_has_so_many_tokens_and_no_more(site: Site) -> None:
    for _ in range(MOST_TOKENS):
        token_of(site, "clerk")
    assert issue(site.session_for("clerk")).status_code == 422


@pytest.mark.usefixtures("fast_passwords")
def test_whoever_signed_in_by_password_gives_it_again_and_is_slowed(site: Site) -> None:
    with_password(site, "clerk")
    browser = site.browser()
    assert try_password(browser, "clerk", PASSWORD).status_code == 303
    assert issue(browser).status_code == 422
    assert [issue(browser, password=f"wrong {n}").status_code for n in range(6)] == [422] * 5 + [429]
    site.clock.move_to(site.clock.now + timedelta(hours=1))
    browser = site.browser()
    assert try_password(browser, "clerk", PASSWORD).status_code == 303
    assert shown(issue(browser, password=PASSWORD))


def test_owner_and_auditors_hear_of_a_new_token_and_the_record_vouches_for_it(site: Site) -> None:
    token_of(site, "clerk")
    record = site.session_for("auditor").get("/office-record").text
    assert "签发了访问令牌" in record
    assert verify(str(site.engine.url)).ok
    with transaction(site.engine) as connection:
        connection.execute(
            update(AccessToken).values(scopes=" ".join(SCOPES), account_id=site.office.accounts["upstream"])
        )
    assert not verify(str(site.engine.url)).ok


def test_a_token_that_somebody_put_into_the_database_is_noticed(site: Site) -> None:
    token_of(site, "clerk")
    with transaction(site.engine) as connection:
        connection.execute(update(AccessToken).values(token_hash="0" * 64))
    assert not verify(str(site.engine.url)).ok


def test_a_token_that_somebody_took_out_of_the_database_is_noticed(site: Site) -> None:
    token_of(site, "clerk")
    with transaction(site.engine) as connection:
        connection.execute(delete(AccessToken))
    assert not verify(str(site.engine.url)).ok


# -- what it is worth -------------------------------------------------------------------------------------------------


def test_without_a_token_or_with_a_wrong_one_nothing_is_there(site: Site) -> None:
    a_petition(site)
    for path in ("/me", "/cases", "/feed", "/cases/x", "/orders/1"):
        missing = Program(site.browser(), "").get(path)
        refused(missing, 401, "token_missing")
        assert missing.headers["www-authenticate"].startswith("Bearer")
        refused(Program(site.browser(), MARK + "0" * 64).get(path), 401, "token_unknown")


def test_the_session_of_a_browser_opens_nothing_of_the_interface(site: Site) -> None:
    browser = site.session_for("clerk")
    assert browser.get(f"{V1}/me").status_code == 401
    answer = browser.post(f"{V1}/cases", json={"matter": "petition"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 401


def test_a_token_opens_no_page(site: Site) -> None:
    headers = {"Authorization": f"Bearer {token_of(site, 'clerk')}"}
    assert site.browser().get("/work", headers=headers).headers["location"] == "/signin"


@pytest.mark.parametrize(
    ("scope", "path"), [("read", "/cases"), ("feed", "/feed"), ("intake", "/matters"), ("intake", "/orders/1")]
)
def test_a_token_is_for_what_it_was_issued_for(scope: str, path: str, site: Site) -> None:
    others = [one for one in SCOPES if one != scope]
    said = refused(program(site, "clerk", others).get(path), 403, "scope_missing")
    assert said["scope"] == scope
    assert program(site, "clerk", [scope]).get(path).status_code in (200, 404)


def test_a_token_that_may_only_look_takes_no_step(site: Site) -> None:
    public_id = a_petition(site)
    one = program(site, "clerk", ["read", "feed", "intake"])
    refused(one.step(public_id, "Accept", version=1), 403, "scope_missing")
    assert one.read(f"/cases/{public_id}")["version"] == 1


def test_a_token_ends_when_its_days_are_over(site: Site) -> None:
    token = token_of(site, "clerk", days=30)
    site.clock.move_to(site.clock.now + timedelta(days=30) - timedelta(seconds=1))
    assert status(site, token) == 200
    site.clock.move_to(site.clock.now + timedelta(seconds=1))
    assert status(site, token) == 401


def test_the_owner_ends_a_token_and_nobody_elses(site: Site) -> None:
    token, others = token_of(site, "clerk"), token_of(site, "mediator")
    clerk, mediator = site.session_for("clerk"), site.session_for("mediator")
    assert end(clerk, named(mediator)[0]).status_code == 303
    assert (status(site, token), status(site, others)) == (200, 200)
    assert end(clerk, named(clerk)[0]).headers["location"] == "/account/tokens?done=token_ended"
    assert (status(site, token), status(site, others)) == (401, 200)
    assert verify(str(site.engine.url)).ok


def test_the_administrator_ends_all_tokens_of_an_account(site: Site) -> None:
    tokens, other = [token_of(site, "clerk") for _ in range(3)], token_of(site, "mediator")
    browser, clerk = site.session_for("administrator"), site.office.accounts["clerk"]
    form = page(browser, f"/people/{clerk}/change").form(f"/people/{clerk}/tokens/end")
    assert browser.post(form.action, data=form.values).status_code == 303
    assert {status(site, token) for token in tokens} == {401}
    assert status(site, other) == 200
    assert not page(browser, f"/people/{clerk}/change").has_form("/tokens/end")
    assert verify(str(site.engine.url)).ok


def test_whoever_changes_the_password_ends_what_the_old_one_opened(site: Site) -> None:
    token = token_of(site, "clerk")
    with transaction(site.engine) as connection:
        set_password(connection, site.office.accounts["clerk"], "a hash", now=site.clock())
    assert status(site, token) == 401


def test_a_closed_account_has_no_token_and_gets_none_back(site: Site) -> None:
    token, clerk = token_of(site, "clerk"), site.office.accounts["clerk"]
    with transaction(site.engine) as connection:
        close_account(connection, clerk, now=site.clock())
    assert status(site, token) == 401
    with transaction(site.engine) as connection:
        reopen_account(connection, clerk, now=site.clock())
    assert status(site, token) == 401


def test_whoever_is_moved_reaches_what_they_reach_now(site: Site) -> None:
    public_id = a_petition(site)
    one = program(site, "clerk")
    assert one.get(f"/cases/{public_id}").status_code == 200
    with transaction(site.engine) as connection:
        move_account(
            connection, site.office.accounts["clerk"], site.office.units["desk"], now=site.clock(),
            actor=site.office.actors["administrator"],
        )  # fmt: skip
    assert one.get(f"/cases/{public_id}").status_code == 404


def test_a_token_of_a_post_is_worth_nothing_once_the_post_is_over(site: Site) -> None:
    clerk, admin = AccountId(site.office.accounts["clerk"]), site.office.actors["administrator"]
    with transaction(site.engine) as connection:
        post = give_post(
            connection, clerk, role=Role.COORDINATOR, unit=site.office.units["room"], actor=admin, now=site.clock()
        )
    token = token_of(site, "clerk", post=post)
    assert Program(site.browser(), token).get("/me").json()["role"]["code"] == "coordinator"
    with transaction(site.engine) as connection:
        end_post(connection, post, actor=admin, now=site.clock())
    assert status(site, token) == 401, "and not as what the account was made for"


def test_wrong_tokens_are_slowed_and_a_right_one_is_not(site: Site) -> None:
    right = token_of(site, "clerk")
    answers = [Program(site.browser(), f"{MARK}{n:064}").get("/me") for n in range(25)]
    assert [answer.status_code for answer in answers][:20] == [401] * 20
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert status(site, right) == 200


def named(browser: TestClient) -> list[str]:
    """The tokens that may be ended, as the forms name them."""
    forms = page(browser, "/account/tokens").forms
    return [form.values["token"][0] for form in forms if form.action == "/account/tokens/end"]


def end(browser: TestClient, name: str) -> Any:
    return browser.post("/account/tokens/end", data={"form_token": form_token(browser), "token": name})
