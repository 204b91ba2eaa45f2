"""Several posts for one account, and deputies: who has which until when, what comes with it, and what nobody may have."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from cases.execute import CaseNotFound, execute
from cases.facts import load_facts, load_people
from cases.reading import find_case
from cases.sweep import sweep
from cases.tables import Case
from infra.db import reading, transaction
from infra.settings import Settings
from ledger.tables import Event, Message
from ledger.upcasters import data_of
from notifications.deliver import deliver
from notifications.forwarding import POST_OVER
from people.audiences import Roster
from people.deputies import name_deputy
from people.directory import active_with_role, person
from people.posts import Place, begin_and_end, deputies_of, end_post, give_post, places, posts_of
from people.staffing import add_account, close_account, move_account, reopen_account
from people.units import close_unit
from tests.cases.records import new_request
from tests.databases import START, SmallOffice, found, step
from workflow.commands import Command
from workflow.model import TIMERS, Actor, Audience, Refusal, Role
from workflow.procedures.every_case.commands import AddNote, AppealLight, Recuse, Suspend
from workflow.procedures.petition.commands import (
    GrantExtension,
    RefuseExtension,
    RequestExtension,
    RequestSuspension,
    SignFor,
)

EVENT, MESSAGE, CASE = Event.__table__.c, Message.__table__.c, Case.__table__.c  # type: ignore[attr-defined]
DAY = timedelta(days=1)
#: START is Monday 2 March, 09:00.
MONDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 6)
#: The week after, from Monday to Sunday.
NEXT_MONDAY, NEXT_SUNDAY = date(2026, 3, 9), date(2026, 3, 15)
WORDS = {"title": "请求鉴定危房", "statement": "墙体开裂。", "applicant": "某住户", "channel": "letter"}


@pytest.fixture
def office(engine: Engine) -> SmallOffice:
    return found(engine)


def give(office: SmallOffice, login: str, role: Role, unit: str = "room") -> Actor:
    with transaction(office.engine) as connection:
        post = give_post(
            connection, office.accounts[login], role=role, unit=office.units[unit], actor=office.actors["administrator"],
            now=START,
        )  # fmt: skip
    return acting(office, login, post)


def acting(office: SmallOffice, login: str, post: int) -> Actor:
    with reading(office.engine) as connection:
        who = person(connection, office.accounts[login], post=post)
    assert who is not None
    assert who.post == post
    return who.actor


def send_away(
    office: SmallOffice, absent: str, deputy: str, *, by: str = "coordinator", first: date = MONDAY, last: date = FRIDAY,
    now: datetime = START,
) -> int:  # fmt: skip
    with transaction(office.engine) as connection:
        return name_deputy(
            connection, place_of(office, absent), office.accounts[deputy], first=first, last=last,
            calendar=office.context.policy.calendar, actor=office.actors[by], now=now,
        )  # fmt: skip


def place_of(office: SmallOffice, login: str) -> Place:
    with reading(office.engine) as connection:
        return next(one for one in places(connection) if one.account == office.accounts[login])


def in_hand(office: SmallOffice) -> int:
    """A petition that the mediator of the room has signed for."""
    office.tell(
        "petition",
        step("2026-02-09T09:00", "clerk", "Register", **WORDS),
        step("2026-02-09T10:00", "clerk", "Accept"),
        step("2026-02-09T11:00", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-02-09T12:00", "mediator", "SignFor"),
        step("2026-02-09T13:00", "mediator", "ContactPerson", note="已联系。"),
    )
    with reading(office.engine) as connection:
        return int(connection.execute(select(CASE.id).order_by(CASE.id.desc()).limit(1)).scalar_one())


def take(office: SmallOffice, case: int, command: Command, actor: Actor, *, now: datetime = START) -> None:
    with transaction(office.engine) as connection:
        execute(
            connection, case, command, actor=actor, now=now, expected_version=None, office=office.context,
            request=new_request(),
        )  # fmt: skip


def refused(*codes: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, check=lambda error: {reason.code for reason in error.reasons} == set(codes))


def told(office: SmallOffice, audience: Audience, *, holder: str = "mediator") -> set[str]:
    """By both ways of reading the tree, which must agree."""
    names = {account: login for login, account in office.accounts.items()}
    with reading(office.engine) as connection:
        rosters = Roster.around(connection, office.units["room"]), Roster.whole(connection)
    around, whole = (
        one.told((audience,), unit=office.units["room"], person=office.accounts[holder]) for one in rosters
    )
    assert around == whole
    return {names[one] for one in around}


# -- further posts ----------------------------------------------------------------------------------------------------


def test_a_further_post_is_another_role_with_its_own_reach(office: SmallOffice) -> None:
    case = in_hand(office)
    head = give(office, "clerk", Role.SUPERVISOR)
    assert (head.role, head.unit, head.units) == (Role.SUPERVISOR, office.units["room"], {office.units["room"]})
    assert office.actors["clerk"].role is Role.CLERK
    mediator = give(office, "clerk", Role.MEDIATOR)
    with reading(office.engine) as connection:
        public_id = connection.execute(select(CASE.public_id).where(CASE.id == case)).scalar_one()
        seen = [find_case(connection, public_id, actor=actor) for actor in (head, mediator)]
    assert seen == [case, None], "a mediator sees what is their own, and this is not"


def test_whoever_mediates_beside_their_desk_is_offered_with_the_unit_of_that_post(office: SmallOffice) -> None:
    give(office, "clerk", Role.MEDIATOR)
    give(office, "mediator", Role.MEDIATOR, unit="desk")
    with reading(office.engine) as connection:
        people = load_people(connection, in_hand(office), actor=office.actors["coordinator"])
        mediators = active_with_role(connection, Role.MEDIATOR)
    assert people[office.accounts["clerk"]] == (office.units["room"],)
    assert people[office.accounts["mediator"]] == (office.units["room"], office.units["desk"])
    assert office.accounts["clerk"] in mediators
    assert len(mediators) == len(set(mediators))


def test_a_post_is_told_what_its_place_in_the_tree_is_told(office: SmallOffice) -> None:
    assert told(office, Audience.UNIT_HEAD) == {"supervisor"}
    give(office, "clerk", Role.SUPERVISOR)
    assert told(office, Audience.UNIT_HEAD) == {"supervisor", "clerk"}


@pytest.mark.parametrize(
    ("login", "role", "code"),
    [
        ("auditor", Role.MEDIATOR, "post.single"),
        ("administrator", Role.CLERK, "post.single"),
        ("mediator", Role.AUDITOR, "post.single"),
        ("mediator", Role.ADMINISTRATOR, "post.single"),
        ("mediator", Role.ASSESSOR, "post.single"),
        ("assessor", Role.CLERK, "post.single"),
        ("mediator", Role.MEDIATOR, "post.has_it"),
    ],
)
def test_nobody_is_both_sides_of_what_two_people_decide_and_no_post_is_given_twice(
    office: SmallOffice, login: str, role: Role, code: str
) -> None:
    with refused(code):
        give(office, login, role)


def test_a_closed_account_is_given_nothing_and_loses_what_it_had(office: SmallOffice) -> None:
    give(office, "clerk", Role.MEDIATOR)
    with transaction(office.engine) as connection:
        close_account(connection, office.accounts["clerk"], now=START)
        assert posts_of(connection, office.accounts["clerk"]) == []
    with refused("post.account_is_closed"):
        give(office, "clerk", Role.MEDIATOR)


def test_a_post_that_was_ended_is_nobodys_and_no_way_to_act(office: SmallOffice) -> None:
    give(office, "clerk", Role.MEDIATOR)
    with transaction(office.engine) as connection:
        (post,) = posts_of(connection, office.accounts["clerk"])
        assert end_post(connection, post.id, actor=office.actors["administrator"], now=START)
        assert not end_post(connection, post.id, actor=office.actors["administrator"], now=START)
        who = person(connection, office.accounts["clerk"], post=post.id)
    assert who is not None
    assert (who.post, who.actor.role, who.posts) == (None, Role.CLERK, 0)


def test_somebody_elses_post_is_no_way_to_act(office: SmallOffice) -> None:
    give(office, "clerk", Role.SUPERVISOR)
    with reading(office.engine) as connection:
        (post,) = posts_of(connection, office.accounts["clerk"])
        who = person(connection, office.accounts["mediator"], post=post.id)
    assert who is not None
    assert (who.post, who.actor.role) == (None, Role.MEDIATOR)


def test_whoever_has_a_matter_in_hand_does_not_decide_about_its_extension_in_another_post(office: SmallOffice) -> None:
    case = in_hand(office)
    take(office, case, RequestExtension(to_length=90, reason="鉴定未完成。"), office.actors["mediator"])
    as_head = give(office, "mediator", Role.SUPERVISOR)
    with refused("extension.your_own_matter"):
        take(office, case, GrantExtension(to_length=90, person_told=True), as_head)
    with refused("extension.your_own_matter"):
        take(office, case, RefuseExtension(reason="不同意。"), as_head)
    take(office, case, GrantExtension(to_length=90, person_told=True), office.actors["supervisor"])


def test_whoever_asked_for_an_extension_in_one_post_does_not_grant_it_in_another(office: SmallOffice) -> None:
    case = in_hand(office)
    as_coordinator, as_head = give(office, "clerk", Role.COORDINATOR), give(office, "clerk", Role.SUPERVISOR)
    take(office, case, RequestExtension(to_length=90, reason="鉴定未完成。"), as_coordinator)
    for command in (GrantExtension(to_length=90, person_told=True), RefuseExtension(reason="不同意。")):
        with refused("extension.your_own_matter"):
            take(office, case, command, as_head)
    take(office, case, GrantExtension(to_length=90, person_told=True), office.actors["supervisor"])


def test_a_pause_is_not_approved_by_whoever_asked_for_it(office: SmallOffice) -> None:
    opened = office.tell(
        "hotline",
        step("2026-02-27T09:00", "clerk", "Register", **{**WORDS, "channel": "hotline"}),
        step("2026-02-27T10:00", "clerk", "Accept"),
        step("2026-02-27T11:00", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-02-27T12:00", "mediator", "SignFor"),
    )
    as_coordinator, as_head = give(office, "clerk", Role.COORDINATOR), give(office, "clerk", Role.SUPERVISOR)
    asked = {"ground": "objective_limits", "until": NEXT_MONDAY}
    take(office, opened.case_id, RequestSuspension(**asked, reason="等检测。"), as_coordinator)
    with refused("ground.needs_another"):
        take(office, opened.case_id, Suspend(**asked, person_told=True), as_head)
    take(office, opened.case_id, Suspend(**asked, person_told=True), office.actors["supervisor"])


# -- deputies ---------------------------------------------------------------------------------------------------------


def test_a_deputy_acts_from_the_first_day_to_the_last_and_the_matter_stays_whose_it_is(office: SmallOffice) -> None:
    case, calendar = in_hand(office), office.context.policy.calendar
    post = send_away(office, "mediator", "mediator_2", first=NEXT_MONDAY, last=NEXT_SUNDAY)
    before, end = calendar.start_of(NEXT_MONDAY) - timedelta(seconds=1), calendar.end_of(NEXT_SUNDAY)
    assert begin_and_end(office.engine, now=before) == 0
    with reading(office.engine) as connection:
        who = person(connection, office.accounts["mediator_2"], post=post)
    assert who is not None
    assert who.post is None, "not yet"

    assert begin_and_end(office.engine, now=calendar.start_of(NEXT_MONDAY)) == 1
    deputy = acting(office, "mediator_2", post)
    assert (deputy.account, deputy.stands_in_for) == (office.accounts["mediator_2"], office.accounts["mediator"])
    take(office, case, AddNote(note="代看房一次。"), deputy, now=before + DAY)
    with pytest.raises(CaseNotFound):
        take(office, case, AddNote(note="以自己名义。"), office.actors["mediator_2"], now=before + DAY)
    with reading(office.engine) as connection:
        row = connection.execute(
            select(EVENT.code, EVENT.data, EVENT.actor).where(EVENT.stream == case).order_by(EVENT.seq.desc())
        ).first()
        held = connection.execute(select(CASE.holder_person).where(CASE.id == case)).scalar_one()
    assert row is not None
    assert row.actor == office.accounts["mediator_2"]
    assert data_of(row.code, row.data)["in_place_of"] == office.accounts["mediator"]
    assert held == office.accounts["mediator"]

    assert begin_and_end(office.engine, now=end - timedelta(seconds=1)) == 0
    assert begin_and_end(office.engine, now=end) == 1
    with reading(office.engine) as connection:
        who = person(connection, office.accounts["mediator_2"], post=post)
    assert who is not None
    assert who.post is None, "no more"


def test_a_deputy_from_today_on_acts_at_once_and_is_told_beside_whoever_is_away(office: SmallOffice) -> None:
    post = send_away(office, "mediator", "mediator_2")
    assert acting(office, "mediator_2", post).role is Role.MEDIATOR
    assert told(office, Audience.HOLDER) == {"mediator", "mediator_2"}
    with transaction(office.engine) as connection:
        (known,) = deputies_of(connection, office.accounts["mediator"])
        assert end_post(connection, known.id, actor=office.actors["mediator"], now=START)
    assert told(office, Audience.HOLDER) == {"mediator"}


def test_naming_beginning_and_ending_are_in_the_record_and_told_to_both_and_to_auditors(office: SmallOffice) -> None:
    send_away(office, "mediator", "mediator_2", first=NEXT_MONDAY, last=NEXT_SUNDAY)
    for day in (NEXT_MONDAY, NEXT_SUNDAY + DAY):
        begin_and_end(office.engine, now=office.context.policy.calendar.start_of(day))
    names = {account: login for login, account in office.accounts.items()}
    mails = select(EVENT.code, MESSAGE.recipient).join_from(
        Message, Event, (EVENT.stream == MESSAGE.stream) & (EVENT.seq == MESSAGE.seq)
    )
    with reading(office.engine) as connection:
        rows = connection.execute(mails.where(EVENT.code.startswith("deputy:"))).all()
    both = {"mediator", "mediator_2"}
    assert {code: {names[to] for one, to in rows if one == code} for code, _ in rows} == {
        "deputy:named": {*both, "auditor"}, "deputy:begun": both, "deputy:ended": both,
    }  # fmt: skip


def test_a_deputy_signs_for_whoever_is_away(office: SmallOffice) -> None:
    office.tell(
        "petition",
        step("2026-02-27T09:00", "clerk", "Register", **WORDS),
        step("2026-02-27T10:00", "clerk", "Accept"),
        step("2026-02-27T11:00", "coordinator", "Assign", unit="room", handler="mediator"),
    )
    with reading(office.engine) as connection:
        case = connection.execute(select(CASE.id)).scalar_one()
    take(office, case, SignFor(), acting(office, "mediator_2", send_away(office, "mediator", "mediator_2")))
    with reading(office.engine) as connection:
        assert connection.execute(select(CASE.holder_person)).scalar_one() == office.accounts["mediator"]


@pytest.mark.parametrize("recused", ["mediator_2", "mediator"])
def test_a_matter_that_either_of_them_is_recused_from_does_not_exist_for_a_deputy(
    office: SmallOffice, recused: str
) -> None:
    case = in_hand(office)
    deputy = acting(office, "mediator_2", send_away(office, "mediator", "mediator_2"))
    take(office, case, AddNote(note="代看房一次。"), deputy)
    to = office.accounts["mediator_2"] if recused == "mediator" else None
    take(office, case, Recuse(person=office.accounts[recused], to=to, ground="relative"), office.actors["supervisor"])
    with pytest.raises(CaseNotFound):
        take(office, case, AddNote(note="再看一次。"), deputy)


def test_a_deputy_of_one_side_is_not_the_second_person_beside_the_other(office: SmallOffice) -> None:
    """Whoever stands in for the one who has the matter does not decide about it in a post of their own."""
    case = in_hand(office)
    take(office, case, RequestExtension(to_length=90, reason="鉴定未完成。"), office.actors["mediator"])
    give(office, "mediator_2", Role.SUPERVISOR)
    post = send_away(office, "supervisor", "mediator", by="duty_leader")
    with refused("extension.your_own_matter"):
        take(office, case, GrantExtension(to_length=90, person_told=True), acting(office, "mediator", post))


def test_closing_either_account_ends_the_deputy(office: SmallOffice) -> None:
    send_away(office, "mediator", "mediator_2")
    send_away(office, "clerk", "coordinator", by="duty_leader")
    with transaction(office.engine) as connection:
        close_account(connection, office.accounts["mediator"], now=START)
        close_account(connection, office.accounts["coordinator"], now=START)
        assert posts_of(connection, office.accounts["mediator_2"]) == []
        assert deputies_of(connection, office.accounts["clerk"]) == []


WRONG = {
    "for oneself": ({"absent": "mediator", "deputy": "mediator"}, {"deputy.for_oneself"}),
    "by oneself for another": ({"absent": "clerk", "deputy": "coordinator"}, {"deputy.not_who_names"}),
    "over another level": ({"absent": "clerk", "deputy": "supervisor"}, {"deputy.of_another_level"}),
    "from above": ({"absent": "clerk", "deputy": "upstream"}, {"deputy.of_another_level"}),
    "who does not mediate": ({"absent": "mediator", "deputy": "supervisor"}, {"deputy.must_mediate"}),
    "an auditor": ({"absent": "upstream", "deputy": "auditor", "by": "upstream"}, {"deputy.of_another_level"}),
    "for one's own head": ({"absent": "supervisor", "deputy": "mediator"}, {"deputy.not_yours_to_say"}),
    "for an assessor": ({"absent": "assessor", "deputy": "clerk", "by": "duty_leader"}, {"deputy.not_yours_to_say"}),
    "for somebody above": ({"absent": "clerk", "deputy": "coordinator", "by": "supervisor"}, {"deputy.not_yours_to_say"}),
    "in the past": ({"absent": "mediator", "deputy": "mediator_2", "first": date(2026, 3, 1)}, {"deputy.not_before_today"}),
    "backwards": (
        {"absent": "mediator", "deputy": "mediator_2", "first": FRIDAY, "last": MONDAY}, {"deputy.ends_before_it_begins"},
    ),
    "far ahead": (
        {"absent": "mediator", "deputy": "mediator_2", "first": date(9999, 12, 31), "last": date(9999, 12, 31)},
        {"deputy.too_long"},
    ),
    "long ago": ({"absent": "mediator", "deputy": "mediator_2", "first": date(1, 1, 1)}, {"deputy.not_before_today"}),
    "for ever": ({"absent": "mediator", "deputy": "mediator_2", "last": date(2027, 3, 3)}, {"deputy.too_long"}),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_deputy_who_cannot_be_one_is_refused_with_the_reason(office: SmallOffice, wrong: str) -> None:
    given, codes = WRONG[wrong]
    with refused(*codes):
        send_away(office, **given)  # type: ignore[arg-type]


def test_one_post_has_one_deputy_at_a_time_and_nobody_stands_in_who_is_away(office: SmallOffice) -> None:
    send_away(office, "mediator", "mediator_2")
    with refused("deputy.has_one"):
        send_away(office, "mediator", "desk_mediator")
    with refused("deputy.is_away"):
        send_away(office, "desk_mediator", "mediator")
    with refused("deputy.stands_in_already"):
        send_away(office, "mediator_2", "desk_mediator")
    send_away(office, "mediator", "desk_mediator", first=NEXT_MONDAY, last=NEXT_SUNDAY)


def test_a_deputys_post_is_nobodys_to_pass_on(office: SmallOffice) -> None:
    send_away(office, "mediator", "mediator_2")
    with reading(office.engine) as connection:
        mine = [one for one in places(connection) if one.account == office.accounts["mediator_2"]]
    assert [one.post for one in mine] == [None], "a deputy for a deputy cannot be said"


def test_a_post_of_somebody_who_was_made_a_mediator_beside_their_desk_can_have_a_deputy_too(
    office: SmallOffice,
) -> None:
    give(office, "clerk", Role.MEDIATOR)
    with transaction(office.engine) as connection:
        place = next(
            one for one in places(connection) if one.account == office.accounts["clerk"] and one.role is Role.MEDIATOR
        )
        post = name_deputy(
            connection, place, office.accounts["mediator_2"], first=MONDAY, last=FRIDAY,
            calendar=office.context.policy.calendar, actor=office.actors["coordinator"], now=START,
        )  # fmt: skip
    assert acting(office, "mediator_2", post).role is Role.MEDIATOR
    assert acting(office, "mediator_2", post).unit == office.units["room"]


# -- what ends with something else ------------------------------------------------------------------------------------


def test_whoever_asked_as_a_deputy_does_not_grant_it_in_a_post_of_their_own(office: SmallOffice) -> None:
    case = in_hand(office)
    as_head = give(office, "mediator_2", Role.SUPERVISOR)
    deputy = acting(office, "mediator_2", send_away(office, "mediator", "mediator_2"))
    take(office, case, RequestExtension(to_length=90, reason="鉴定未完成。"), deputy)
    with refused("extension.your_own_matter"):
        take(office, case, GrantExtension(to_length=90, person_told=True), as_head)


def test_a_deputy_loses_a_place_with_whoever_they_stand_in_for(office: SmallOffice) -> None:
    give(office, "clerk", Role.COORDINATOR)
    with transaction(office.engine) as connection:
        place = next(one for one in places(connection) if one.role is Role.COORDINATOR and one.post)
        name_deputy(
            connection, place, office.accounts["supervisor"], first=MONDAY, last=FRIDAY,
            calendar=office.context.policy.calendar, actor=office.actors["duty_leader"], now=START,
        )  # fmt: skip
        assert place.post is not None
        end_post(connection, place.post, actor=office.actors["administrator"], now=START)
        assert posts_of(connection, office.accounts["supervisor"]) == []


def test_whoever_moves_leaves_deputies_and_deputyships_behind(office: SmallOffice) -> None:
    send_away(office, "mediator", "mediator_2")
    send_away(office, "desk_mediator", "mediator_2", by="coordinator")
    with transaction(office.engine) as connection:
        move_account(connection, office.accounts["mediator"], office.units["desk"], now=START, actor=TIMERS)
        assert [one.stands_in_for for one in posts_of(connection, office.accounts["mediator_2"])] == [
            office.accounts["desk_mediator"]
        ]
        move_account(connection, office.accounts["mediator_2"], office.units["desk"], now=START, actor=TIMERS)
        assert posts_of(connection, office.accounts["mediator_2"]) == []


def test_a_deputy_names_no_deputy(office: SmallOffice) -> None:
    deputy = acting(office, "mediator_2", send_away(office, "supervisor", "mediator_2", by="duty_leader"))
    place = place_of(office, "supervisor")
    with transaction(office.engine) as connection, refused("deputy.not_yours_to_say"):
        name_deputy(
            connection, place, office.accounts["desk_mediator"], first=NEXT_MONDAY, last=NEXT_SUNDAY,
            calendar=office.context.policy.calendar, actor=deputy, now=START,
        )  # fmt: skip


def test_what_a_deputy_did_counts_as_done_by_whoever_was_away_too(office: SmallOffice) -> None:
    """Whoever has acted in a case, themselves or by a deputy, never decides about its points."""
    case = in_hand(office)
    deputy = acting(office, "mediator_2", send_away(office, "supervisor", "mediator_2", by="duty_leader"))
    sweep(office.engine, now=START + 90 * DAY)
    with reading(office.engine) as connection:
        loaded = load_facts(connection, case, actor=office.actors["supervisor"])
    assert loaded is not None
    clock = next(one for one in loaded[0].clocks if one.name == "completion" or one.crossed_until)
    light = f"{clock.number}:{next(rung.code for rung in clock.rungs if rung.light)}"
    appeal = AppealLight(light=light, ground="other", evidence="检测机构停电。")
    take(office, case, appeal, deputy, now=START + 90 * DAY)
    with reading(office.engine) as connection:
        loaded = load_facts(connection, case, actor=office.actors["assessor"])
    assert loaded is not None
    assert {office.accounts["supervisor"], office.accounts["mediator_2"]} <= loaded[0].authors


def test_a_deputy_does_not_count_as_somebody_who_is_left(office: SmallOffice) -> None:
    case = in_hand(office)
    send_away(office, "supervisor", "mediator_2", by="duty_leader")
    for login in ("coordinator", "duty_leader", "upstream"):
        take(office, case, Recuse(person=office.accounts[login], ground="relative"), office.actors["supervisor"])
    with refused("recuse.nobody_answers"):
        take(office, case, Recuse(person=office.accounts["supervisor"], ground="relative"), office.actors["supervisor"])


def test_a_mail_that_waits_for_a_deputy_whose_time_is_over_is_not_sent(office: SmallOffice, tmp_path: Path) -> None:
    case = in_hand(office)
    post = send_away(office, "mediator", "mediator_2")
    take(office, case, RequestExtension(to_length=90, reason="鉴定未完成。"), office.actors["mediator"])
    take(office, case, GrantExtension(to_length=90, person_told=True), office.actors["supervisor"])
    with transaction(office.engine) as connection:
        waiting = select(MESSAGE.id).where(MESSAGE.stream == case, MESSAGE.next_try_at.is_not(None))
        mine = connection.execute(waiting.where(MESSAGE.recipient == office.accounts["mediator_2"])).scalars().all()
        end_post(connection, post, actor=TIMERS, now=START)
    assert mine
    deliver(office.engine, office=office.context, settings=Settings(home=tmp_path, smtp_host=""), now=START + DAY)
    with reading(office.engine) as connection:
        rows = connection.execute(select(MESSAGE.recipient, MESSAGE.last_error).where(MESSAGE.stream == case)).all()
    assert {row.last_error for row in rows if row.recipient == office.accounts["mediator_2"]} == {POST_OVER}
    assert {row.last_error for row in rows if row.recipient == office.accounts["mediator"]} == {None}


def test_nobody_comes_into_a_closed_unit(office: SmallOffice) -> None:
    with transaction(office.engine) as connection:
        for login in ("desk_clerk", "desk_mediator", "desk_supervisor"):
            close_account(connection, office.accounts[login], now=START)
        close_unit(connection, office.units["desk"], open_cases=0, actor=TIMERS, now=START)
    with transaction(office.engine) as connection, refused("unit.is_closed"):
        reopen_account(connection, office.accounts["desk_clerk"], now=START)
    with transaction(office.engine) as connection, refused("unit.is_closed"):
        move_account(connection, office.accounts["clerk"], office.units["desk"], now=START, actor=TIMERS)
    with transaction(office.engine) as connection, refused("unit.is_closed"):
        add_account(
            connection, unit=office.units["desk"], role=Role.CLERK, login="late", name="晚", email="late@example.test",
            now=START,
        )  # fmt: skip


def test_before_closing_an_account_its_deputy_is_not_named_as_who_is_told(office: SmallOffice) -> None:
    send_away(office, "mediator", "mediator_2")
    with reading(office.engine) as connection:
        roster = Roster.around(connection, office.units["room"], without=office.accounts["mediator"])
    left = roster.told((Audience.HOLDER,), unit=office.units["room"], person=office.accounts["mediator"])
    assert left == (office.accounts["supervisor"],)
