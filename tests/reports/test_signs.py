"""Signs of a year out of a real record, on both databases: single cases, across cases, verdicts, and what they leave alone."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from cases.assessment_tables import RatingOrigin, SignReview
from cases.execute import Opened
from cases.rating_origins import KEPT, forget_old_origins, origin_of, remember_origin
from cases.sign_reviews import REVIEWED, review
from cases.tally import keep_up
from cases.visibility import MayNotCompare, likeness_of_replies
from infra.db import reading, transaction
from ledger.tables import Event
from people.directory import names_of_units
from reports.years.assessment import assess
from reports.years.sign_words import evidence
from reports.years.signs import FoundSign, signs_of_year
from tests.databases import SmallOffice, found
from tests.reports.bent import (
    SECRET,
    a_bent_year,
    an_honest_year,
    an_order,
    answered,
    closed,
    found_a_duplicate,
    paused,
    rated,
)
from tests.reports.hand_made import at
from verify.checking import verify
from words import Words
from workflow.model import TIMERS, Actor, Role
from workflow.signs import SIGNS

KEY = bytes(range(32))
HERE, THERE = "203.0.113.7", "203.0.113.8"


@pytest.fixture
def office(engine: Engine) -> SmallOffice:
    return found(engine)


def signs(office: SmallOffice, *, year: int = 2026, actor: Actor = TIMERS, **more: Any) -> tuple[FoundSign, ...]:
    """Worked out from the events of what has moved, and then once more from the index alone, which says the same."""

    def found() -> tuple[FoundSign, ...]:
        with reading(office.engine) as connection:
            return signs_of_year(connection, year=year, actor=actor, office=office.context, **more)

    from_events = found()
    keep_up(office.engine, office.context.policy.calendar)
    assert found() == from_events
    return from_events


def codes(office: SmallOffice, **more: Any) -> list[str]:
    return [one.sign.code for one in signs(office, **more)]


def say(office: SmallOffice, one: FoundSign, language: str) -> str:
    with reading(office.engine) as connection:
        return evidence(one.sign, Words(language), names_of_units(connection))


def judge(office: SmallOffice, one: FoundSign, verdict: str, *, on: str, request: str = "") -> None:
    with transaction(office.engine) as connection:
        review(
            connection,
            one.key,
            verdict,
            actor=office.actors["auditor"],
            now=at(on),
            request=request or f"{verdict}{on}",
        )


def came_from(office: SmallOffice, opened: Opened, address: str, on: str) -> None:
    with transaction(office.engine) as connection:
        remember_origin(connection, opened.case_id, origin_of(address, key=KEY, year=2026), now=at(on))


def rated_orders(office: SmallOffice, *days: str, address: str = HERE, unit: str = "room") -> list[Opened]:
    """Orders of 2 March, each answered at once and rated at noon of a day."""
    made = []
    for number, day in enumerate(days):
        by = {"room": "mediator", "desk": "desk_mediator"}[unit]
        answer = answered("2026-03-02T10:00", f"第{number}件已经办结", by=by)
        one = an_order(office, answer, rated(f"{day}T12:00"), unit=unit)
        came_from(office, one, address, f"{day}T12:00")
        made.append(one)
    return made


# -- single cases ------------------------------------------------------------------------------------------------------


def test_each_bent_limit_is_found_once_and_in_the_order_of_kinds(office: SmallOffice) -> None:
    told = a_bent_year(office)
    assert [(one.sign.code, one.key.stream) for one in signs(office)] == [
        (code, told[code].case_id) for code in SIGNS[:5]
    ]


def test_what_happens_a_day_beside_is_no_sign(office: SmallOffice) -> None:
    an_honest_year(office)
    assert codes(office) == []


def test_a_sign_names_the_very_event_that_shows_it(office: SmallOffice) -> None:
    a_bent_year(office)
    table = Event.__table__.c  # type: ignore[attr-defined]
    named = {}
    with reading(office.engine) as connection:
        for one in signs(office):
            where = (table.stream == one.key.stream, table.seq == one.key.seq)
            named[one.sign.code] = connection.execute(select(table.code).where(*where)).scalar_one()
    assert named == {
        "late_pause": "clock:paused", "late_transfer": "case:assigned", "late_extension": "clock:extended",
        "reopened": "case:reopened", "late_registration": "case:registered",
    }  # fmt: skip


def test_the_evidence_is_said_in_the_readers_language(office: SmallOffice) -> None:
    a_bent_year(office)
    by_code = {one.sign.code: one for one in signs(office)}
    assert [say(office, by_code[code], "en") for code in SIGNS[:5]] == [
        "“order” of 5 working days was paused with 1 working day (20%) left, on the ground: measurement",
        "“order” of 5 working days had 1 working day (20%) left when the matter went from 人民调解室 to 谈心室",
        # From 10:30 on the last day to 24:00 are thirteen and a half hours.
        "“order” of 5 working days was extended to 10 working days only 13 hours before it was due",
        "“order” was answered with 1 working day (20%) left, and opened again after 2 days",
        "Registered 4 days (2 working days) after it came in",
    ]
    assert (
        say(office, by_code["late_extension"], "zh_CN")
        == "“工单办结”共 5 个工作日，到期前 13 小时才准予延长到 10 个工作日"
    )


def test_a_matter_that_is_returned_after_its_light_is_a_sign_of_who_held_it(office: SmallOffice) -> None:
    found_a_duplicate(office, "2026-03-18T12:00")  # red from 00:00
    found_a_duplicate(office, "2026-03-12T12:00")
    (one,) = signs(office)
    assert (one.sign.code, one.sign.unit) == ("not_ours_after_light", office.units["centre"])
    assert say(office, one, "en") == "Found not to be ours after “acceptance notice” had turned red on Wed 18 Mar 2026"
    assert say(office, one, "zh_CN") == "“受理告知”于2026年3月18日 周三亮红灯之后，认定不应由本中心计时"


def test_signs_belong_to_the_year_in_which_it_was_done(office: SmallOffice) -> None:
    a_bent_year(office)
    assert codes(office, year=2025) == []
    assert codes(office, year=2027) == []


def test_one_units_signs_are_those_of_who_held_the_matter_then(office: SmallOffice) -> None:
    a_bent_year(office)
    assert codes(office, unit=office.units["desk"]) == []  # what was passed on to it was the room's
    assert codes(office, unit=office.units["centre"]) == ["late_registration"]


def test_an_auditor_is_told_of_the_cases_in_reach_and_of_no_other(office: SmallOffice) -> None:
    a_bent_year(office)
    assert codes(office, actor=office.actors["auditor"]) == list(SIGNS[:5])
    below = replace(office.actors["auditor"], unit=office.units["desk"], units=frozenset({office.units["desk"]}))
    assert codes(office, actor=below) == ["late_transfer"]  # the one case that the desk holds now


@pytest.mark.parametrize("login", ["assessor", "upstream", "administrator", "coordinator"])
def test_nobody_else_is_told_of_any(login: str, office: SmallOffice) -> None:
    with pytest.raises(MayNotCompare):
        signs(office, actor=office.actors[login])


# -- identical answers -------------------------------------------------------------------------------------------------


def copied(office: SmallOffice, n: int, *, text: str = SECRET, unit: str = "room", hour: int = 10) -> list[Opened]:
    by = {"room": "mediator", "desk": "desk_mediator"}[unit]
    return [
        an_order(office, answered(f"2026-03-03T{hour:02}:{number:02}", text, by=by), unit=unit) for number in range(n)
    ]


def test_three_matters_with_one_answer_are_a_sign_that_names_all_of_them(office: SmallOffice) -> None:
    told = copied(office, 3)
    (one,) = signs(office)
    assert (one.sign.code, one.key.stream, one.sign.figures["n"]) == ("identical_answers", told[2].case_id, 3)
    assert [case.public_id for case in one.among] == [opened.public_id for opened in told]
    assert say(office, one, "zh_CN") == "3 件事项的答复完全相同"


def test_blanks_do_not_make_an_answer_another_one(office: SmallOffice) -> None:
    copied(office, 2)
    copied(office, 1, text=SECRET.replace("，", "， \n"), hour=11)
    assert codes(office) == ["identical_answers"]


def test_two_matters_with_one_answer_or_one_answer_of_two_units_are_no_sign(office: SmallOffice) -> None:
    copied(office, 2)
    copied(office, 2, unit="desk", hour=11)
    assert codes(office) == []


def test_a_courtesy_may_be_the_same_every_time(office: SmallOffice) -> None:
    # Nineteen characters are too few, twenty are enough.
    copied(office, 3, text="好" * 19)
    assert codes(office) == []
    copied(office, 3, text="好" * 20, hour=11)
    assert codes(office) == ["identical_answers"]


def test_the_door_tells_what_is_alike_and_not_what_it_says(office: SmallOffice) -> None:
    copied(office, 2)
    with reading(office.engine) as connection:
        found = likeness_of_replies(connection, [1, 2], from_characters=20)
    assert sorted(case_id for case_id, _ in found) == [1, 2]
    (token,) = set(found.values())
    assert SECRET not in token
    assert len(token) == 32


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.AUDITOR, Role.SYSTEM)])
def test_the_door_is_closed_to_every_other_role(role: Role, office: SmallOffice) -> None:
    asker = next((one for one in office.actors.values() if one.role is role), Actor(account=None, role=role, unit=None))
    with pytest.raises(MayNotCompare):
        signs(office, actor=asker)


# -- ratings from one address ------------------------------------------------------------------------------------------


def test_three_ratings_from_one_address_within_thirty_days_are_a_sign(office: SmallOffice) -> None:
    # 2 March to 1 April are thirty days.
    told = rated_orders(office, "2026-03-02", "2026-03-20", "2026-04-01")
    (one,) = signs(office)
    assert (one.sign.code, one.key.stream) == ("one_address", told[2].case_id)
    assert one.sign.figures == {"n": 3, "days": 30}
    assert [case.public_id for case in one.among] == [opened.public_id for opened in told]


def test_a_day_more_another_address_or_another_unit_make_none(office: SmallOffice) -> None:
    rated_orders(office, "2026-03-02", "2026-03-20", "2026-04-02")
    rated_orders(office, "2026-03-20", address=THERE)
    rated_orders(office, "2026-03-20", unit="desk")
    assert codes(office) == []


def test_runs_that_lie_apart_are_two_signs(office: SmallOffice) -> None:
    rated_orders(office, "2026-03-02", "2026-03-03", "2026-03-04", "2026-06-01", "2026-06-02", "2026-06-03")
    assert [one.sign.figures["days"] for one in signs(office)] == [2, 2]


def test_an_address_has_another_hash_every_year_and_under_every_key() -> None:
    first = origin_of(HERE, key=KEY, year=2026)
    assert len(first) == 16  # 64 bits
    assert first not in (origin_of(HERE, key=KEY, year=2027), origin_of(HERE, key=KEY[::-1], year=2026))
    assert HERE not in first


def test_the_addresses_of_one_subscriber_are_one_place() -> None:
    def place(address: str) -> str:
        return origin_of(address, key=KEY, year=2026)

    assert place("2001:db8:1:2::1") == place("2001:db8:1:2:ffff::9")
    assert place("2001:db8:1:2::1") != place("2001:db8:1:3::1")
    assert place(f"::ffff:{HERE}") == place(HERE)


def test_where_a_rating_came_from_is_forgotten_after_a_year_and_said_once(office: SmallOffice) -> None:
    one, other = rated_orders(office, "2026-03-02", "2026-03-03")
    came_from(office, one, THERE, "2026-03-09T12:00")  # a form that was sent again
    table = RatingOrigin.__table__.c  # type: ignore[attr-defined]
    with transaction(office.engine) as connection:
        stored = connection.execute(select(table.origin).where(table.case_id == one.case_id)).scalar_one()
        assert stored == origin_of(HERE, key=KEY, year=2026)
        assert forget_old_origins(connection, now=at("2026-03-02T12:00") + KEPT - timedelta(seconds=1)) == 0
        assert forget_old_origins(connection, now=at("2026-03-02T12:00") + KEPT) == 1
        assert connection.execute(select(table.case_id)).scalars().all() == [other.case_id]


# -- verdicts ----------------------------------------------------------------------------------------------------------


def test_the_last_verdict_counts_each_one_is_an_event_and_verify_agrees(office: SmallOffice) -> None:
    an_order(office, paused("2026-03-09T10:00"))
    (one,) = signs(office)
    assert one.verdict is None
    judge(office, one, "to_be_discussed", on="2026-04-01T09:00")
    judge(office, one, "explained", on="2026-04-02T09:00")
    (reviewed,) = signs(office)
    assert reviewed.verdict
    assert (reviewed.verdict.verdict, reviewed.verdict.by) == ("explained", office.accounts["auditor"])
    table, row = Event.__table__.c, SignReview.__table__.c  # type: ignore[attr-defined]
    with reading(office.engine) as connection:
        events = list(
            connection.execute(select(table.data).where(table.code == REVIEWED).order_by(table.seq)).scalars()
        )
        assert connection.execute(select(func.count()).select_from(SignReview)).scalar_one() == 1
        assert connection.execute(select(row.verdict)).scalar_one() == "explained"
    key = f"late_pause {one.key.stream} {one.key.seq}"
    said = [json.loads(data)["wrote"]["sign_review"][key] for data in events]
    assert [one["verdict"] for one in said] == ["to_be_discussed", "explained"]
    report = verify(office.engine.url.render_as_string(hide_password=False))
    assert report.ok, report.text()


def test_a_form_that_is_sent_twice_gives_one_verdict(office: SmallOffice) -> None:
    an_order(office, paused("2026-03-09T10:00"))
    (one,) = signs(office)
    for _ in range(2):
        judge(office, one, "explained", on="2026-04-01T09:00", request="a" * 32)
    table = Event.__table__.c  # type: ignore[attr-defined]
    with reading(office.engine) as connection:
        query = select(func.count()).select_from(Event).where(table.code == REVIEWED)
        assert connection.execute(query).scalar_one() == 1


def test_a_sign_that_has_grown_since_its_verdict_says_so(office: SmallOffice) -> None:
    copied(office, 3)
    (one,) = signs(office)
    judge(office, one, "explained", on="2026-03-03T12:00")
    assert [one.grown for one in signs(office)] == [False]
    copied(office, 1, hour=13)
    (grown,) = signs(office)
    assert (grown.key, grown.grown, grown.sign.figures["n"]) == (one.key, True, 4)


def test_the_score_is_the_same_with_signs_and_with_verdicts(office: SmallOffice) -> None:
    """Closing late costs a yellow and a red whether or not the limit was bent, and whatever an auditor makes of it."""
    an_order(office, paused("2026-03-09T10:00"), answered("2026-03-23T10:00", SECRET))
    an_order(office, answered("2026-03-09T16:00", SECRET), closed("2026-03-09T16:10"))

    def sheets() -> Any:
        with reading(office.engine) as connection:
            return assess(connection, year=2026, scheme="LIGHTS-A", actor=TIMERS, office=office.context)

    before = sheets()
    (one,) = signs(office)
    assert sheets() == before
    judge(office, one, "confirmed", on="2026-04-01T09:00")
    assert sheets() == before
