"""What is not urgent comes as its recipient has chosen; what is urgent comes at once, whatever they have chosen."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from cases.sweep import sweep
from cases.visibility import case, visible_cases
from infra.db import reading, transaction
from ledger.outbox import DAILY
from ledger.tables import Message
from notifications.daily import release_digests
from notifications.forwarding import AT_THE_DESK
from notifications.holding_back import hold_back
from people.noting import note
from people.telling import DESK, DIGEST, Chosen, choose_telling, telling_of
from tests.databases import ZONE, SmallOffice, step
from workflow.model import TIMERS

_message = Message.__table__.c  # type: ignore[attr-defined]


def local(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=ZONE).astimezone(UTC)


def an_order(office: SmallOffice, matter: str = "hotline") -> None:
    """Of Monday 2 March, in the mediator's hands since 09:30: yellow from Friday 6 March 00:00, red from Tuesday the 10th."""
    office.tell(
        matter,
        step("2026-03-02T09:00", "clerk", "Register", title="噪声", statement="夜间噪声", applicant="王某"),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T09:30", "mediator", "SignFor"),
        step("2026-03-02T09:40", "mediator", "ContactPerson", note="已联系"),
    )


def chooses(office: SmallOffice, login: str, *, at: str = "2026-03-02T08:00", **chosen: object) -> None:
    with transaction(office.engine) as connection:
        account = office.accounts[login]
        choose_telling(connection, account, Chosen(**chosen), actor=office.actors[login], now=local(at))  # type: ignore[arg-type]


def held(office: SmallOffice, at: str) -> int:
    with transaction(office.engine) as connection:
        return hold_back(connection, office.context.policy.calendar, now=local(at))


def mails(office: SmallOffice, login: str) -> list[tuple[datetime | None, str | None, str | None]]:
    """Of those of a person that are about matters: when they go, in what, and why not."""
    with reading(office.engine) as connection:
        query = select(_message.next_try_at, _message.bundle, _message.last_error).where(
            _message.recipient == office.accounts[login], _message.stream != 0
        )
        return [tuple(row) for row in connection.execute(query.order_by(_message.id))]


def test_who_has_chosen_nothing_is_told_at_once(office: SmallOffice) -> None:
    an_order(office)
    before = mails(office, "mediator")
    assert before
    assert held(office, "2026-03-02T22:00") == 0
    assert mails(office, "mediator") == before


def test_news_wait_for_the_morning_and_go_out_in_one_mail(office: SmallOffice) -> None:
    chooses(office, "mediator", news=DIGEST)
    an_order(office)
    an_order(office)
    assert held(office, "2026-03-02T09:40") == len(mails(office, "mediator"))
    assert {(when, bundle) for when, bundle, _ in mails(office, "mediator")} == {(None, DAILY)}
    assert release_digests(office.engine, office.context.policy.calendar, now=local("2026-03-03T08:00")) == 1
    (when, bundle, _), *others = mails(office, "mediator")
    assert when == local("2026-03-03T08:00")
    assert all(one == (when, bundle, None) for one in others), "one digest"
    assert held(office, "2026-03-03T08:00") == 0, "it is on its way"


def test_what_is_left_to_the_desk_is_never_sent_and_the_list_of_mails_says_why(office: SmallOffice) -> None:
    chooses(office, "mediator", news=DESK)
    an_order(office)
    assert held(office, "2026-03-02T09:40")
    assert {(when, why) for when, _, why in mails(office, "mediator")} == {(None, AT_THE_DESK)}


@pytest.mark.parametrize(
    ("quiet", "at", "until"),
    [
        ((18, 8), "2026-03-06T00:05", "2026-03-06T08:00"), ((0, 7), "2026-03-06T00:05", "2026-03-06T07:00"),
        ((22, 6), "2026-03-06T05:59", "2026-03-06T06:00"), ((22, 6), "2026-03-06T23:10", "2026-03-07T06:00"),
    ],
)  # fmt: skip
def test_a_yellow_light_waits_until_quiet_hours_are_over(
    office: SmallOffice, quiet: tuple[int, int], at: str, until: str
) -> None:
    an_order(office)
    sent_before = len(mails(office, "mediator"))
    sweep(office.engine, now=local("2026-03-06T00:01"))
    chooses(office, "mediator", quiet=quiet)
    held(office, at)
    assert [when for when, _, _ in mails(office, "mediator")][sent_before:] == [local(until)]


def test_outside_quiet_hours_nothing_waits(office: SmallOffice) -> None:
    chooses(office, "mediator", quiet=(22, 6))
    an_order(office)
    assert held(office, "2026-03-02T09:40") == 0


def test_a_red_light_comes_at_once_at_any_hour(office: SmallOffice) -> None:
    chooses(office, "mediator", quiet=(0, 23), lights=DIGEST, news=DESK)
    an_order(office)
    held(office, "2026-03-02T09:40")
    sweep(office.engine, now=local("2026-03-06T00:01"))
    held(office, "2026-03-06T00:02")
    before = mails(office, "mediator")
    assert not any(when == local("2026-03-06T00:01") for when, _, _ in before), "yellow has been held back"
    sweep(office.engine, now=local("2026-03-10T00:01"))
    held(office, "2026-03-10T00:02")
    red = mails(office, "mediator")[len(before) :]
    assert (local("2026-03-10T00:01"), None, None) in red


def test_what_would_be_due_before_the_morning_comes_at_once(office: SmallOffice) -> None:
    """What is due by midnight does not wait for the digest of tomorrow, nor for the end of the night."""
    chooses(office, "mediator", quiet=(9, 8), lights=DIGEST, news=DIGEST)
    words = {"title": "断电", "statement": "车间断电", "applicant": "某厂"}
    opened = office.tell(
        "enterprise", step("2026-03-09T10:00", "clerk", "Register", **words), step("2026-03-09T10:01", "clerk", "Accept"),
        step("2026-03-10T10:00", "coordinator", "Assign", unit="room", handler="mediator"),
    )  # fmt: skip
    with reading(office.engine) as connection:
        query = visible_cases(TIMERS, case.next_due_at).where(case.id == opened.case_id)
        assert connection.execute(query).scalar_one() < local("2026-03-11T08:00")
    before = mails(office, "mediator")
    assert before
    assert held(office, "2026-03-10T10:01") == 0
    assert mails(office, "mediator") == before


@pytest.mark.parametrize("with_red", [True, False])
def test_a_digest_with_a_red_light_in_it_goes_as_it_is(office: SmallOffice, with_red: bool) -> None:
    """Many mails at once are one digest: half of it held back would hold back the other half, the red light with it."""
    chooses(office, "mediator", quiet=(22, 8))
    an_order(office)
    with transaction(office.engine) as connection:
        connection.execute(update(Message).values(sent_at=local("2026-03-02T10:00"), next_try_at=None))
    office.tell(
        "petition",
        step("2026-03-09T23:50", "clerk", "Register", title="停车", statement="停车难", applicant="李某"),
        step("2026-03-09T23:51", "clerk", "Accept"),
        step("2026-03-09T23:52", "coordinator", "Assign", unit="room", handler="mediator"),
    )
    night = local("2026-03-10T00:02")
    if with_red:
        sweep(office.engine, now=local("2026-03-10T00:01"))
    mine = (_message.recipient == office.accounts["mediator"]) & (_message.next_try_at <= night)
    with transaction(office.engine) as connection:
        connection.execute(update(Message).where(mine).values(bundle="digest.of-the-night"))
    before = mails(office, "mediator")
    assert (held(office, "2026-03-10T00:02") == 0) is with_red
    assert (mails(office, "mediator") == before) is with_red


def test_what_concerns_an_account_comes_at_once(office: SmallOffice) -> None:
    chooses(office, "mediator", quiet=(0, 23), lights=DIGEST, news=DESK)
    me = office.accounts["mediator"]
    with transaction(office.engine) as connection:
        note(
            connection,
            "token:ended",
            actor=TIMERS,
            now=local("2026-03-02T09:00"),
            data={"account": me, "wrote": {}},
            told=[me],
        )
    assert held(office, "2026-03-02T09:01") == 0


def test_a_choice_is_in_the_record_once(office: SmallOffice) -> None:
    chooses(office, "mediator", quiet=(22, 6), news=DIGEST)
    chooses(office, "mediator", quiet=(22, 6), news=DIGEST)
    with reading(office.engine) as connection:
        assert telling_of(connection, office.accounts["mediator"]) == Chosen(quiet=(22, 6), news=DIGEST)
        assert telling_of(connection, office.accounts["clerk"]) == Chosen()
