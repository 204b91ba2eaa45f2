"""What has happened in a case, as its page and the page of a conflict show it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cases import reading as record
from infra.i18n import write_day
from ledger.chain import IN_PLACE_OF
from web.context import Context
from web.presenters.linked import Known
from words import Words
from workflow.fields import OF_PEOPLE, OF_UNITS, choices_in
from workflow.model import AccountId, CaseId
from workflow.procedures import COMMANDS
from workflow.shapes import shapes

#: What is said elsewhere on the line, or of no use to anybody there.
UNSAID = frozenset({"occasion", "channel"})
#: The fields of commands whose texts the timeline shows.
SAID = (
    "message",
    "note",
    "what",
    "reply",
    "reason",
    "explanation",
    "evidence",
    "instruction",
    "answer",
    "remedies",
    "proper_channel",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    seq: int
    code: str
    occurred_at: datetime
    recorded_at: datetime
    when: str
    noticed: str | None  #: when it was recorded, if that was noticeably later
    who: str | None
    role: str
    light: str | None
    rung: str | None
    clock: str | None
    texts: tuple[str, ...]
    is_taken_back: bool = False
    in_place_of: str | None = None  #: for whom a deputy acted
    #: Whom the step names: the field, and their names.
    people: tuple[tuple[str, str], ...] = ()
    #: The other case of a link: what it is to this one, its address and its number, if the reader may know them.
    link: tuple[str, str | None, str | None] | None = None
    detail: str | None = None  #: the code of what kind of note it is
    #: What was chosen or entered, field by field, in words.
    entered: tuple[tuple[str, str], ...] = ()
    #: Of a correction: the field, what stood there, what stands there now.
    changes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the numbers in events are called: texts, accounts, units, the cases of links, and parties as they are called now."""

    texts: Mapping[int, str]
    accounts: Mapping[int, str]
    linked: Known
    units: Mapping[int, str]
    parties: Mapping[int, str]


def timeline_of(events: list[record.EventLine], names: Names, ctx: Context) -> tuple[TimelineView, ...]:
    """The latest first; a correction with what stood there before it."""
    lines = []
    for at, event in enumerate(events):
        line, texts = timeline_line(event, names, ctx), names.texts
        if "before" in event.data:
            line = replace(line, changes=tuple(_changes(event, record.title_in(events[:at], texts), texts, ctx)))
        lines.append(line)
    return tuple(reversed(lines))


def _changes(
    event: record.EventLine, title: str | None, texts: Mapping[int, str], ctx: Context
) -> Iterator[tuple[str, str, str]]:
    words, given, before = Words(ctx.language), event.data["command"], event.data["before"]
    if given.get("title") and title:
        yield "title", title, texts.get(given["title"][0], "")
    if "dispute_type" in before:
        yield "dispute_type", words(f"dispute.{before['dispute_type']}"), words(f"dispute.{given['dispute_type']}")
    for field in ("amount_yuan", "performance_due_on"):
        if field in before:
            yield field, _plain(before[field], ctx), _plain(given[field], ctx)
    if "terms" in before and given.get("terms"):
        yield "terms", texts.get(before["terms"], ""), texts.get(given["terms"][0], "")
    for field, typed in (("name", "party_name"), ("contact", "contact")):
        if field in before and (now := texts.get(given[typed][0])):
            yield typed, texts.get(before[field], ""), now


def _plain(value: Any, ctx: Context) -> str:
    """A figure or a day of an event, as people write it; nothing where nothing stood."""
    if value is None:
        return "—"
    return write_day(date.fromisoformat(value), ctx.language, today=ctx.today) if isinstance(value, str) else str(value)


def timeline_line(event: record.EventLine, names: Names, ctx: Context) -> TimelineView:
    texts, accounts, linked = names.texts, names.accounts, names.linked
    return TimelineView(
        seq=event.seq,
        code=event.code,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        when=ctx.minute(event.occurred_at),
        noticed=ctx.minute(event.recorded_at) if noticeably(event.occurred_at, event.recorded_at) else None,
        who=accounts.get(event.actor) if event.actor is not None else None,
        role=event.role,
        in_place_of=accounts.get(event.data[IN_PLACE_OF]) if IN_PLACE_OF in event.data else None,
        light=event.data.get("light"),
        rung=event.data.get("rung"),
        clock=event.data.get("name"),
        texts=texts_in(event.data, texts, SAID),
        is_taken_back=event.is_taken_back,
        people=tuple(
            (field, Words(ctx.language)("punctuation.comma").join(accounts.get(one, "") for one in named))
            for field, named in _people_of(event)
        ),
        link=(said["kind"], *linked.get(said["other"], (None, None))) if (said := event.data.get("link")) else None,
        entered=tuple(_entered(event, names, ctx)),
        detail=f"choice.occasion.{kind}" if (kind := event.data.get("command", {}).get("occasion")) else None,
    )


def _entered(event: record.EventLine, names: Names, ctx: Context) -> Iterator[tuple[str, str]]:
    """Of a step the codes, parties, units, days and figures that it says, in the words of the reader's language."""
    command, words = event.data.get("command", {}), Words(ctx.language)
    kind = COMMANDS.get(command.get("name", ""))
    for shape in shapes(kind) if kind and "before" not in event.data else ():
        value = command.get(shape.name)
        if value in (None, [], "") or shape.name in UNSAID:
            continue
        if shape.literal:
            yield shape.name, words(f"choice.{shape.name}.{value}")
        elif shape.choice == "parties":
            called = (names.parties.get(one) for one in (value if isinstance(value, list) else [value]))
            yield shape.name, words("punctuation.comma").join(one or words("party.unnamed") for one in called)
        elif shape.choice in OF_UNITS and value in names.units:
            yield shape.name, names.units[value]
        elif shape.choice == "pause_grounds":
            yield shape.name, words(f"ground.{value}")
        elif shape.kind == "date" or (shape.kind == "number" and shape.choice is None):
            yield shape.name, _plain(value, ctx)


def accounts_named(events: Iterable[record.EventLine]) -> set[AccountId]:
    """Whoever a step of these names, beside those who took one."""
    named = {account for event in events for _, accounts in _people_of(event) for account in accounts}
    return named | {event.data[IN_PLACE_OF] for event in events if IN_PLACE_OF in event.data}


def cases_linked(events: Iterable[record.EventLine]) -> set[CaseId]:
    """The other cases that links of these lead to."""
    return {CaseId(said["other"]) for event in events if (said := event.data.get("link"))}


def _people_of(event: record.EventLine) -> Iterator[tuple[str, list[AccountId]]]:
    command = event.data.get("command", {})
    kind = COMMANDS.get(command.get("name", ""))
    for field, choice in (choices_in(kind) if kind else {}).items():
        if choice in OF_PEOPLE and (value := command.get(field)):
            yield field, value if isinstance(value, list) else [value]


def texts_in(data: Mapping[str, Any], texts: Mapping[int, str], names: tuple[str, ...]) -> tuple[str, ...]:
    command = data.get("command", {})
    return tuple(texts[number] for name in names for number in command.get(name) or () if number in texts)


def noticeably(earlier: datetime, later: datetime) -> bool:
    return abs((later - earlier).total_seconds()) >= 120
