"""`huiyin verify --anchors`: each attack that the record alone cannot show is found with an anchor that is newer.

The attacker owns the database, knows every format, drops the triggers and repairs every row, head and number.
"""

import base64
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from cases.anchors import anchor_text, make_anchors
from cases.execute import execute
from cases.office import load_office
from infra.db import checkpoint, open_engine, reading, transaction
from infra.signing import signing_key, written
from ledger.chain import NewEvent, append_to_office
from tests.verify.records import (
    CASE,
    CLERK,
    EVENT,
    HEAD,
    MEDIATION,
    MESSAGE,
    PETITION,
    SERIES,
    START,
    TABLES,
    Record,
    event,
    last_event,
    rechain,
)
from verify.checking import main, verify
from verify.report import Report
from verify.sources import CannotRead
from workflow.procedures.every_case.commands import Accept

ANCHOR, OFFICE = TABLES["anchor"], TABLES["office"]
LATER = START + timedelta(days=60)
OF_CASES = ("tracking", "message", "clock", "party", "personal_text", "custody", "appointment", "mediation_session")


class Kept:
    """A record, and the anchors an auditor has of it in a folder of their own, with the public key."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.record, self.folder = record, folder / "kept"
        self.folder.mkdir()
        self._signing = signing_key(folder / "office")
        self.key = written(self._signing.public)

    def anchor(self, *, days: int = 0) -> list[Path]:
        """An anchor of now, as the auditor saves it; a line of the office's comes before it, so that something moved."""
        engine = open_engine(self.record.url)
        now = LATER + timedelta(days=days)
        try:
            with transaction(engine) as connection:
                said = NewEvent(code="report:exported", occurred_at=now, recorded_at=now, actor=CLERK, data={})
                append_to_office(connection, said)
            with reading(engine) as connection:
                office = load_office(connection)
            numbers = make_anchors(engine, office=office, key=self._signing, now=now)
            with reading(engine) as connection:
                texts = {number: anchor_text(connection, number) or "" for number in numbers}
            checkpoint(engine)
        finally:
            engine.dispose()
        return [self._save(f"anchor-{number}.txt", text) for number, text in texts.items()]

    def _save(self, name: str, text: str) -> Path:
        (self.folder / name).write_bytes(text.encode())
        return self.folder / name

    def accept_petition(self) -> None:
        """Life goes on between two anchors."""
        engine = open_engine(self.record.url)
        try:
            with reading(engine) as connection:
                office = load_office(connection)
            with transaction(engine) as connection:
                execute(
                    connection, PETITION, Accept(), actor=CLERK, now=LATER, expected_version=None, office=office,
                    request="a" * 32,
                )  # fmt: skip
            checkpoint(engine)
        finally:
            engine.dispose()

    def verify(self, **more: Any) -> Report:
        return verify(self.record.url, **{"anchors": [str(self.folder)], "keys": [self.key], **more})

    def found(self) -> set[tuple[str, Any, Any]]:
        """The findings of the anchors: code, stream or file, seq or number. The record alone has shown nothing."""
        alone = [f for f in verify(self.record.url).findings if f.check not in ("triggers", "file")]
        assert alone == [], "an attack that leaves traces needs no anchor"
        return {(f.code, f.stream, f.number) for f in self.verify().findings if f.check == "anchors"}


@pytest.fixture
def kept(record: Record, tmp_path: Path) -> Kept:
    return Kept(record, tmp_path)


@pytest.fixture
def kept_file(sqlite_record: Record, tmp_path: Path) -> Kept:
    return Kept(sqlite_record, tmp_path)


def head_of(connection: Connection, stream: int) -> int:
    return int(connection.execute(select(HEAD.c.seq).where(HEAD.c.stream == stream)).scalar_one())


# -- an honest record -------------------------------------------------------------------------------------------------


def test_an_honest_record_agrees_with_all_its_anchors(kept: Kept) -> None:
    kept.anchor()
    kept.accept_petition()
    kept.anchor(days=1)
    report = kept.verify()
    assert report.ok, report.text()
    assert report.counts["anchors"] == 6  # four chains, then the petition's and the office's
    assert any(line.startswith("signatures checked with the key") for line in report.remarks)


def test_without_anchors_the_report_says_that_they_were_not_checked(kept_file: Kept) -> None:
    report = verify(kept_file.record.url)
    assert re.search(r"^anchors +0 .*not checked here$", report.text(), re.MULTILINE)


# -- attacks ----------------------------------------------------------------------------------------------------------


def cut_last_event(connection: Connection) -> None:
    """The last step of the mediation, a session, never was: event, rows, texts, version, head and mail are put back."""
    seq = last_event(connection, MEDIATION)
    data = json.loads(connection.execute(select(EVENT.c.data).where(event(MEDIATION, seq))).scalar_one())
    for table, rows in data["wrote"].items():
        if table != "cases":
            numbers = [int(number) for number in rows]
            connection.execute(
                delete(TABLES[table]).where(TABLES[table].c.case_id == MEDIATION, TABLES[table].c.number.in_(numbers))
            )
    connection.execute(delete(EVENT).where(event(MEDIATION, seq)))
    connection.execute(delete(MESSAGE).where(MESSAGE.c.stream == MEDIATION, MESSAGE.c.seq == seq))
    told: dict[str, Any] = {}
    for text in connection.execute(select(EVENT.c.data).where(EVENT.c.stream == MEDIATION).order_by(EVENT.c.seq)):
        told |= json.loads(text.data).get("wrote", {}).get("cases", {})
    row = {name: told[name] for name in ("state", "milestones", "next_number", "outcome")}
    connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values(version=CASE.c.version - 1, **row))
    rechain(connection, MEDIATION)


def backdate(connection: Connection) -> None:
    """A mail that was sent late was sent in time: the whole history is hashed anew."""
    first = connection.execute(select(EVENT.c.data).where(event(PETITION, 1))).scalar_one()
    other = json.dumps({**json.loads(first), "note": "x"}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    connection.execute(update(EVENT).where(event(PETITION, 1)).values(data=other))
    rechain(connection, PETITION)


def delete_petition(connection: Connection) -> None:
    """The last case and its number never were."""
    for name in OF_CASES:
        column = "stream" if name == "message" else "case_id"
        connection.execute(delete(TABLES[name]).where(TABLES[name].c[column] == PETITION))
    series, year = connection.execute(select(CASE.c.series, CASE.c.year).where(CASE.c.id == PETITION)).one()
    connection.execute(delete(EVENT).where(EVENT.c.stream == PETITION))
    connection.execute(delete(CASE).where(CASE.c.id == PETITION))
    connection.execute(delete(HEAD).where(HEAD.c.stream == PETITION))
    where = (SERIES.c.series == series, SERIES.c.year == year)
    if connection.execute(select(SERIES.c.last).where(*where)).scalar_one() == 1:
        connection.execute(delete(SERIES).where(*where))
    else:
        connection.execute(update(SERIES).where(*where).values(last=SERIES.c.last - 1))


def test_a_last_event_cut_off_with_all_its_rows_is_found(kept: Kept) -> None:
    kept.anchor()
    with kept.record.attacked() as connection:
        seq = head_of(connection, MEDIATION)
        cut_last_event(connection)
    assert kept.found() == {("anchors.behind", MEDIATION, seq - 1)}


def test_a_history_written_anew_is_found(kept: Kept) -> None:
    kept.anchor()
    with kept.record.attacked() as connection:
        backdate(connection)
        seq = head_of(connection, PETITION)
    assert kept.found() == {("anchors.rechained", PETITION, seq)}


def test_a_case_taken_out_with_its_number_is_found_by_its_chain_by_the_count_and_by_the_series(kept: Kept) -> None:
    (path,) = kept.anchor()
    with kept.record.attacked() as connection:
        delete_petition(connection)
    assert kept.found() == {
        ("anchors.gone", PETITION, 0), ("anchors.cases", str(path), 1), ("anchors.series", str(path), 1),
    }  # fmt: skip


def test_events_of_the_office_cut_off_are_found_and_with_them_an_anchor_the_record_does_not_know(kept: Kept) -> None:
    kept.anchor()
    (path,) = kept.anchor(days=1)
    with kept.record.attacked() as connection:
        seq = head_of(connection, 0) - 2  # the second anchor's event, and what was exported before it
        connection.execute(delete(EVENT).where(EVENT.c.stream == 0, EVENT.c.seq > seq))
        connection.execute(delete(MESSAGE).where(MESSAGE.c.stream == 0, MESSAGE.c.seq > seq))
        named = TABLES["anchored_head"].c.anchor == 2
        connection.execute(delete(TABLES["anchored_head"]).where(named))
        connection.execute(delete(ANCHOR).where(ANCHOR.c.number == 2))
        connection.execute(update(HEAD).where(HEAD.c.stream == 0).values(anchored=seq - 1))
        rechain(connection, 0)
    found = kept.found()
    assert ("anchors.unknown", str(path), 2) in found
    assert ("anchors.behind", 0, seq) in found


def test_an_old_copy_put_back_is_called_a_rollback_with_its_dates(kept_file: Kept, tmp_path: Path) -> None:
    kept_file.anchor()
    assert kept_file.record.path
    old = tmp_path / "old.db"
    shutil.copyfile(kept_file.record.path, old)
    kept_file.accept_petition()
    (path,) = kept_file.anchor(days=1)
    shutil.copyfile(old, kept_file.record.path)
    for beside in ("-wal", "-shm"):
        kept_file.record.path.with_name(f"huiyin.db{beside}").unlink(missing_ok=True)
    found = kept_file.found()
    assert ("anchors.rollback", str(path), 2) in found
    assert {("anchors.behind", stream) for stream in (0, PETITION)} <= {one[:2] for one in found}
    (line,) = [f.line() for f in kept_file.verify().findings if f.code == "anchors.rollback"]
    assert "ROLLBACK: 2 of 2 chains" in line
    assert "the last one it holds whole: anchor 1 of 2026-05-01" in line


@pytest.mark.parametrize("attack", [cut_last_event, backdate])
def test_what_an_older_anchor_does_not_name_it_cannot_show(
    attack: Callable[[Connection], None], kept_file: Kept
) -> None:
    """The blind window: what came after the last anchor. An attack upon a chain that the anchor names is still found."""
    kept_file.anchor()
    kept_file.accept_petition()
    with kept_file.record.attacked() as connection:
        seq = head_of(connection, PETITION)
        connection.execute(update(EVENT).where(event(PETITION, seq)).values(actor=2))
        rechain(connection, PETITION)
    assert kept_file.found() == set()
    with kept_file.record.attacked(unprotected=False) as connection:
        attack(connection)
    assert kept_file.found() != set()


def test_the_records_own_copy_of_an_anchor_is_compared_and_the_line_that_differs_is_named(kept: Kept) -> None:
    kept.anchor()
    with kept.record.attacked() as connection:
        content = connection.execute(select(ANCHOR.c.content)).scalar_one()
        connection.execute(update(ANCHOR).values(content=content.replace("cases 3", "cases 2")))
    (finding,) = [f for f in kept.verify().findings if f.code == "anchors.differs"]
    assert (finding.number, finding.column, finding.stored, finding.expected) == (1, "line 6", "cases 2", "cases 3")


# -- edited files -----------------------------------------------------------------------------------------------------


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def edit(path: Path, old: str, new: str, *, checksum: bool = False) -> None:
    text = path.read_text("utf-8").replace(old, new)
    if checksum:
        body, _, rest = text.partition("sha256 ")
        text = f"{body}sha256 {hashlib.sha256(body.encode()).hexdigest()}{rest[64:]}"
    path.write_text(text, "utf-8")


def test_an_edited_anchor_is_refused_by_its_checksum(kept_file: Kept) -> None:
    (path,) = kept_file.anchor()
    edit(path, "cases 3", "cases 2")
    report = kept_file.verify(keys=[])
    assert {(f.code, f.number) for f in report.findings} == {("anchors.edited", 1)}
    assert str(path) in report.text()


def test_an_edited_anchor_with_a_new_checksum_is_refused_by_its_signature(kept_file: Kept) -> None:
    (path,) = kept_file.anchor()
    edit(path, "cases 3", "cases 2", checksum=True)
    assert codes(kept_file.verify()) == {"anchors.signature"}


def test_without_the_key_it_is_refused_by_the_anchor_after_it_and_the_report_says_what_was_not_checked(
    kept_file: Kept,
) -> None:
    (path,) = kept_file.anchor()
    kept_file.anchor(days=1)
    edit(path, "cases 3", "cases 2", checksum=True)
    report = kept_file.verify(keys=[])
    assert {(f.code, f.number) for f in report.findings} == {("anchors.chain", 1)}
    assert any(line.startswith("signatures not checked: give the office's public key") for line in report.remarks)


def test_without_the_library_the_report_says_so(kept_file: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_file.anchor()
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    report = kept_file.verify()
    assert report.ok
    assert "signatures not checked: the Python library cryptography is not installed" in report.text()


def test_a_line_that_is_none_of_an_anchor_is_named_with_its_number(kept_file: Kept) -> None:
    (path,) = kept_file.anchor()
    lines = path.read_text("utf-8").split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("2 "))
    lines[at] = lines[at].replace(" ", "  ", 1)
    path.write_text("\n".join(lines), "utf-8")
    (finding,) = kept_file.verify().findings
    assert (finding.code, finding.stream, finding.number) == ("anchors.line", str(path), at + 1)


def test_an_anchor_signed_by_somebody_else_is_refused(kept_file: Kept, tmp_path: Path) -> None:
    kept_file.anchor()
    other = written(signing_key(tmp_path / "other").public)
    assert codes(kept_file.verify(keys=[other])) == {"anchors.key"}


def test_two_texts_under_one_number_are_named(kept_file: Kept) -> None:
    (path,) = kept_file.anchor()
    second = path.with_name("other.txt")
    shutil.copyfile(path, second)
    edit(second, "cases 3", "cases 2", checksum=True)
    assert "anchors.twice" in codes(kept_file.verify())


def test_anchors_of_another_office_are_not_held_against_this_one(kept_file: Kept) -> None:
    kept_file.anchor()
    with kept_file.record.attacked(unprotected=False) as connection:
        connection.execute(update(OFFICE).values(short_name="别处"))
    assert codes(kept_file.verify()) == {"anchors.office", "office.differs"}


@pytest.mark.parametrize(
    "junk", ["", "\0" * 100, "huiyin anchor 1", "huiyin anchor 1\noffice x\nnumber 0\n", "你好\n" * 9]
)
def test_junk_is_told_apart_from_an_anchor(junk: str, kept_file: Kept) -> None:
    path = kept_file.folder / "junk.txt"
    path.write_text(junk, "utf-8")
    try:
        report = kept_file.verify()
    except CannotRead as error:
        assert "junk.txt" in str(error)  # noqa: PT017 (either is right)
    else:
        assert codes(report) == {"anchors.line"}


def test_every_cut_of_an_anchor_is_refused(kept_file: Kept) -> None:
    (path,) = kept_file.anchor()
    whole = path.read_bytes()
    for end in range(16, len(whole) - 2, 37):
        path.write_bytes(whole[:end])
        try:
            assert not kept_file.verify().ok, end
        except CannotRead:
            continue


def test_every_changed_byte_of_an_anchor_is_found(kept_file: Kept) -> None:
    (path,) = kept_file.anchor()
    whole = path.read_bytes()
    for at in range(0, len(whole) - 1, 23):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert not kept_file.verify().ok, at
        except CannotRead:
            continue


# -- as they were kept ------------------------------------------------------------------------------------------------


def test_several_anchors_one_after_the_other_in_one_file_will_do(kept_file: Kept) -> None:
    first, second = *kept_file.anchor(), *kept_file.anchor(days=1)
    whole = kept_file.folder.parent / "all.txt"
    # As a mail program on another system saves them.
    whole.write_bytes(b"\xef\xbb\xbf" + (second.read_bytes() + b"\n\n" + first.read_bytes()).replace(b"\n", b"\r\n"))
    report = kept_file.verify(anchors=[str(whole)])
    assert report.ok, report.text()
    assert report.counts["anchors"] == 5


def test_anchors_that_are_missing_between_are_said_to_be(kept_file: Kept) -> None:
    kept_file.anchor()
    (path,) = kept_file.anchor(days=1)
    kept_file.anchor(days=2)
    path.unlink()
    report = kept_file.verify()
    assert report.ok
    assert "anchors not in the files: 2" in report.remarks


def test_no_file_an_empty_folder_and_no_key_cannot_be_read(kept_file: Kept) -> None:
    kept_file.anchor()
    for more in (
        {"anchors": [str(kept_file.folder / "none.txt")]},
        {"anchors": [str(_made(kept_file.folder / "empty"))]},
        {"keys": ["not a key"]},
        {"keys": [base64.b64encode(b"short").decode()]},
    ):
        with pytest.raises(CannotRead):
            kept_file.verify(**more)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_the_script_takes_files_and_keys(kept_file: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = kept_file.anchor()
    key = kept_file.folder.parent / "anchor.pub"
    key.write_text(kept_file.key + "\n")
    assert main([kept_file.record.url, "--anchors", str(path), "--key", str(key)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "OK"
    assert main([kept_file.record.url, "--anchors", str(path.with_name("none.txt"))]) == 3
    assert main([kept_file.record.url, "--anchors", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["remarks"]
