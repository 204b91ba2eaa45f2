"""`huiyin anchor` and `huiyin pack`: what somebody outside can hold against the record.

Anchors are made by the timers by themselves; here one is made at once, listed, and checked without a database. A record
is checked against anchors by `huiyin verify --anchors`.
"""

import contextlib
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection, Engine

from cases.anchors import WANTED_AUDITORS, anchor_text, list_anchors, make_anchors, signed
from cases.filed import Verdict, case_by_number, check_proof
from cases.office import OfficeContext
from cases.reading import find_case
from cli.clock import read_clock
from cli.opening import office_of, opened_engine, opened_to_write, reader_words
from cli.printing import ASKED_WRONGLY, UNREADABLE, WRONG, Json, fail, print_json
from infra.db import reading, transaction
from infra.new_files import new_file
from infra.settings import settings
from infra.signing import key_id, public_key, written
from people.directory import active_with_role
from people.office_keys import signing_key_of_office
from reports.closures.exports import GROUNDS
from reports.record.pack import CaseNotFound, Pack, note_pack, pack_case
from verify.notes import read_notes
from verify.report import Notes, Report
from verify.since import note_of
from verify.sources import CannotRead
from workflow.model import TIMERS, Role
from workflow.spelling import stamp

anchor = typer.Typer(
    no_args_is_help=True, help="存证单：生成、列出、公钥、核对回执。Anchors: make, list, key, receipts."
)
#: What the record says to a receipt, for people.
SAID = {
    Verdict.FITS: "记录中有这次登记，凭证码相符。The record holds this filing, and it fits the receipt.",
    Verdict.ANOTHER: "该编号下的登记与凭证码不符：记录被改动过，或凭证码有误。"
    "The filing under this number is not the one of the receipt: the record was changed, or the code is mistyped.",
    Verdict.BROKEN: "该登记事件在写入后被改动过。The filing event was changed after it was written.",
    Verdict.NO_CASE: "记录中没有该编号的登记：可能被删除，或编号有误。"
    "The record has no filing of this number: it was taken out, or the number is mistyped.",
}


@anchor.command()
def make(as_json: Json = False) -> None:
    """立即生成存证单。Make an anchor now, if anything has moved since the last one."""
    engine, now = opened_to_write(), read_clock()
    with transaction(engine) as connection:
        office = office_of(connection)
        key = signing_key_of_office(connection, settings().home, now=now)
    numbers = make_anchors(engine, office=office, key=key, now=now)
    with reading(engine) as connection:
        auditors = len(active_with_role(connection, Role.AUDITOR))
    if as_json:
        print_json({"anchors": list(numbers), "auditors": auditors})
        return
    if numbers:
        typer.echo("\n".join(f"anchor-{number}" for number in numbers))
    else:
        typer.echo("上次之后没有变动。Nothing has moved since the last one.")
    if auditors < WANTED_AUDITORS:
        typer.echo(
            f"现有审核员 {auditors} 位，应当有两位留存存证单。{auditors} auditors receive the anchors; two should keep them.",
            err=True,
        )


@anchor.command("list")
def list_(
    show: Annotated[int | None, typer.Option(help="打印这一份的全文。Print the text of this one.")] = None,
    as_json: Json = False,
) -> None:
    """列出存证单。List the anchors, the newest first."""
    with _office(opened_engine()) as (connection, _):
        if show is not None:
            text = anchor_text(connection, show)
            if text is None:
                fail(f"没有第 {show} 号存证单。There is no anchor {show}.", ASKED_WRONGLY)
            typer.echo(text, nl=False)
            return
        found = list_anchors(connection)
    if as_json:
        print_json(
            [
                {"number": one.number, "made_at": one.made_at.isoformat(), "cases": one.cases, "heads": one.heads}
                for one in found
            ]
        )
        return
    for one in found:
        typer.echo(f"anchor-{one.number}  {one.made_at.isoformat()}  cases={one.cases}  heads={one.heads}")


@anchor.command("key")
def show_key(as_json: Json = False) -> None:
    """打印公钥，交审核员抄存。Print the public key, for the auditors to keep."""
    with transaction(opened_to_write()) as connection:
        office_of(connection)
        public = signing_key_of_office(connection, settings().home, now=read_clock()).public
    if as_json:
        print_json({"key": written(public), "id": key_id(public)})
    else:
        typer.echo(written(public))


@anchor.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="存证单文件或文件夹 / files or folders of anchors")],
    key: Annotated[list[str] | None, typer.Option(help="公钥或其文件 / the public key, or its file")] = None,
) -> None:
    """核对存证单本身：校验和、前后相接、签名。Check anchors by themselves: checksum, order, signature."""
    notes = Notes()
    try:
        found = read_notes([str(file) for file in files], keys_at_hand(key), notes)
    except CannotRead as error:
        fail(str(error), UNREADABLE)
    for note in found:
        typer.echo(f"{note.named}: {note.office}, cases={note.cases} heads={len(note.heads)} key={note.key}")
    for line in (*notes.remarks, *(finding.line() for finding in notes.findings)):
        typer.echo(line)
    if notes.findings:
        raise typer.Exit(WRONG)
    typer.echo("OK")


@anchor.command()
def receipt(
    number: Annotated[str, typer.Argument(help="编号，如 （2026）滨园人调字第1号 / the case's number")],
    code: Annotated[str, typer.Argument(help="回执上的登记凭证码 / the proof of filing on the receipt")],
    as_json: Json = False,
) -> None:
    """核对当事人的回执。Check a petitioner's receipt against the record."""
    with _office(opened_engine()) as (connection, office):
        case_id = case_by_number(connection, number, short_name=office.short_name, actor=TIMERS)
        checked = check_proof(connection, case_id, code)
    at = checked.filed_at.isoformat() if checked.filed_at else None
    if as_json:
        print_json({"number": number, "verdict": checked.verdict.value, "filed_at": at})
    else:
        typer.echo(SAID[checked.verdict] + (f" [{at}]" if at else ""))
    if checked.verdict is not Verdict.FITS:
        raise typer.Exit(WRONG)


def pack(
    case: Annotated[str, typer.Argument(help="编号，或事项页地址的末段 / the number, or the last part of its address")],
    out: Annotated[Path | None, typer.Option(help="文件名 / the file to write")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="收入姓名和文字，须说明理由。With names and texts; needs a reason.")
    ] = False,
    reason: Annotated[
        str, typer.Option(help=f"理由，会记录在案 / the reason, which is recorded: {', '.join(GROUNDS)}")
    ] = "",
    as_json: Json = False,
) -> None:
    """写出事项的封存包，供他人离线核验。Write the sealed pack of a case, for others to check offline."""
    if unmasked and reason not in GROUNDS:
        known = ", ".join(GROUNDS)
        fail(f"收入姓名和文字须用 --reason 说明理由：{known}。Names and texts need a --reason: {known}.", ASKED_WRONGLY)
    now, engine = read_clock(), opened_to_write()
    made = _packed(engine, case, masked=not unmasked, now=now)
    path = out or Path(f"pack-{made.case_id}-{made.seq}.zip")
    with _whole_or_not_at_all(path, made.content), transaction(engine) as connection:
        note_pack(connection, made, reason=reason or None, actor=TIMERS, now=now)
    if as_json:
        print_json({"file": str(path), "sha256": made.sha256, "events": made.seq, "masked": made.masked})
    else:
        typer.echo(f"{path}: {made.seq} events, sha256 {made.sha256}")


def write_verified(file: Path, report: Report) -> None:
    """The note of a whole run that found nothing, signed with the office's key, for the next run to go on from."""
    say, now = reader_words(), read_clock()
    if report.reached is None:
        fail(say("verify.nothing_anchored"), WRONG)
    with transaction(opened_to_write()) as connection:
        office = office_of(connection)
        key = signing_key_of_office(connection, settings().home, now=now)
    text = signed(note_of(report.reached, office=office.short_name, at=stamp(now)), office.short_name, key)
    with _whole_or_not_at_all(file, text.encode()):
        pass
    typer.echo(say("verify.noted", file=str(file), number=report.reached[0]), err=True)


def keys_at_hand(given: list[str] | None) -> list[str]:
    """The public keys that were named, or the office's own if this is its machine."""
    own = public_key(settings().home)
    return given or ([own] if own else [])


def _packed(engine: Engine, named: str, *, masked: bool, now: datetime) -> Pack:
    with _office(engine) as (connection, office):
        case_id = case_by_number(connection, named, short_name=office.short_name, actor=TIMERS)
        case_id = case_id or find_case(connection, named, actor=TIMERS)
        try:
            if case_id is None:
                raise CaseNotFound
            return pack_case(connection, case_id, office=office, actor=TIMERS, now=now, masked=masked)
        except CaseNotFound:
            fail(f"没有事项 {named}。There is no case {named}.", ASKED_WRONGLY)


@contextlib.contextmanager
def _whole_or_not_at_all(path: Path, content: bytes) -> Iterator[None]:
    """Writes a file that has its name only when the block has ended well; only its owner may read it."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with new_file(unfinished) as file:
            file.write(content)
        yield
        unfinished.replace(path)
    except OSError as error:
        fail(f"{path}: {error.strerror}", WRONG)
    finally:
        unfinished.unlink(missing_ok=True)


def must_be_writable(path: Path) -> None:
    """Fails in words where no such file can be written."""
    try:
        with new_file(beside := path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")):
            pass
        beside.unlink()
    except OSError as error:
        fail(f"{path}: {error.strerror}", UNREADABLE)


@contextlib.contextmanager
def _office(engine: Engine) -> Iterator[tuple[Connection, OfficeContext]]:
    """One view of the office's record."""
    with reading(engine) as connection:
        yield connection, office_of(connection)
