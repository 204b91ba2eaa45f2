"""`huiyin deadline explain`: works out a clock by hand and shows every day of it.

The rule comes from the office's own policy if there is an office, else from the policy that ships with the program.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, NoReturn

import typer

import migrations
from cases.office import NoOffice, load_office
from cases.policies import present_policy, shipped_files
from cli.printing import ASKED_WRONGLY, fail, print_json
from infra.db import engine_of, reading
from infra.i18n import LANGUAGES, known_language, write_day, write_minute
from infra.settings import Settings, settings
from reports.record.derivations import as_json
from words import Words
from workflow.calendar import FIRST_YEAR, LAST_YEAR, BeyondCalendar, NoSuchTime, WorkCalendar
from workflow.clocks import ClockRefuses
from workflow.counting import STEADY
from workflow.derivation import Derivation, allowed_by, derivation, worked_out
from workflow.model import Kind, Roll, Unit
from workflow.policy import Policy, rule_on
from workflow.policy_files import policy_from
from workflow.policy_rules import LONGEST, Rule

deadline = typer.Typer(no_args_is_help=True, help="逐日说明期限。Explain time limits day by day.")
NO_RULE = "-"


@deadline.command()
def explain(
    rule: Annotated[str, typer.Argument(help="规则编号，或 -（另给长度和单位）。A rule, or - with length and unit.")],
    start: Annotated[str, typer.Option(help="起算时刻，如 2026-04-27T09:15。When it starts.")],
    length: Annotated[int | None, typer.Option(help="长度 / length")] = None,
    unit: Annotated[Unit | None, typer.Option(help="单位 / unit")] = None,
    roll: Annotated[Roll | None, typer.Option(help="末日逢假日 / when the last day is a day off")] = None,
    pause: Annotated[list[str] | None, typer.Option(help="中止 FROM/TO，可重复。A pause; may be repeated.")] = None,
    extend: Annotated[
        list[str] | None, typer.Option(help="延期 总长度@时刻，可重复。LENGTH@INSTANT, in total.")
    ] = None,
    light: Annotated[str | None, typer.Option(help="亮灯办法 / ladder: third, fix3, one_day, post, ...")] = None,
    calendar: Annotated[str | None, typer.Option(help="工作日历 / calendar")] = None,
    language: Annotated[str | None, typer.Option(help="zh_CN, en")] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="打印 JSON。Print JSON.")] = False,
) -> None:
    """逐日说明一项期限：哪天计入、为什么。Every day of a time limit: counted or not, and why."""
    words = Words(known_language(language or settings().language))
    policy, chosen_here = policy_at_hand(settings(), calendar)
    if light is not None and light not in policy.ladders:
        _refuse(words, "deadline.no_ladder", name=light, known=", ".join(policy.ladders))
    view = policy.for_profile(_profile_with(rule, policy, chosen_here))
    days = policy.calendar
    began = _instant(words, start, days)
    if not FIRST_YEAR <= began.year <= LAST_YEAR:
        _refuse(words, "deadline.beyond_calendar", day=start)
    began_on = days.local_day(began)
    chosen = _rule(words, rule, policy, began_on, length, unit, roll)
    if light is not None:
        chosen = replace(chosen, ladder=light)
    pauses = [_pause(words, text, days) for text in pause or ()]
    extensions = [_extension(words, text, days) for text in extend or ()]
    if any(total > LONGEST[chosen.unit] for total in (chosen.length, *(total for total, _ in extensions))):
        _refuse(words, "deadline.absurd", max=LONGEST[chosen.unit])
    try:
        if rule != NO_RULE:
            allowed_by(chosen, days, pauses=pauses, lengths=[total for total, _ in extensions])
        clocks = worked_out(chosen, view, at=began, pauses=pauses, extensions=extensions)
        last = days.local_day(clocks[-1].due_at)
        if beyond := next((day for day in (began_on, last) if not FIRST_YEAR <= day.year <= LAST_YEAR), None):
            raise BeyondCalendar(beyond.isoformat())
    except ClockRefuses as error:
        _refuse(words, f"deadline.{error.code}")
    except BeyondCalendar as error:
        _refuse(words, "deadline.beyond_calendar", day=str(error))
    except OverflowError:
        _refuse(words, "deadline.beyond_calendar", day=" ".join((start, *(pause or ()))))
    found = derivation(clocks[-1], chosen, view, granted=clocks[-2].length if len(clocks) > 1 else None)
    if as_json_:
        print_json(as_json(found, granted=tuple(sorted(extensions, key=lambda one: one[1]))))
    else:
        typer.echo("\n".join(as_text(found, words)))


def policy_at_hand(chosen: Settings, calendar: str | None) -> tuple[Policy, tuple[str, ...]]:
    """The office's policy under its own calendar or the one asked for, and the profiles it has chosen; the shipped one
    where there is no office yet."""
    engine = engine_of(chosen)
    try:
        migrations.bring_up_to_date(engine)
        with reading(engine) as connection:
            office = load_office(connection)
            asked = present_policy(connection, calendar=calendar) if calendar else office.policy
            return asked, office.profiles
    except (migrations.NoDatabase, migrations.DatabaseIsEmpty, NoOffice):
        pass
    finally:
        engine.dispose()
    return policy_from(shipped_files(), calendar=calendar or "cn"), ()


def _profile_with(rule: str, policy: Policy, chosen: tuple[str, ...]) -> str:
    """The profile whose ladder a rule has: one that the office has chosen, else the first that runs a clock by it."""
    order = (*(name for name in chosen if name in policy.profiles), *policy.profiles)
    return next((name for name in order if rule in policy.profiles[name].clocks.values()), order[0])


def _rule(
    words: Words, name: str, policy: Policy, day: date, length: int | None, unit: Unit | None, roll: Roll | None
) -> Rule:
    if name != NO_RULE and name not in policy.rules:
        _refuse(words, "deadline.no_rule", name=name, nearest=get_close_matches(name, policy.rules, n=1, cutoff=0)[0])
    if name == NO_RULE and (length is None or unit is None):
        _refuse(words, "deadline.length_and_unit")
    if length is not None and length <= 0:
        _refuse(words, "deadline.length")
    if name == NO_RULE:
        assert length is not None
        assert unit is not None
        return Rule(
            id=NO_RULE, length=length, unit=unit, kind=Kind.DUTY, source=NO_RULE, confidence="K", effective_from=day,
            roll=roll or Roll.NONE,
        )  # fmt: skip
    found = rule_on(policy.rules, name, day)
    return replace(found, length=length or found.length, unit=unit or found.unit, roll=roll or found.roll)


def _pause(words: Words, text: str, days: WorkCalendar) -> tuple[datetime, datetime]:
    begin, slash, end = text.partition("/")
    if not (slash and begin and end):
        _refuse(words, "deadline.pause", text=text)
    return _instant(words, begin, days), _instant(words, end, days)


def _extension(words: Words, text: str, days: WorkCalendar) -> tuple[int, datetime]:
    total, at, instant = text.partition("@")
    if not (at and total.isascii() and total.isdecimal() and len(total) < 9 and int(total) > 0):
        _refuse(words, "deadline.extension", text=text)
    return int(total), _instant(words, instant, days)


def _instant(words: Words, text: str, days: WorkCalendar) -> datetime:
    """A local time of the calendar's zone, or an instant with its offset."""
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else days.instant_of(read)
    except NoSuchTime:
        _refuse(words, "deadline.no_such_time", text=text, zone=days.zone.key)
    except (ValueError, OverflowError):
        _refuse(words, "deadline.instant", text=text)


def _refuse(words: Words, code: str, **values: Any) -> NoReturn:
    fail(words(code, **values), ASKED_WRONGLY)


# -- for people -------------------------------------------------------------------------------------------------------


def as_text(found: Derivation, words: Words) -> list[str]:
    """The receipt as lines in one language."""
    clock, rule, zone, language = found.clock, found.rule, found.calendar.zone, words.language

    def minute(instant: datetime | None) -> str:
        return write_minute(instant, language, zone) if instant else words("deadline.none")

    name = rule.zh if language == LANGUAGES[0] else rule.en
    lines = [
        f"{rule.id} {name}  {words.count('length.' + clock.unit.value, clock.length)}",
        words("deadline.source", source=words(rule.source), confidence=words(f"confidence.{rule.confidence}")),
        words("deadline.started", when=minute(clock.started_at)),
    ]
    notices: list[str] = []
    for day in found.days:
        number = "" if day.number is None else str(day.number)
        lines.append(f"  {write_day(day.on, language):<22} {number:>4}  {words.because(day, notices)}")
    due = minute(clock.due_at) if clock.unit in STEADY else f"{write_day(found.due_on, language)} 24:00"
    lines += [
        words("deadline.due", when=due),
        words("deadline.yellow", when=minute(found.yellow_at)),
        words("deadline.red", when=minute(found.red_at)),
    ]
    lines += [words("clock.provisional")] if found.provisional else []
    return [*lines, *(f"[{number}] {notice}" for number, notice in enumerate(notices, 1))]
