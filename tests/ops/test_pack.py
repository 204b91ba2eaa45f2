"""`huiyin pack` and `docs/verify_pack.py`: a pack is the same twice, holds what it should, and no change to it passes."""

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cases.anchors import make_anchors
from cases.office import load_office
from infra.db import open_engine, reading, transaction
from infra.settings import settings
from infra.signing import signing_key
from reports.record.pack import CaseNotFound, Pack, note_pack, pack_case
from tests.ops.command_line import ASKED_WRONGLY, WRONG, home, run
from tests.verify.records import EVENT, MEDIATION, SECRET_WORDS, START, Record
from verify.checking import verify
from workflow.model import TIMERS, CaseId

NOW = START + timedelta(days=60)
SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_pack.py"
__all__ = ["home"]


def packed(record: Record, *, case: int = MEDIATION, masked: bool = True) -> Pack:
    engine = open_engine(record.url)
    try:
        with reading(engine) as connection:
            office = load_office(connection)
            return pack_case(connection, case, office=office, actor=TIMERS, now=NOW, masked=masked)
    finally:
        engine.dispose()


def anchored(record: Record, folder: Path) -> None:
    engine = open_engine(record.url)
    try:
        with reading(engine) as connection:
            office = load_office(connection)
        make_anchors(engine, office=office, key=signing_key(folder), now=NOW)
    finally:
        engine.dispose()


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def checked(content: bytes, folder: Path) -> tuple[int, str]:
    """What the script says, alone in a folder, by a Python that knows nothing of the program."""
    alone = folder / "alone"
    alone.mkdir(exist_ok=True)
    shutil.copyfile(SCRIPT, alone / "verify_pack.py")
    (alone / "pack.zip").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify_pack.py", "pack.zip"],
        cwd=alone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


# -- what is in it ----------------------------------------------------------------------------------------------------


def test_a_pack_holds_record_papers_anchors_manifest_and_a_word_about_them(record: Record, tmp_path: Path) -> None:
    anchored(record, tmp_path)
    files = files_of(packed(record).content)
    assert {"MANIFEST", "README.txt", "record.json", "anchors/anchor-1.txt"} <= files.keys()
    assert {"papers/case.zh_CN.html", "papers/case.en.html"} <= files.keys()
    assert any(re.fullmatch(r"papers/clock-\d+\.json", name) for name in files)
    assert "texts.json" not in files
    code, said = checked(packed(record).content, tmp_path)
    assert code == 0, said
    assert said.splitlines()[-1] == "OK"


def test_a_masked_pack_says_nothing_that_anybody_said(record: Record, tmp_path: Path) -> None:
    content = packed(record).content
    for word in (SECRET_WORDS, "邻里纠纷", "甲", "谈了两小时", "一室"):
        assert word.encode() not in content
        assert json.dumps(word).strip('"').encode() not in content


def test_a_pack_with_texts_proves_them_by_their_commitments(record: Record, tmp_path: Path) -> None:
    content = packed(record, masked=False).content
    files = files_of(content)
    assert SECRET_WORDS in files["texts.json"].decode()
    assert SECRET_WORDS in files["papers/case.zh_CN.html"].decode()
    code, said = checked(content, tmp_path)
    assert (code, re.findall(r"^texts: (\d+)$", said, re.MULTILINE) != []) == (0, True)


def test_the_same_record_and_instant_make_the_same_bytes(record: Record, tmp_path: Path) -> None:
    anchored(record, tmp_path)
    assert packed(record).content == packed(record).content


def test_both_databases_hash_the_events_alike(record: Record, tmp_path: Path) -> None:
    events = json.loads(files_of(packed(record).content)["record.json"])["events"]
    engine = open_engine(record.url)
    with reading(engine) as connection:
        kept = connection.execute(select(EVENT.c.hash).where(EVENT.c.stream == MEDIATION).order_by(EVENT.c.seq))
        assert [event[-1] for event in events] == list(kept.scalars())
    engine.dispose()


def test_there_is_no_pack_of_a_case_that_is_not_there_nor_of_the_office(sqlite_record: Record) -> None:
    for case in (0, 99):
        with pytest.raises(CaseNotFound):
            packed(sqlite_record, case=CaseId(case))


def test_a_pack_is_an_event_of_the_office_with_its_hash(record: Record) -> None:
    made = packed(record, masked=False)
    engine = open_engine(record.url)
    with transaction(engine) as connection:
        note_pack(connection, made, reason="court_request", actor=TIMERS, now=NOW)
    with reading(engine) as connection:
        data = json.loads(connection.execute(select(EVENT.c.data).where(EVENT.c.code == "pack:written")).scalar_one())
    engine.dispose()
    assert data == {
        "case": MEDIATION, "seq": made.seq, "sha256": made.sha256, "masked": False, "reason": "court_request", "schema": 1,
    }  # fmt: skip
    assert verify(record.url).ok


# -- attacks ----------------------------------------------------------------------------------------------------------


Change = Callable[[dict[str, bytes]], None]


def rezipped(files: dict[str, bytes], *, manifest: bool = True) -> bytes:
    """The files as a pack again, with a manifest that fits, as a forger would."""
    if manifest:
        lines = [f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in sorted(files.items()) if n != "MANIFEST"]
        files = {**files, "MANIFEST": "".join(lines).encode()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def _record(change: Callable[[dict[str, Any]], None]) -> Change:
    def apply(files: dict[str, bytes]) -> None:
        record = json.loads(files["record.json"])
        change(record)
        files["record.json"] = json.dumps(record, ensure_ascii=False).encode()

    return apply


def _rechained(record: dict[str, Any]) -> None:
    record["events"][1][3] = "2026-03-02T00:00:00.000000Z"
    before = ""
    for event in record["events"]:
        event[-2] = before
        text = json.dumps(event[:-1], ensure_ascii=False, separators=(",", ":"))
        before = event[-1] = hashlib.sha256(text.encode()).hexdigest()


def _texts(files: dict[str, bytes]) -> None:
    files["texts.json"] = files["texts.json"].replace(SECRET_WORDS.encode(), "别的话".encode())


def _anchor(files: dict[str, bytes]) -> None:
    files["anchors/anchor-1.txt"] = files["anchors/anchor-1.txt"].replace(b"cases 3", b"cases 2")


ATTACKS: dict[str, tuple[Change, str]] = {
    "an event changed": (_record(lambda r: r["events"][2].__setitem__(5, 999)), "event 3: it was changed"),
    "an event taken out": (_record(lambda r: r["events"].pop(3)), "event 4"),
    "the last event cut off": (_record(lambda r: r["events"].pop()), "anchor 1 of"),
    "the history written anew": (_record(_rechained), "anchor 1 of"),
    "a row changed": (_record(lambda r: r["rows"]["cases"][0].update(state="closed")), "cases"),
    "a row taken out": (_record(lambda r: r["rows"]["party"].pop()), "the row is missing"),
    "a row put in": (_record(lambda r: r["rows"]["party"].append({"number": 99})), "no event speaks of this row"),
    "a text changed": (_texts, "it is not the one that was written"),
    "a text taken out": (lambda f: f.pop("texts.json") and None, "texts.json is missing"),
    "an anchor changed": (_anchor, "its checksum is another"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_change_to_a_pack_passes_though_the_manifest_fits(name: str, sqlite_record: Record, tmp_path: Path) -> None:
    anchored(sqlite_record, tmp_path)
    files = files_of(packed(sqlite_record, masked=False).content)
    assert checked(rezipped(files), tmp_path)[0] == 0, "the forger's own zip is not what is found"
    change, expected = ATTACKS[name]
    change(files)
    code, said = checked(rezipped(files), tmp_path)
    assert (code, said.splitlines()[-1]) == (1, "NOT OK")
    assert expected in said


def test_a_manifest_that_does_not_fit_is_named_file_by_file(sqlite_record: Record, tmp_path: Path) -> None:
    files = files_of(packed(sqlite_record).content)
    files["README.txt"] += b"x"
    files["more.txt"] = b"more"
    del files["papers/case.en.html"]
    code, said = checked(rezipped(files, manifest=False), tmp_path)
    assert code == 1
    assert "README.txt was changed" in said
    assert "more.txt is not in the manifest" in said
    assert "papers/case.en.html is missing" in said


@pytest.mark.parametrize("junk", [b"", b"PK", b"x" * 1000, rezipped({"a": b"b"}), rezipped({"record.json": b"[]"})])
def test_what_is_no_pack_is_called_so(junk: bytes, tmp_path: Path) -> None:
    code, said = checked(junk, tmp_path)
    assert (code, "is no pack that can be checked" in said) == (2, True)


# -- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def at_home(home: Path, sqlite_record: Record, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The record as the office of this machine."""
    assert sqlite_record.path
    monkeypatch.setenv("HUIYIN_DATABASE", sqlite_record.url)
    monkeypatch.chdir(sqlite_record.path.parent)
    settings.cache_clear()
    return sqlite_record.path.parent


def number_of(record: Record) -> str:
    return str(json.loads(files_of(packed(record).content)["record.json"])["number"])


def test_the_command_writes_a_pack_by_number_that_only_its_owner_may_read(
    at_home: Path, sqlite_record: Record, tmp_path: Path
) -> None:
    out = at_home / "out.zip"
    done = run("pack", number_of(sqlite_record), "--out", out, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["masked"] is True
    assert out.stat().st_mode & 0o077 == 0
    assert checked(out.read_bytes(), tmp_path)[0] == 0
    engine = open_engine(sqlite_record.url)
    with reading(engine) as connection:
        data = json.loads(connection.execute(select(EVENT.c.data).where(EVENT.c.code == "pack:written")).scalar_one())
    engine.dispose()
    assert (data["sha256"], data["reason"]) == (said["sha256"], None)


def test_texts_need_a_reason_and_a_refused_command_leaves_nothing_behind(at_home: Path, sqlite_record: Record) -> None:
    number = number_of(sqlite_record)
    assert run("pack", number, "--unmasked").exit_code == ASKED_WRONGLY
    assert run("pack", "（2026）滨无此号第9号").exit_code == ASKED_WRONGLY
    assert run("pack", number, "--out", at_home / "none" / "x.zip").exit_code == WRONG
    assert [path for path in at_home.rglob("*") if ".zip" in path.name] == []
    assert run("pack", number, "--unmasked", "--reason", "court_request").exit_code == 0


def test_anchors_are_made_listed_checked_and_held_against_the_record(at_home: Path) -> None:
    assert run("anchor", "make").stdout.splitlines()[0] == "anchor-1"
    assert "Nothing has moved" in run("anchor", "make").stdout
    listed = json.loads(run("anchor", "list", "--json").stdout)
    assert [(one["number"], one["cases"]) for one in listed] == [(1, 3)]
    kept = at_home / "kept.txt"
    kept.write_text(run("anchor", "list", "--show", "1").output, "utf-8")
    key = run("anchor", "key").output.strip()
    assert run("anchor", "check", kept, "--key", key).exit_code == 0
    assert run("verify", "--anchors", kept, "--key", key).exit_code == 0
    assert "signatures checked" in run("verify", "--anchors", kept).output  # with the office's own key
    kept.write_text(kept.read_text("utf-8").replace("cases 3", "cases 2"), "utf-8")
    assert run("anchor", "check", kept, "--key", key).exit_code == WRONG
    assert run("anchor", "list", "--show", "9").exit_code == ASKED_WRONGLY


def test_a_key_that_others_may_read_is_refused_with_what_to_do(at_home: Path) -> None:
    run("anchor", "key")
    (settings().home / "keys" / "anchor.pem").chmod(0o644)
    done = run("anchor", "make")
    assert done.exit_code == WRONG
    assert "chmod 600" in done.output


def test_a_receipt_is_checked_by_its_number(at_home: Path, sqlite_record: Record, tmp_path: Path) -> None:
    number = number_of(sqlite_record)
    (code,) = re.findall(r"^proof of filing: (\S+)$", checked(packed(sqlite_record).content, tmp_path)[1], re.MULTILINE)
    assert run("anchor", "receipt", number, code).exit_code == 0
    assert json.loads(run("anchor", "receipt", number, "0000", "--json").stdout)["verdict"] == "another"
    assert run("anchor", "receipt", "（2020）滨无第1号", code).exit_code == WRONG
