"""Closure reports as files that can be proved later: written whole, hashed, recorded, and only then handed out.

The order is always the same, whoever asks: `refuse` what cannot be given, `write_file` into a file that nobody else has
seen, `record` who took out what with the SHA-256 of its bytes, commit, hand out. So no file is in the world that the
ledger does not know of; and an event without its file means that it was lost on its way.

The hash is taken of the finished file and not of what was on its way to it: a workbook is a zip, whose parts are
patched when it is closed, and what counts is what the disk gives back.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import IO, Any

from sqlalchemy import Connection, Select, select

from cases.office import OfficeContext
from cases.visibility import MAY_UNMASK
from infra.steering import direction_as_escapes
from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office
from ledger.tables import Event
from ledger.upcasters import data_of
from people.directory import names_of_units
from reports.closures.choice import Asked, ChoiceIsWrong, Fault
from reports.closures.columns import Chunk
from reports.closures.paper import PAPER_COLUMNS, closure_paper
from reports.closures.report import Report, Say, Written, read
from reports.files.handed_out import EXPORTED
from reports.files.pdf import CharactersAreMissing, PaperIsFaulty
from reports.files.sheets import ROWS_A_SHEET, SheetIsFull, TextIsTooLong, csv_header, csv_lines, write_xlsx
from reports.later.progress import Progress, no_progress
from words import Words
from workflow.model import Actor, Json

log = logging.getLogger(__name__)

#: Why somebody may read names: a code and never a sentence, which could name a person in the ledger for ever.
GROUNDS = ("complaint_review", "court_request", "audit_sample", "archive_transfer")
UNMASKED = "report:unmasked"
SHOWN = 20
BLOCK = 256 * 1024  #: bytes

_event = Event.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of file. `most`: the rows it holds; `at_once`: those that a page waits for, half a second or so; more are made by
    the timers."""

    media: str
    at_once: int
    most: int | None = None


#: A paper of 2,000 rows has eighty pages and takes 300 MB to set; more is not read on paper.
FORMATS: Mapping[str, Format] = {
    "xlsx": Format(
        media="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        at_once=4_000,
        most=ROWS_A_SHEET - 1,
    ),
    "csv": Format(media="text/csv; charset=utf-8", at_once=10_000),
    "pdf": Format(media="application/pdf", at_once=200, most=2_000),
    "jsonl": Format(media="application/x-ndjson; charset=utf-8", at_once=10_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be written. `ground`: why names are to be read; None leaves them masked."""

    asked: Asked
    format: str
    language: str
    ground: str | None = None

    @property
    def file_name(self) -> str:
        return f"closures-{self.asked.start:%Y%m%d}-{self.asked.end:%Y%m%d}.{self.format}"

    def report(self, office: OfficeContext) -> Report:
        columns = PAPER_COLUMNS if self.format == "pdf" else self.asked.columns
        return Report(choice=self.asked.choice(office), columns=columns, masked=self.ground is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A finished file. `scheme`: what its points are by; empty if the office has none."""

    rows: int
    bytes: int
    sha256: str
    scheme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An export as the ledger knows it; what an older program did not write down is None."""

    seq: int
    at: datetime
    account: int | None
    report: str
    format: str
    rows: int | None
    sha256: str | None
    masked: bool
    choice: Mapping[str, Any]


def _with_profiles(words: Words, office: OfficeContext) -> Say:
    """The catalogue's words, and for profiles the names that the office's policy gives them."""
    named = {
        f"profile.{one.id}": (one.zh if words.language.startswith("zh") else one.en) or one.id
        for one in office.policy.profiles.values()
    }
    return lambda code: named.get(code) or words(code)


def refuse(order: Order, rows: int, *, actor: Actor) -> None:
    """Raises `ChoiceIsWrong` for what cannot be given, before anything is written."""
    if order.format not in FORMATS:
        raise ChoiceIsWrong(Fault(code="closures.no_such_format", field="format", value=order.format))
    if order.ground is not None:
        if order.ground not in GROUNDS:
            raise ChoiceIsWrong(Fault(code="closures.no_such_ground", field="ground", value=order.ground))
        if actor.role not in MAY_UNMASK:
            raise ChoiceIsWrong(Fault(code="closures.may_not_unmask", field="ground"))
    most = FORMATS[order.format].most
    if most is not None and rows > most:
        raise ChoiceIsWrong(Fault(code=f"closures.too_many.{order.format}.file", field="start", value=f"{most:,}"))


def write_file(
    connection: Connection,
    order: Order,
    file: IO[bytes],
    *,
    actor: Actor,
    office: OfficeContext,
    now: datetime,
    progress: Progress = no_progress,
    total: int = 0,
) -> Made:
    """Writes the whole report into an empty file that can be read again; `progress` is told of `total` rows. Raises
    `ChoiceIsWrong` if it does not fit."""
    report = order.report(office)
    written = Written(report.columns, _with_profiles(Words(order.language), office))
    unit = names_of_units(connection)[order.asked.unit] if order.asked.unit is not None else None
    chunks = _counted(read(connection, report, actor=actor, office=office), progress, total)
    try:
        job = _Job(order=order, office=office, unit=unit, written=written, chunks=chunks, now=now)
        rows = _WRITERS[order.format](job, file)
    except SheetIsFull as error:
        most = f"{ROWS_A_SHEET - 1:,}"
        raise ChoiceIsWrong(Fault(code="closures.too_many.xlsx.file", field="start", value=most)) from error
    except TextIsTooLong as error:
        raise ChoiceIsWrong(Fault(code="closures.text_too_long", field="columns")) from error
    except CharactersAreMissing as error:
        raise ChoiceIsWrong(Fault(code="paper.characters_missing", field="format", value=error.named)) from error
    except PaperIsFaulty as error:
        log.exception("a paper cannot be set")
        raise ChoiceIsWrong(Fault(code="closures.paper_is_faulty", field="format")) from error
    size = file.tell()
    file.seek(0)
    return Made(rows=rows, bytes=size, sha256=sha256_of(file), scheme=office.own_scheme)


def record(connection: Connection, order: Order, made: Made, *, actor: Actor, now: datetime) -> None:
    """The events of the office that say who took out what; to be committed before anybody gets the file."""
    choice: dict[str, Json] = {"report": "closures", "format": order.format, "choice": order.asked.as_json()}
    if order.ground is not None:
        _append(connection, UNMASKED, {**choice, "ground": order.ground}, actor=actor, now=now)
    data: dict[str, Json] = {
        **choice, "language": order.language, "masked": order.ground is None, "rows": made.rows, "bytes": made.bytes,
        "sha256": made.sha256, "scheme": made.scheme,
    }  # fmt: skip
    _append(connection, EXPORTED, data, actor=actor, now=now)


def latest(connection: Connection) -> list[Exported]:
    """The last closure reports of the office, the latest first."""
    of_closures = _exports().where(_event.data.contains('"report":"closures"'))
    return [_exported(row) for row in connection.execute(of_closures.limit(SHOWN))]


def which(connection: Connection, sha256: str) -> Exported | None:
    """The export that gave out a file with this hash, the first if it was given out more than once; None if none did."""
    query = _exports().where(_event.data.contains(f'"sha256":"{sha256}"'))
    return next((_exported(row) for row in connection.execute(query.order_by(None).order_by(_event.seq))), None)


def sha256_of(file: IO[bytes]) -> str:
    """Of what is left to read in the file."""
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


# -- the formats ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What a writer of one format is given."""

    order: Order
    office: OfficeContext
    unit: str | None  #: the name of the one that was chosen
    written: Written
    chunks: Iterator[Chunk]
    now: datetime


def _counted(chunks: Iterator[Chunk], progress: Progress, total: int) -> Iterator[Chunk]:
    rows = 0
    for chunk in chunks:
        yield chunk
        rows += len(chunk)
        progress(rows, total)


def _csv(job: _Job, file: IO[bytes]) -> int:
    file.write(csv_header(job.written.header))
    rows = 0
    for chunk in job.chunks:
        file.write(csv_lines(job.written.texts(chunk)))
        rows += len(chunk)
    return rows


def _xlsx(job: _Job, file: IO[bytes]) -> int:
    rows = chain.from_iterable(job.written.cells(chunk) for chunk in job.chunks)
    name = Words(job.order.language)("closures.paper.title")
    return write_xlsx(rows, job.written.header, file, name=name, now=job.now)


def _jsonl(job: _Job, file: IO[bytes]) -> int:
    rows = 0
    for chunk in job.chunks:
        lines = (direction_as_escapes(json.dumps(one, ensure_ascii=False)) for one in job.written.objects(chunk))
        file.write("".join(f"{line}\n" for line in lines).encode())
        rows += len(chunk)
    return rows


def _pdf(job: _Job, file: IO[bytes]) -> int:
    rows = list(chain.from_iterable(job.written.cells(chunk) for chunk in job.chunks))
    paper = closure_paper(
        rows, job.written, job.order.asked, office=job.office, unit=job.unit, masked=job.order.ground is None,
        language=job.order.language, now=job.now,
    )  # fmt: skip
    file.write(paper)
    return len(rows)


_WRITERS: Mapping[str, Callable[[_Job, IO[bytes]], int]] = {
    "csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl, "pdf": _pdf,
}  # fmt: skip


# -- events -----------------------------------------------------------------------------------------------------------


def _append(connection: Connection, code: str, data: Mapping[str, Json], *, actor: Actor, now: datetime) -> None:
    append_to_office(connection, NewEvent(code=code, occurred_at=now, recorded_at=now, actor=actor, data=data))


def _exports() -> Select[Any]:
    columns = _event.seq, _event.code, _event.occurred_at, _event.actor, _event.data
    of_office = _event.stream == OFFICE_STREAM, _event.code == EXPORTED
    return select(*columns).where(*of_office).order_by(_event.seq.desc())


def _exported(row: Any) -> Exported:
    data = data_of(row.code, row.data)
    return Exported(
        seq=row.seq,
        at=row.occurred_at,
        account=row.actor,
        report=data["report"],
        format=data["format"],
        rows=data.get("rows"),
        sha256=data.get("sha256"),
        masked=data.get("masked", True),
        choice=data["choice"],
    )
