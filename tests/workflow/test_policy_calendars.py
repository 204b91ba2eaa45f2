"""Calendars as data: what is refused in one, and how a regional one is laid over the national one."""

from datetime import date

import pytest

from tests.workflow.clock_factories import a_clock, a_rule
from tests.workflow.factories import at, calendar, local
from tests.workflow.policy_texts import SHIPPED, YEAR, faults, in_bytes, place, small_policy, spoilt, the_fault
from workflow.calendar import BeyondCalendar, WorkCalendar
from workflow.clocks import due_on, start
from workflow.model import RecordNumber, Unit
from workflow.policy_files import policy_from


def year(
    number: int, *, name: str = "cn", head: str = 'zone = "Asia/Shanghai"', days: str = "off = []\nwork = []"
) -> str:
    return f'[[calendar]]\nid = "{name}"\nyear = {number}\n{head}\nsource = "notice of {number} for {name}"\n{days}\n'


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "line", "column", "key"),
    [
        # A day that stands twice is pointed at where it stands the second time.
        ("2026-10-01", "2026-05-01", 8, 5, "off"),
        ("2026-05-02", "2026-05-01", 7, 17, "off"),
        ("[2026-05-09]", "[2026-05-01]", 10, 9, "work"),
        ("[2026-05-09]", "[2026-05-09, 2026-05-09]", 10, 21, "work"),
    ],
)
def test_a_day_is_named_once_in_its_year(right: str, wrong: str, line: int, column: int, key: str) -> None:
    fault = the_fault({"calendar.toml": spoilt(YEAR, right, wrong)})
    assert place(fault) == ("calendar.toml", line, column, f"calendar.cn.{key}", "policy.day_twice")
    assert fault.value == wrong.strip("[]")[-10:]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "column", "key"),
    [("2026-10-01", "2025-10-01", 8, 5, "off"), ("[2026-05-09]", "[2027-05-09]", 10, 9, "work")],
)
def test_a_day_belongs_to_the_year_it_is_listed_under(right: str, wrong: str, line: int, column: int, key: str) -> None:
    fault = the_fault({"calendar.toml": spoilt(YEAR, right, wrong)})
    assert place(fault) == ("calendar.toml", line, column, f"calendar.cn.{key}", "policy.day_of_another_year")
    assert fault.value == wrong.strip("[]")


def test_between_two_years_none_is_missing() -> None:
    # Seven lines a year, and the number on the third: the later of the two between which one is missing is pointed at.
    found = faults({"calendar.toml": year(2025) + year(2027) + year(2029)})
    assert [(place(fault), fault.value) for fault in found] == [
        (("calendar.toml", 10, 1, "calendar.cn.year", "policy.year_missing"), "2026"),
        (("calendar.toml", 17, 1, "calendar.cn.year", "policy.year_missing"), "2028"),
    ]


def test_years_that_stand_in_several_files_are_put_together() -> None:
    files = {"calendar.toml": year(2025) + year(2027), "more.toml": year(2026)}
    assert small_policy(files).calendar.published == {2025, 2026, 2027}


def test_a_year_is_given_once_among_all_files() -> None:
    fault = the_fault({"calendar.toml": YEAR, "more.toml": year(2026)})
    assert place(fault) == ("more.toml", 3, 1, "calendar.cn.year", "policy.year_twice")


@pytest.mark.parametrize("zone", ["Asia/Shanghay", "../etc/passwd", "Asia", "A" * 300])
def test_a_zone_is_one_that_there_is(zone: str) -> None:
    fault = the_fault({"calendar.toml": spoilt(YEAR, "Asia/Shanghai", zone)})
    assert place(fault) == ("calendar.toml", 3, 1, "calendar.cn.zone", "policy.no_zone")
    assert fault.value == zone


def test_a_calendar_that_extends_none_has_a_zone() -> None:
    fault = the_fault({"calendar.toml": spoilt(YEAR, 'zone = "Asia/Shanghai"\n', "")})
    assert place(fault) == ("calendar.toml", 1, 3, "calendar.cn.zone", "policy.missing")


def test_a_calendar_extends_one_that_there_is() -> None:
    fault = the_fault({"region.toml": year(2026, name="nx", head='extends = "ch"')}, calendar="nx")
    assert place(fault) == ("region.toml", 4, 1, "calendar.nx.extends", "policy.unknown_name")
    assert (fault.value, fault.nearest) == ("ch", "cn")


@pytest.mark.parametrize(
    "files",
    [
        {"region.toml": year(2026, name="nx", head='extends = "nx"')},
        {
            "calendar.toml": year(2026, head='extends = "nx"'),
            "region.toml": year(2026, name="nx", head='extends = "cn"'),
        },
    ],
    ids=["itself", "in a circle"],
)
def test_a_calendar_does_not_extend_itself(files: dict[str, str]) -> None:
    assert "policy.extends_itself" in {fault.code for fault in faults(files, calendar="nx")}


def test_a_calendar_has_one_zone_for_all_its_years() -> None:
    assert faults({"calendar.toml": year(2025) + year(2026, head='zone = "Europe/Berlin"')})


@pytest.mark.parametrize("wrong", [1999, 2061])
def test_a_year_lies_within_the_span_that_calendars_count(wrong: int) -> None:
    assert faults({"calendar.toml": year(wrong)})


def test_a_slip_of_the_year_is_told_once_and_not_a_thousand_times() -> None:
    # A small slip here, so that the test is quick: 2026 to 2126.
    assert len(faults({"calendar.toml": year(2025) + year(2126)})) < 10


@pytest.mark.parametrize("wrong", ['"2026-10-1"', "2026-10-01T12:00:00", "20261001"])
def test_a_day_is_a_date(wrong: str) -> None:
    fault = the_fault({"calendar.toml": spoilt(YEAR, "2026-10-01", wrong)})
    # Its own line is pointed at, not the one that begins the list.
    assert (fault.file, fault.line, fault.key, fault.code) == (
        "calendar.toml", 8, "calendar.cn.off.2", "policy.bad_value",
    )  # fmt: skip
    assert fault.value.replace(" ", "T") == wrong.strip('"')


# -- regional calendars -----------------------------------------------------------------------------------------------

#: Wed 18 March 2026 off (a regional festival), Sat 21 March worked for it. Of the national notice, Fri 1 May is worked
#: here, and the make-up Saturday of 9 May is not.
REGION = year(
    2026,
    name="nx",
    head='extends = "cn"',
    days="off = [2026-03-18, 2026-05-09]\nwork = [2026-03-21, 2026-05-01]",
)


def regional(text: str = REGION, *, zone: str = "") -> WorkCalendar:
    content = text.replace('extends = "cn"', f'extends = "cn"\n{zone}')
    return policy_from({**SHIPPED, **in_bytes({"calendars/nx.toml": content})}, calendar="nx").calendar


@pytest.mark.parametrize(
    ("day", "here", "nationally"),
    [
        ("2026-03-18", False, True),  # a festival of the region
        ("2026-03-21", True, False),  # its make-up Saturday
        ("2026-05-01", True, False),  # Labour Day, worked in this region
        ("2026-05-09", False, True),  # the nation's make-up Saturday, not worked here
        ("2026-05-04", False, False),  # what the region says nothing of is the nation's
        ("2026-02-14", True, True),
        ("2026-03-17", True, True),
    ],
)
def test_the_days_of_a_region_win_over_those_of_the_nation_in_both_directions(
    day: str, here: bool, nationally: bool
) -> None:
    assert regional().is_working_day(date.fromisoformat(day)) is here
    assert calendar().is_working_day(date.fromisoformat(day)) is nationally


def test_a_day_is_either_off_or_worked_and_never_both() -> None:
    region = regional()
    assert region.off & region.work == frozenset()
    assert region.off - calendar().off == {date(2026, 3, 18), date(2026, 5, 9)}
    assert region.work - calendar().work == {date(2026, 3, 21), date(2026, 5, 1)}


def test_the_index_of_a_region_counts_the_same_days_as_asking_day_by_day() -> None:
    region = regional()
    # 248 nationally; one regional day off and one worked, Labour Day worked and a make-up Saturday not: 248 again.
    assert region.working_days_between(date(2025, 12, 31), date(2026, 12, 31)) == 248
    # Mon 16 March + 4: 1=17, 18 off, 2=19 3=20 4=Sat 21.
    assert region.nth_working_day_after(date(2026, 3, 16), 4) == date(2026, 3, 21)


def test_a_clock_of_a_region_is_counted_by_its_days() -> None:
    policy = policy_from({**SHIPPED, **in_bytes({"calendars/nx.toml": REGION})}, calendar="nx").for_profile("hotline")
    clock = start(RecordNumber(1), "order", policy.rules["HOT-07"][-1], policy, at=at("2026-03-16T09:00"))
    # 1=17, 18 off, 2=19 3=20 4=Sat 21 5=Mon 23; k=2: yellow on day 4.
    assert due_on(clock, policy.calendar) == date(2026, 3, 23)
    assert local(clock.rungs[0].at) == "2026-03-21T00:00"


def test_a_year_is_published_only_if_both_have_published_it() -> None:
    assert calendar().published == {2025, 2026}
    assert regional().published == {2026}  # the region said nothing of 2025
    both = REGION + year(2025, name="nx", head='extends = "cn"') + year(2027, name="nx", head='extends = "cn"')
    assert regional(both).published == {2025, 2026}  # and the nation nothing of 2027
    assert regional(REGION.replace('extends = "cn"', 'extends = "cn"\nprovisional = true')).published == frozenset()


def test_the_notices_of_a_year_are_those_of_both() -> None:
    notices = regional().notices
    assert notices[2026][1:] == ("notice of 2026 for nx",)
    assert "content_7047091" in notices[2026][0]
    assert len(notices[2025]) == 1
    assert "尚未公布" in notices[2027][0]


def test_a_region_is_in_the_zone_of_the_nation_unless_it_names_its_own() -> None:
    assert regional().zone.key == "Asia/Shanghai"
    assert regional(zone='zone = "Asia/Urumqi"').zone.key == "Asia/Urumqi"
    assert regional().name == "nx"


def test_a_region_of_a_region_is_laid_over_both() -> None:
    town = year(2026, name="town", head='extends = "nx"', days="off = [2026-03-21]\nwork = [2026-03-18]")
    files = {**SHIPPED, **in_bytes({"calendars/nx.toml": REGION, "calendars/town.toml": town})}
    found = policy_from(files, calendar="town").calendar
    assert found.is_working_day(date(2026, 3, 18))
    assert not found.is_working_day(date(2026, 3, 21))
    assert found.is_working_day(date(2026, 5, 1))  # as the region has it
    assert len(found.notices[2026]) == 3


def test_a_calendar_that_nobody_asked_for_changes_nothing() -> None:
    policy = policy_from({**SHIPPED, **in_bytes({"calendars/nx.toml": REGION})}, calendar="cn")
    assert policy.calendar == calendar()


# -- beyond the calendar ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [Unit.WORKING_DAY, Unit.DAY, Unit.MONTH])
@pytest.mark.parametrize("started", ["1999-06-30T09:00", "2060-12-30T09:00", "2061-01-03T09:00", "2100-01-01T09:00"])
def test_no_clock_is_counted_by_guesswork_beyond_the_years_of_the_calendar(started: str, unit: Unit) -> None:
    # In days too: who is told five working days after red cannot be said.
    with pytest.raises(BeyondCalendar):
        a_clock(a_rule(3, unit), started)


def test_the_first_and_the_last_days_of_the_calendar_are_counted() -> None:
    # Sat 1 and Sun 2 January 2000; the last working day is Fri 31 December 2060.
    assert calendar().nth_working_day_after(date(2000, 1, 1), 1) == date(2000, 1, 3)
    assert calendar().nth_working_day_after(date(2060, 12, 30), 1) == date(2060, 12, 31)
    assert calendar().last_working_day(date(2000, 1, 3)) == date(2000, 1, 3)
    for day in (date(2000, 1, 2), date(2061, 1, 1)):
        with pytest.raises(BeyondCalendar, match=day.isoformat()):
            calendar().last_working_day(day)
