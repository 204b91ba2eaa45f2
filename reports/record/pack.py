"""The sealed pack of a case: its chain of events, its rows, its papers and the anchors that name it, in one zip.

Whoever gets it can check it without this program and without the office: `docs/verify_pack.py` recomputes every hash with
the standard library. A masked pack, the usual one, holds no text and no name: the commitments in the events stand for
them. The same record and the same instant make the same bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from cases.anchors import anchors_naming, file_name
from cases.facts import load_facts
from cases.numbers import case_number
from cases.office import OfficeContext
from cases.rows import TABLE_OF, vouched
from cases.tables import Tracking
from cases.visibility import case, sealed_texts, visible_cases
from infra.i18n import LANGUAGES
from infra.jinja import render
from infra.steering import direction_as_escapes
from ledger.chain import GENESIS, OFFICE_STREAM, NewEvent, append_to_office
from ledger.tables import Event
from reports.record.derivations import as_json, derivation_of
from reports.record.pack_papers import paper
from workflow.facts import CaseFacts
from workflow.model import Actor, Json, Text
from workflow.spelling import stamp

FORMAT = "huiyin pack 1"
MANIFEST = "MANIFEST"
#: The columns of an event as they are hashed, in this order; the hash itself follows.
HASHED = (
    "stream", "seq", "code", "occurred_at", "recorded_at", "actor", "role", "unit", "data", "key", "before",
)  # fmt: skip
#: The oldest instant a zip can name. Files of a pack have no time of their own: `record.json` says when it was made.
NO_TIME = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE, UNIX = 0o100644 << 16, 3
NOTHING = frozenset[str]()

_event = Event.__table__.c  # type: ignore[attr-defined]
_tracking = Tracking.__table__.c  # type: ignore[attr-defined]


class CaseNotFound(Exception):
    """There is no such case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack that is ready, and what its event will say of it."""

    case_id: int
    seq: int  #: the last event in it
    masked: bool
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def pack_case(
    connection: Connection, case_id: int, *, office: OfficeContext, actor: Actor, now: datetime, masked: bool = True
) -> Pack:
    """The pack of a case as it stands. Raises `CaseNotFound`."""
    loaded = load_facts(connection, case_id, actor=actor)
    if loaded is None:
        raise CaseNotFound
    facts, name = loaded
    number = case_number(office.short_name, name.series, name.year, name.serial)
    events = _events(connection, case_id)
    texts = None if masked else _texts(connection, case_id)
    record = {
        "format": FORMAT,
        "office": office.name,
        "number": number,
        "made_at": stamp(now),
        "masked": masked,
        "columns": [*HASHED, "hash"],
        "events": events,
        "rows": _rows(connection, case_id, actor),
    }
    files = {
        "record.json": _json(record),
        **({} if texts is None else {"texts.json": _json(texts)}),
        **{f"anchors/{file_name(n)}": text.encode() for n, text in anchors_naming(connection, case_id)},
        **_clocks(facts, office),
    }
    for language in LANGUAGES:
        files[f"papers/case.{language}.html"] = paper(
            connection, facts, number=number, office=office, language=language, texts=texts, now=now
        ).encode()
    files["README.txt"] = "\n".join(
        render(one, "pack/readme.txt", office=office.name, number=number, masked=masked) for one in LANGUAGES
    ).encode()
    return Pack(case_id=case_id, seq=len(events), masked=masked, content=_zip(files))


def note_pack(connection: Connection, pack: Pack, *, reason: str | None, actor: Actor, now: datetime) -> None:
    """Records that this pack was written: its hash, so that a file can later be proved to be it, and why it has texts."""
    data: dict[str, Json] = {
        "case": pack.case_id,
        "seq": pack.seq,
        "sha256": pack.sha256,
        "masked": pack.masked,
        "reason": reason,
    }
    event = NewEvent(code="pack:written", occurred_at=now, recorded_at=now, actor=actor, data=data)
    append_to_office(connection, event)


# -- what is in it ----------------------------------------------------------------------------------------------------


def _events(connection: Connection, case_id: int) -> list[list[Json]]:
    """Each event as it is hashed, with the hash before it, and its hash."""
    assert case_id != OFFICE_STREAM, "the office's own stream is no case"
    before, events = GENESIS, list[list[Json]]()
    for row in connection.execute(select(*_event).where(_event.stream == case_id).order_by(_event.seq)):
        events.append(
            [
                row.stream, row.seq, row.code, stamp(row.occurred_at), stamp(row.recorded_at), row.actor, row.role,
                row.unit, row.data, row.key, before, row.hash,
            ]
        )  # fmt: skip
        before = row.hash
    return events


def _rows(connection: Connection, case_id: int, actor: Actor) -> dict[str, Json]:
    """The present rows of the case as the ledger spells them. Texts are not among them."""
    own = connection.execute(visible_cases(actor).where(case.id == case_id)).mappings().one()
    rows: dict[str, Json] = {"cases": [vouched(dict(own), without=NOTHING)]}
    for kind, table in TABLE_OF.items():
        if kind is Text:
            continue
        columns = table.__table__.c  # type: ignore[attr-defined]  # SQLModel sets it
        found = connection.execute(select(*columns).where(columns.case_id == case_id).order_by(columns.number))
        rows[str(table.__tablename__)] = [vouched(dict(row), without=NOTHING) for row in found.mappings()]
    tracking = connection.execute(select(*_tracking).where(_tracking.case_id == case_id)).mappings()
    rows["tracking"] = [vouched(dict(row), without=NOTHING) for row in tracking]
    return rows


def _texts(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sealed_texts(case_id)).mappings()]


def _clocks(facts: CaseFacts, office: OfficeContext) -> dict[str, bytes]:
    """Why each time limit ends on its day; `docs/recompute.py` counts it anew."""
    policy = office.policy.for_profile(facts.profile)
    found = {clock.number: derivation_of(facts, clock.number, policy) for clock in facts.clocks}
    return {f"papers/clock-{number}.json": _json(as_json(receipt)) for number, receipt in found.items() if receipt}


def _json(value: Any) -> bytes:
    said = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
    return f"{direction_as_escapes(said)}\n".encode()


def _zip(files: Mapping[str, bytes]) -> bytes:
    """The files in the order of their names, not compressed: what packs depend on is then no other program's version."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    everything = {MANIFEST: "".join(lines).encode(), **dict(sorted(files.items()))}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in everything.items():
            entry = zipfile.ZipInfo(name, date_time=NO_TIME)
            entry.external_attr, entry.create_system = PLAIN_FILE, UNIX
            archive.writestr(entry, content)
    return made.getvalue()
