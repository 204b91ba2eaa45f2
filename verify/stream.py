"""One stream of the ledger, read event by event: is the chain whole, and what does it say that the case is?

The canonical form of an event, the meaning of `data.wrote` and the rules of crossings are written here a second time,
on purpose: what proves the record must not share its mistakes.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from json.scanner import make_scanner
from typing import Any, NamedTuple

from verify.report import Finding, Notes

#: Made once: `json.dumps` would make one for each event. Bytes, which only a damaged file has, are spelled as by Python.
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr)
#: How the encoder spells one text and one number. Both refuse anything else.
_quoted, _number = json.encoder.encode_basestring, int.__repr__
_scanned = make_scanner(json.JSONDecoder())  # type: ignore[arg-type]  # the stub names another class
OFFICE_STREAM = 0
CROSSED, ERASED = "clock:crossed", "text:erased"
#: A clock has one such rung for each pause; every other code is crossed once.
PAUSE_OVER = "pause_over"
OPENED_ALERT_CODES, OVERDUE_CODES = ("yellow", "reminder"), ("red", "lapsed")
#: What `data.wrote` has no numbers of: the case's own row, and its tracking code.
UNNUMBERED = frozenset({"cases", "tracking"})
RECORD_NUMBER = re.compile(r"[0-9]{1,18}")
EVENT_COLUMNS = (
    "stream", "seq", "code", "occurred_at", "recorded_at", "actor", "role", "unit", "data", "key", "hash",
)  # fmt: skip


class Event(NamedTuple):
    stream: Any
    seq: Any
    code: Any
    occurred_at: Any
    recorded_at: Any
    actor: Any
    role: Any
    unit: Any
    data: Any
    key: Any
    hash: Any


class Said(NamedTuple):
    """An event and its data, or None if these have not the shape that the program gives them."""

    event: Event
    data: dict[str, Any] | None


class Rung(NamedTuple):
    code: Any
    light: Any
    at: str


class Ladder(NamedTuple):
    """The rungs of a clock as the ledger has them, and when it shows its lights."""

    rungs: tuple[Rung, ...]
    yellow_at: str | None
    red_at: str | None

    def after(self, since: str | None) -> str | None:
        """When the first rung is reached that is still to be crossed."""
        return next((rung.at for rung in self.rungs if since is None or rung.at > since), None)


NO_LADDER = Ladder((), None, None)


@dataclass(slots=True)
class Folded:
    """What the ledger says a case is, after all its events."""

    stream: Any
    case: dict[str, Any] = field(default_factory=dict)
    records: dict[str, dict[Any, dict[str, Any]]] = field(default_factory=dict)  #: by table, and by number
    version: int = 0
    steps: int = 0
    crossed_until: dict[Any, str] = field(default_factory=dict)  #: the last crossing of each clock
    crossings: set[tuple[Any, ...]] = field(default_factory=set)
    erased: set[Any] = field(default_factory=set)
    told: dict[Any, Any] = field(default_factory=dict)  #: whom an event tells, by its seq; older events do not say so

    def of(self, table: str) -> dict[Any, dict[str, Any]]:
        """The records of a table, by their numbers."""
        return self.records.setdefault(table, {})


def same(stored: Any, expected: Any) -> bool:
    """Equal and of one type; SQLite keeps a truth value as a number."""
    return bool(stored == expected) and (
        type(stored) is type(expected) or {type(stored), type(expected)} <= {bool, int}
    )


def alike(stored: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    """`same` for all values of a row at once: most rows of a record are."""
    return stored == expected and _of_one_type(tuple(map(type, stored)), tuple(map(type, expected)))


@lru_cache(maxsize=4096)
def _of_one_type(some: tuple[type, ...], others: tuple[type, ...]) -> bool:
    return all(one is other or {one, other} <= {bool, int} for one, other in zip(some, others, strict=True))


def ladder_of(clock: dict[str, Any]) -> Ladder:
    """Without rungs if it has what is no ladder."""
    ladder = clock.get("rungs")
    return _ladder(ladder) if isinstance(ladder, str) else NO_LADDER


@lru_cache(maxsize=1024)
def _ladder(text: str) -> Ladder:
    try:
        rungs = tuple(Rung(code, light, str(at)) for code, light, at, _ in json.loads(text))
    except (TypeError, ValueError, RecursionError):
        return NO_LADDER
    return Ladder(
        rungs,
        yellow_at=next((rung.at for rung in rungs if rung.code in OPENED_ALERT_CODES), None),
        red_at=next((rung.at for rung in rungs if rung.code in OVERDUE_CODES), None),
    )


# -- the chain --------------------------------------------------------------------------------------------------------


def chain(stream: Any, events: Iterable[Event], head: tuple[Any, Any] | None, notes: Notes) -> Iterator[Event]:
    """The events of a stream, each checked against the one before it, and the last against the stream's head."""
    seq, last_hash, found = 0, "", 0
    for event in events:
        found += 1
        if event.seq == seq + 1 and type(event.seq) is int:
            expected = event_hash(event, last_hash)
            if event.hash != expected:
                notes.add(_of(event, "chains.hash", column="hash", stored=event.hash, expected=expected))
        elif same(event.seq, seq):
            notes.add(_of(event, "chains.twice"))
        else:
            notes.add(_of(event, "chains.gap", column="seq", stored=event.seq, expected=seq + 1))
        seq, last_hash = event.seq if isinstance(event.seq, int) else seq, event.hash
        yield event
    notes.count("chains", found)
    _compare_head(stream, (seq, last_hash), head, notes)


def event_hash(event: Event, before: str) -> str:
    """SHA-256 of the JSON array of the event's columns, in their order, and the hash before; no spaces, UTF-8."""
    stream, seq, code, occurred_at, recorded_at, actor, role, unit, data, key, _ = event
    try:  # Spelled out, which costs a fifth less. What only a damaged row can hold goes the long way.
        text = (
            f"[{_number(stream)},{_number(seq)},{_quoted(code)},{_quoted(occurred_at)},{_quoted(recorded_at)},"
            f"{'null' if actor is None else _number(actor)},{_quoted(role)},"
            f"{'null' if unit is None else _number(unit)},{_quoted(data)},"
            f"{'null' if key is None else _quoted(key)},{_quoted(before)}]"
        )
    except TypeError:
        text = _PLAIN.encode([*event[:-1], before])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _compare_head(stream: Any, last: tuple[int, str], head: tuple[Any, Any] | None, notes: Notes) -> None:
    seq, last_hash = last
    if head is None:
        if seq:
            notes.add(Finding(code="chains.no_head", table="stream_head", stream=stream))
    elif seq == 0:
        notes.add(Finding(code="chains.no_events", table="stream_head", stream=stream))
    elif isinstance(head[0], int) and head[0] > seq:
        notes.add(Finding(code="chains.tail", table="event", stream=stream, number=seq, stored=head[0]))
    else:
        for column, stored, expected in (("seq", head[0], seq), ("hash", head[1], last_hash)):
            if not same(stored, expected):
                notes.add(
                    Finding(
                        code="chains.head",
                        table="stream_head",
                        stream=stream,
                        column=column,
                        stored=stored,
                        expected=expected,
                    )
                )


# -- what the events say ----------------------------------------------------------------------------------------------


def said_by(event: Event) -> Said:
    """The event with its data read."""
    try:
        data = _read(event.data)
    except (TypeError, ValueError, RecursionError):
        return Said(event, None)
    return Said(event, data if isinstance(data, dict) and _names_rows(data.get("wrote", {})) else None)


def _read(text: Any) -> Any:
    """`json.loads`, without what it does around the reading."""
    try:
        value, end = _scanned(text, 0)
    except (StopIteration, TypeError):
        return json.loads(text)
    return value if end == len(text) else json.loads(text)


def _names_rows(wrote: Any) -> bool:
    """Whether `data.wrote` has rows by table, and those of records by their numbers."""
    if not isinstance(wrote, dict):
        return False
    for table, rows in wrote.items():
        if not isinstance(rows, dict):
            return False
        if table in UNNUMBERED:
            continue
        for number, row in rows.items():
            if not isinstance(row, dict) or _record_number(number) is None:
                return False
    return True


@lru_cache(maxsize=1024)
def _record_number(text: str) -> int | None:
    return int(text) if RECORD_NUMBER.fullmatch(text) else None


def fold(stream: Any, said: Iterable[Said], notes: Notes) -> Folded:
    """What the events of a case add up to."""
    folded = Folded(stream)
    for event, data in said:
        if data is None:
            notes.add(_of(event, "chains.data", column="data"))
            continue
        if "told" in data:
            folded.told[event.seq] = data["told"]
        if event.code == CROSSED:
            _cross(folded, event, data, notes)
            continue
        if event.code == ERASED:
            folded.erased.update(_list(data.get("texts")))
        if "wrote" in data:
            _nothing_left_out(folded, event, notes)
            _step(folded, event, data, notes)
    notes.count("versions", folded.steps)
    return folded


def _step(folded: Folded, event: Event, data: dict[str, Any], notes: Notes) -> None:
    folded.steps += 1
    folded.version += 1
    if not same(data.get("version"), folded.version):
        found, expected = data.get("version"), folded.version
        notes.add(_of(event, "versions.step", column="data", stored=found, expected=expected))
        folded.version = found if isinstance(found, int) else folded.version
    for table, rows in data["wrote"].items():
        if table == "cases":
            folded.case.update(rows)
        elif table == "tracking":
            folded.of(table)[None] = rows
        else:
            records = folded.of(table)
            for number, row in rows.items():
                records[_record_number(number)] = row


def _nothing_left_out(folded: Folded, event: Event, notes: Notes) -> None:
    """Every step settles the lights that are due before it changes anything."""
    noticed = str(event.recorded_at)
    for number, clock in folded.of("clock").items():
        if clock.get("stopped_at"):
            continue
        since = folded.crossed_until.get(number)
        for rung in ladder_of(clock).rungs:
            if rung.at <= noticed and (since is None or rung.at > since):
                due = f"clock {number} {rung.code} {rung.at}"
                notes.add(_of(event, "crossings.left_out", expected=due))


def _cross(folded: Folded, event: Event, data: dict[str, Any], notes: Notes) -> None:
    """One crossing against the clock as it stood then."""
    notes.count("crossings")
    number, code, at = data.get("clock"), str(data.get("rung")), str(event.occurred_at)
    named = f"clock {number} {code} {at}"
    clock = folded.of("clock").get(number) if isinstance(number, int) else None
    rung = next((r for r in ladder_of(clock or {}).rungs if (r.code, r.at) == (code, at)), None)
    if clock is None or rung is None:
        notes.add(_of(event, "crossings.no_rung", stored=named))
        return
    if at > str(event.recorded_at):
        notes.add(_of(event, "crossings.early", column="recorded_at", stored=event.recorded_at, expected=at))
    if stopped := clock.get("stopped_at"):
        notes.add(_of(event, "crossings.stopped", stored=stopped))
    once = (number, code, at) if code == PAUSE_OVER else (number, code)
    since = folded.crossed_until.get(number)
    if once in folded.crossings:
        notes.add(_of(event, "crossings.twice", stored=named))
    elif since is not None and at < since:
        notes.add(_of(event, "crossings.order", stored=at, expected=since))
    _compare_data(folded, event, data, {**clock, "light": rung.light}, notes)
    folded.crossings.add(once)
    folded.crossed_until[number] = at


def _compare_data(folded: Folded, event: Event, data: dict[str, Any], clock: dict[str, Any], notes: Notes) -> None:
    then = {name: clock.get(name) for name in ("name", "rule", "due_at", "light")}
    charged = clock.get("charged_unit") is not None  # to somebody else than whoever holds the case
    then["unit"] = clock["charged_unit"] if charged else folded.case.get("holder_unit")
    then["person"] = clock.get("charged_person") if charged else folded.case.get("holder_person")
    for name, expected in then.items():
        if not same(data.get(name), expected):
            stored, said = f"{name} {data.get(name)}", f"{name} {expected}"
            notes.add(_of(event, "crossings.differs", column="data", stored=stored, expected=said))


def _list(value: Any) -> list[Any]:
    return [item for item in value if isinstance(item, int)] if isinstance(value, list) else []


def _of(event: Event, code: str, *, column: str | None = None, stored: Any = None, expected: Any = None) -> Finding:
    return Finding(
        code=code,
        table="event",
        stream=event.stream,
        number=event.seq,
        column=column,
        stored=stored,
        expected=expected,
    )
