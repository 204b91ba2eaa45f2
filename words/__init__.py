"""Codes as words: the one place where a code of the rules meets the catalogue of the reader's language."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from infra.i18n import translations, write_day, write_minute
from workflow.calendar import WorkCalendar
from workflow.clocks import Left, due_on
from workflow.counting import STEADY
from workflow.derivation import NOT_NAMED, Day
from workflow.model import Clock, Reason, Unit
from workflow.policy_files import PolicyFault

#: A light is told by its shape and its word, never by colour alone.
LIGHT_SHAPES = {"green": "●", "yellow": "▲", "red": "■", "paused": "‖", "window": "○", "none": "○", "ended": "✓"}
#: How rules say a day, or a minute, in the values of a reason.
AS_DAY = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?")


class Words:
    """Looks up `state.handling`, `command.Accept`, `field.to_length`, `reason.extension.too_late`, ..."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = translations(language)

    def __call__(self, code: str, /, **values: Any) -> str:
        found = self._catalogue.gettext(code)
        return found % values if values else found

    def has(self, code: str) -> bool:
        return self._catalogue.gettext(code) != code

    def reason(self, reason: Reason) -> str:
        values = dict(reason.values)
        if unit := values.get("unit"):  # its figures as lengths: `max` is also `max_length`, with its unit
            lengths = {
                f"{name}_length": self.count(f"length.{unit}", n) for name, n in values.items() if type(n) is int
            }
            values |= lengths
        if command := values.get("command"):
            values["command"] = self(f"command.{command}")
        if source := values.get("source"):
            values["source"] = self(str(source))  # the basis of a rule: written out, and in the reader's language
        return self(f"reason.{reason.code}", **{name: self._plain(value) for name, value in values.items()})

    def one_of(self, roles: Sequence[str]) -> str:
        """调解员或协调员."""
        return self("punctuation.or").join(self(f"role.{role}") for role in roles)

    def _plain(self, value: Any) -> Any:
        """A value as it may stand in a sentence: a day, or a minute of the office, as people write it."""
        if not isinstance(value, str) or not AS_DAY.fullmatch(value):
            return value
        if " " in value:
            return write_minute(datetime.fromisoformat(value).replace(tzinfo=UTC), self.language, ZoneInfo("UTC"))
        return write_day(date.fromisoformat(value), self.language)

    def because(self, day: Day, notices: list[str]) -> str:
        """Why a day of a receipt is counted or not; the notice that says so by its place among `notices`, where a new one
        is added."""
        said = self(f"because.{day.because}")
        if day.ground and day.ground != NOT_NAMED:
            said += self("because.ground", ground=self(f"ground.{day.ground}"))
        if day.notice:
            if day.notice not in notices:
                notices.append(day.notice)
            said += f" [{notices.index(day.notice) + 1}]"
        return said + self("because.provisional") if day.provisional else said

    def left(self, left: Left) -> str:
        """还剩 2 个工作日; 今天到期; 超期 1 天."""
        if left.amount == 0 and left.unit in (Unit.DAY, Unit.WORKING_DAY):
            return self("left.overdue_today" if left.overdue else "left.today")
        return self.count(f"{'over' if left.overdue else 'left'}.{left.unit.value}", left.amount)

    def left_then(self, left: Left) -> str:
        """The time left, seen from then: what is due within that day is not due today."""
        if left.amount == 0 and left.unit in (Unit.DAY, Unit.WORKING_DAY):
            return self("as_of.overdue_that_day" if left.overdue else "as_of.due_that_day")
        return self.left(left)

    def figures(self, done: Mapping[str, int]) -> str:
        """What a job did, each figure with its noun: `did.sent`, `did.dead`, ..."""
        said = [self.count(f"did.{name}", n) for name, n in done.items() if n]
        return self(", ").join(said) or self("did.nothing")

    def count(self, code: str, n: int) -> str:
        """A phrase with a number in it: `length.day`, `left.working_day`, ..."""
        return self._catalogue.ngettext(code, f"{code}.many", n) % {"n": n}


def fault_words(fault: PolicyFault, words: Words) -> str:
    """A fault of a policy file as a compiler prints it: place, reason, the line with a mark under it, a way out."""
    said = words(fault.code, value=fault.value) if fault.value else words(fault.code)
    lines = [f"{fault.file}:{fault.line}:{fault.column}: {f'{fault.key}: ' if fault.key else ''}{said}"]
    if fault.text:
        number = str(fault.line)
        lines += [f"  {number} | {fault.text}", f"  {' ' * len(number)} | {' ' * (fault.column - 1)}^"]
    if fault.nearest:
        lines.append(f"  {words('policy.nearest', name=fault.nearest)}")
    return "\n".join(lines)


def whole_due(clock: Clock, calendar: WorkCalendar, language: str) -> str:
    """The due time with its year, and with 24:00 for clocks that end with a day."""
    if clock.unit in STEADY:
        return write_minute(clock.due_at, language, calendar.zone)
    return f"{write_day(due_on(clock, calendar), language)} 24:00"


def due_words(clock: Clock, calendar: WorkCalendar, language: str, *, today: date) -> str:
    """10月15日 周四 for days, which end at 24:00; with the minute for clocks that run in minutes or hours."""
    if clock.unit in STEADY:
        return write_minute(clock.due_at, language, calendar.zone, today=today)
    return write_day(due_on(clock, calendar), language, today=today)
