"""What the office's own events vouch for: accounts, units, the office itself, sessions and links, published policies,
closed years, anchors, reviews of signs; and whom they tell.

An event of the office says in `data.wrote` which rows it has written: by table, then by the key of the row (the columns
of `KEYS`, one space between them). Of a long text only its SHA-256 stands there. The heads of `year_cutoff` are many;
the row of the closed year has one hash over all of them.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from verify.notes import HEADS
from verify.report import Finding, Notes
from verify.sources import Row, Source
from verify.stream import OFFICE_STREAM, Event, same

PUBLISHED = "policy:published"
#: The tables whose rows the office vouches for, and the columns that name a row.
KEYS: Mapping[str, tuple[str, ...]] = {
    "year_close": ("year",),
    "anchor": ("number",),
    "sign_review": ("sign", "stream", "seq"),
    "office": ("id",),
    "unit": ("id",),
    "account": ("id",),
    "post": ("id",),
    "signin_link": ("token_hash",),
    "web_session": ("token_hash",),
    "access_token": ("token_hash",),
    "webhook": ("id",),
    "telling": ("account_id",),
    "identity": ("identity_hash",),
    "proposal": ("id",),
    "recovery_code": ("code_hash",),
    "passkey": ("credential_id",),
    "office_key": ("name",),
}
#: Rows that end: none stands without its event, but the event may have outlived its row.
MAY_GO = frozenset({"signin_link", "web_session", "recovery_code", "passkey", "identity"})
#: Notes of who has read a case.
READ = "cases:read"
#: Waiting mails of a closed account that others got instead.
PASSED_ON = "mails:passed_on"
#: Two people made another key the office's.
KEY_CHANGED = "key:changed"
#: The labels of columns that are proved; any other label is the reason why a column is not.
COVERED = frozenset({"hashed", "derived"})
POLICY = ("number", "version", "published_at", "content")
#: In the order in which a stream's are compared with its events.
CUTOFF = ("stream", "seq", "hash", "year")


class Published(NamedTuple):
    """What an event says of a version. `content` is the hash of its files."""

    version: str
    content: Any
    at: Any


class Succession(NamedTuple):
    """The key that signs was changed by two people: the fingerprint of the old one, the public half of the new one as base64,
    and when."""

    before: str
    after: str
    at: str


@dataclass(slots=True)
class Office:
    """What the events of the office add up to."""

    published: dict[int, Published] = field(default_factory=dict)  #: numbered in their order, from 1
    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  #: as last written, by table and key
    told: dict[Any, Any] = field(default_factory=dict)  #: whom an event of the office tells, by its seq
    #: When a case was first read, by case, account and day, and the event that says so.
    reads: dict[tuple[Any, ...], tuple[Any, Any]] = field(default_factory=dict)
    signing: list[Succession] = field(default_factory=list)  #: changes of the key that signs, in their order


def remembering(events: Iterable[Event], office: Office) -> Iterator[Event]:
    """The events of the office as they pass."""
    for event in events:
        data = _data(event.data)
        if event.code == PUBLISHED:
            if {"version", "content"} <= data.keys() and isinstance(data["version"], str):
                version, content = data["version"], data["content"]
            else:
                version, content = f"event {event.seq}", None  # no row will answer to it
            office.published[len(office.published) + 1] = Published(version, content, event.recorded_at)
        for table, rows in _named(data.get("wrote")):
            for key, row in _named(rows):
                office.rows.setdefault((table, key), {}).update(row)
        if event.code == READ:
            _note_reads(data.get("reads"), event.seq, office)
        if "told" in data:
            office.told[event.seq] = data["told"]
        if event.code == KEY_CHANGED and data.get("key") == "anchor":
            before, after = data.get("before"), data.get("public")
            if isinstance(before, str) and isinstance(after, str):
                office.signing.append(Succession(before, after, str(event.recorded_at)))
        yield event


def _note_reads(reads: Any, seq: Any, office: Office) -> None:
    for read in reads if isinstance(reads, list) else ():
        if isinstance(read, list) and len(read) == 4:
            *key, first_at = map(_hashable, read)
            office.reads[tuple(key)] = (first_at, seq)


def passed_on(source: Source) -> dict[tuple[Any, Any], set[Any]]:
    """Who got the mails of somebody else, by the stream and seq of the event that they are about."""
    found: dict[tuple[Any, Any], set[Any]] = defaultdict(set)
    said = ("stream", "seq", "code", "data")
    for _, _, code, data in source.rows("event", said, said[:2], [OFFICE_STREAM]):
        mails = _data(data).get("mails") if code == PASSED_ON else None
        for mail in mails if isinstance(mails, list) else ():
            if isinstance(mail, list) and len(mail) == 4 and isinstance(mail[3], list):
                found[_hashable(mail[0]), _hashable(mail[1])].update(map(_hashable, mail[3]))
    return found


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (int, str)) else repr(value)


def check_policies(source: Source, office: Office, notes: Notes) -> None:
    """Each published policy is kept as its event says and in its place, for the last one is in force; nothing was put
    beside them."""
    notes.begin("policies")
    contents = {said.version: said.content for said in office.published.values()}
    kept: set[Any] = set()
    numbers: set[Any] = set()
    for number, version, at, content in source.rows("policy_version", POLICY, ("number",)):
        notes.count("policies")
        stored, expected = _sha256(content), contents.get(version)
        place = Finding(code="policies.place", table="policy_version", number=number)
        kept.add(version)
        numbers.add(number)
        if stored != expected:
            code = "policies.differs" if expected else "policies.orphan"
            notes.add(replace(place, code=code, stored=stored, expected=expected))
            continue
        said = office.published.get(number)
        if said is None or version != said.version:
            notes.add(replace(place, column="version", stored=version, expected=said and said.version))
        elif at != said.at:
            notes.add(replace(place, column="published_at", stored=at, expected=said.at))
    gone = {said.version for number, said in office.published.items() if number not in numbers}
    for version in sorted(gone | contents.keys() - kept):
        notes.add(Finding(code="policies.missing", table="policy_version", number=version))


def check_office(source: Source, office: Office, labels: Mapping[str, Mapping[str, str]], notes: Notes) -> None:
    """Each row equals what the last event that wrote it says; none is missing, none was put beside them."""
    unseen = set(office.rows)
    for table, key in KEYS.items():
        columns = (*key, *(name for name, label in labels[table].items() if label in COVERED and name not in key))
        for values in source.rows(table, columns, key):
            notes.count("office")
            row = dict(zip(columns, values, strict=True))
            name = " ".join(str(row.pop(column)) for column in key)
            if table == "web_session" and row["account_id"] is None and (table, name) not in office.rows:
                continue  # of a petitioner, which no event vouches for
            unseen.discard((table, name))
            _compare(Finding(code="office.differs", table=table, number=name), row, office, notes)
    for table, name in sorted(unseen):
        if table not in MAY_GO:
            notes.add(Finding(code="office.missing", table=table, number=name))
    _check_cutoffs(source, office, notes)
    _check_named(source, notes)
    _check_levels(source, notes)
    _check_reads(source, office, notes)


def _check_reads(source: Source, office: Office, notes: Notes) -> None:
    """Each note that an event holds stands as it says, and none was put beside them. One that waits for its event is not
    evidence yet."""
    key = ("case_id", "account_id", "day")
    unseen = dict(office.reads)
    for *named, first_at, seq in source.rows("case_read", (*key, "first_at", "seq"), key):
        expected = unseen.pop(tuple(named), None)
        place = Finding(code="office.differs", table="case_read", number=" ".join(map(str, named)))
        if expected is None and seq is not None:
            notes.add(replace(place, code="office.orphan"))
        elif expected is not None and (first_at, seq) != expected:
            notes.add(
                replace(place, column="first_at", stored=f"{first_at} {seq}", expected=f"{expected[0]} {expected[1]}")
            )
    for named in unseen:
        notes.add(Finding(code="office.missing", table="case_read", number=" ".join(map(str, named))))


def _check_named(source: Source, notes: Notes) -> None:
    """`anchored_head` has each stream that an anchor of the record names, and nothing else."""
    expected = {
        (int(stream), number)
        for number, content in source.rows("anchor", ("number", "content"), ("number",))
        for stream, _, _ in HEADS.findall(str(content))
    }
    stored = set(source.rows("anchored_head", ("stream", "anchor"), ("stream", "anchor")))
    for stream, number in sorted(stored ^ expected, key=repr):
        code = "office.missing" if (stream, number) in expected else "office.orphan"
        notes.add(Finding(code=code, table="anchored_head", stream=stream, number=number))


def _check_levels(source: Source, notes: Notes) -> None:
    """`unit_above` has each unit with itself and with every unit above it, at its distance; and nothing else."""
    parents: dict[Any, Any] = dict(source.rows("unit", ("id", "parent_id"), ("id",)))
    stored = set(source.rows("unit_above", ("unit", "above", "depth"), ("unit", "above")))
    expected = {(unit, above, depth) for unit in parents for depth, above in enumerate(_up_from(unit, parents))}
    for number in sorted({unit for unit, *_ in stored ^ expected}, key=str):
        place = Finding(code="office.levels", table="unit_above", number=number)
        here, wanted = (_levels(rows, number) for rows in (stored, expected))
        notes.add(replace(place, stored=here, expected=wanted))


def _up_from(unit: Any, parents: Mapping[Any, Any]) -> Iterator[Any]:
    """A unit and every unit above it. A ring, which somebody may have made, ends where it began."""
    passed: set[Any] = set()
    while unit is not None and unit not in passed:
        passed.add(unit)
        yield unit
        unit = parents.get(unit)


def _levels(rows: Iterable[Row], number: Any) -> str:
    return " ".join(f"{above}:{depth}" for unit, above, depth in sorted(rows, key=repr) if unit == number)


def _compare(place: Finding, row: Mapping[str, Any], office: Office, notes: Notes) -> None:
    vouched = office.rows.get((place.table, place.number))
    if vouched is None:
        notes.add(replace(place, code="office.orphan"))
        return
    for column, stored in row.items():
        expected = vouched.get(column)
        if isinstance(expected, dict):
            stored, expected = _sha256(stored), expected.get("sha256")
        if not same(stored, expected):
            notes.add(replace(place, column=column, stored=stored, expected=expected))


def _check_cutoffs(source: Source, office: Office, notes: Notes) -> None:
    """The heads that a year was closed at are as many as its row says, and have the hash that it has."""
    closed = {key: row for (table, key), row in office.rows.items() if table == "year_close"}
    order = ("year", "stream")
    for year, heads in groupby(source.rows("year_cutoff", (*order, "seq", "hash"), order), key=itemgetter(0)):
        place = Finding(code="office.cutoff", table="year_cutoff", number=year)
        row = closed.pop(str(year), None)
        if row is None:
            notes.add(replace(place, code="office.orphan"))
            continue
        _compare_cutoff(place, row, *_hashed(heads), notes)
    for year, row in closed.items():
        _compare_cutoff(Finding(code="office.cutoff", table="year_cutoff", number=year), row, 0, _sha256(""), notes)


def _hashed(heads: Iterable[Row]) -> tuple[int, str]:
    count, digest = 0, hashlib.sha256()
    for _, stream, seq, hash_ in heads:
        count += 1
        digest.update(f"{stream} {seq} {hash_}\n".encode("utf-8", "surrogateescape"))
    return count, digest.hexdigest()


def _compare_cutoff(place: Finding, row: Mapping[str, Any], count: int, digest: str, notes: Notes) -> None:
    for column, stored, expected in (("cases", count, row.get("cases")), ("hash", digest, row.get("cutoff_hash"))):
        if not same(stored, expected):
            notes.add(replace(place, column=column, stored=stored, expected=expected))


def check_heads(heads: Sequence[Row], found: Mapping[Any, Event], notes: Notes) -> None:
    """What a year was closed at, of one stream, are events of it. `heads` has the columns of `CUTOFF`."""
    for stream, seq, hash_, year in heads:
        notes.count("office")
        event = found.get(seq)
        if event is None or event.hash != hash_:
            place = Finding(code="office.no_event", table="year_cutoff", stream=stream, number=year)
            notes.add(replace(place, stored=f"{seq} {hash_}"))


def _data(text: Any) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _named(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of an object; nothing of what is none."""
    if isinstance(value, dict):
        yield from ((name, inner) for name, inner in value.items() if isinstance(inner, dict))


def _sha256(text: Any) -> str:
    return hashlib.sha256(str(text).encode("utf-8", "surrogateescape")).hexdigest()
