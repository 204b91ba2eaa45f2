"""A backup is made while people work, opens with its key alone, and comes back whole or not at all; what waited in the outbox
does not go out twice."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from sqlalchemy import Engine, func, select

from cases.execute import open_case
from cases.office import load_office
from infra.db import open_engine, reading, transaction
from infra.settings import Settings
from ledger.tables import TextMessage
from notifications.deliver import deliver
from notifications.forwarding import RESTORED
from notifications.texting import write_texts
from ops.backup import DATABASE, FORMAT, MANIFEST, BackupIsWrong, CannotBackUp, back_up
from ops.restoring import read_identities, restore
from tests.servers import ROOT, SmtpSink, postgres_bin
from tests.verify.records import CLERK, EVENT, MESSAGE, START, Record
from tests.verify.test_verify_anchors import Kept
from verify.checking import verify
from workflow.procedures.petition.commands import Register

IDENTITY = pyrage.x25519.Identity.generate()
PUBLIC = str(IDENTITY.to_public())
MATTER = Register(title="停车位", statement="小区停车难。", applicant="白某", channel="visit")


@dataclass(frozen=True)
class Elsewhere:
    """Where a backup may be restored: nothing is there yet."""

    url: str
    folder: Path

    def restored(self, path: Path, identity: Any = IDENTITY) -> Engine:
        restore(path, self.url, identities=[identity], folder=self.folder, now=START)
        return open_engine(self.url)

    def holds_nothing(self) -> bool:
        if self.url.startswith("sqlite"):
            return list(self.folder.iterdir()) == []
        with psycopg.connect(self.url.replace("+psycopg", "")) as connection:
            tables = connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            return tables.fetchone() == (0,)


@pytest.fixture
def elsewhere(record: Record, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Elsewhere]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if record.path:
        yield Elsewhere(f"sqlite:///{folder / 'huiyin.db'}", folder)
        return
    server, name = request.getfixturevalue("postgres"), f"elsewhere_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield Elsewhere(f"{record.url.rpartition('/')[0]}/{name}", folder)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """PostgreSQL's programs are in PATH."""
    if "record" in request.fixturenames and request.node.callspec.params.get("record") == "postgres":
        if programs := postgres_bin():
            monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        if not shutil.which("pg_dump"):
            pytest.skip("no pg_dump on this machine")


def made(record: Record, path: Path) -> Path:
    engine = open_engine(record.url)
    try:
        back_up(engine, path, to=[PUBLIC], folder=path.parent, now=START)
    finally:
        engine.dispose()
    return path


def filed(engine: Engine) -> None:
    with reading(engine) as connection:
        office = load_office(connection)
    with transaction(engine) as connection:
        open_case(
            connection, MATTER, profile="petition", actor=CLERK, now=START, office=office, request=secrets.token_hex(16)
        )


def test_a_backup_made_under_load_comes_back_sound_and_the_anchors_agree(
    record: Record, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    kept = Kept(record, tmp_path)
    kept.anchor()
    engine, over = open_engine(record.url), threading.Event()

    def work() -> None:
        while not over.is_set():
            filed(engine)

    working = threading.Thread(target=work)
    working.start()
    try:
        back_up(engine, tmp_path / "backup.age", to=[PUBLIC], folder=tmp_path, now=START)
    finally:
        over.set()
        working.join()
        engine.dispose()
    there = elsewhere.restored(tmp_path / "backup.age")
    with reading(there) as connection:
        last = connection.execute(
            select(EVENT.c.code, EVENT.c.data).where(EVENT.c.stream == 0).order_by(EVENT.c.seq.desc())
        )
        code, data = last.first() or ("", "{}")
    there.dispose()
    assert code == "backup:restored"
    assert json.loads(data)["sha256"]
    report = verify(elsewhere.url, anchors=[str(kept.folder)], keys=[kept.key])
    assert report.ok, report.text()


def test_it_is_noted_closed_and_opens_with_its_key_alone(record: Record, elsewhere: Elsewhere, tmp_path: Path) -> None:
    path = made(record, tmp_path / "backup.age")
    assert path.stat().st_mode & 0o077 == 0
    assert sorted(one.name for one in tmp_path.iterdir() if "backup" in one.name) == ["backup.age"]
    assert "停车".encode() not in path.read_bytes()
    engine = open_engine(record.url)
    with reading(engine) as connection:
        noted = connection.execute(select(EVENT.c.data).where(EVENT.c.code == "backup:made")).scalars().all()
    engine.dispose()
    assert [json.loads(one)["name"] for one in noted] == ["backup.age"]
    with pytest.raises(BackupIsWrong, match="not_for_this_key"):
        elsewhere.restored(path, pyrage.x25519.Identity.generate())
    assert elsewhere.holds_nothing()
    elsewhere.restored(path).dispose()
    assert verify(record.url).ok
    assert verify(elsewhere.url).ok


@pytest.mark.parametrize("record", ["sqlite"], indirect=True)
@pytest.mark.parametrize("at", [0.0, 0.001, 0.01, 0.3, 0.6, 0.999])
def test_a_backup_with_one_byte_changed_is_refused(
    record: Record, elsewhere: Elsewhere, tmp_path: Path, at: float
) -> None:
    path = made(record, tmp_path / "backup.age")
    content = bytearray(path.read_bytes())
    content[int(at * (len(content) - 1))] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupIsWrong, match=r"backup\.(damaged|not_for_this_key)"):
        elsewhere.restored(path)
    assert elsewhere.holds_nothing()


@pytest.mark.parametrize("record", ["sqlite"], indirect=True)
@pytest.mark.parametrize("keep", [0, 10, 300, 100_000])
def test_a_backup_that_was_cut_off_is_refused(record: Record, elsewhere: Elsewhere, tmp_path: Path, keep: int) -> None:
    path = made(record, tmp_path / "backup.age")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BackupIsWrong, match=r"backup\.damaged"):
        elsewhere.restored(path)
    assert elsewhere.holds_nothing()


def repacked(path: Path, folder: Path, **changed: Any) -> Path:
    """The same backup with another manifest, by somebody who has the key."""
    pyrage.decrypt_file(str(path), str(folder / "plain.tar"), [IDENTITY])
    with tarfile.open(folder / "plain.tar") as tar:
        for name in (MANIFEST, DATABASE):
            source = tar.extractfile(name)
            assert source
            (folder / name).write_bytes(source.read())
    said = json.loads((folder / MANIFEST).read_text("utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**said, **changed}), "utf-8")
    with tarfile.open(folder / "plain.tar", "w") as tar:
        for name in (MANIFEST, DATABASE):
            tar.add(folder / name, arcname=name)
    pyrage.encrypt_file(str(folder / "plain.tar"), str(folder / "other.age"), [IDENTITY.to_public()])
    return folder / "other.age"


@pytest.mark.parametrize("record", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"format": FORMAT + 1}, "newer"), ({"schema": "9999"}, "newer"), ({"kind": "postgresql"}, "other_kind"),
        ({"sha256": "0" * 64}, "damaged"), ({"unknown": 1}, "damaged"), ({"format": "x"}, "damaged"),
    ],
)  # fmt: skip
def test_a_backup_of_another_program_is_refused_by_name(
    record: Record, elsewhere: Elsewhere, tmp_path: Path, changed: dict[str, Any], code: str
) -> None:
    path = made(record, tmp_path / "backup.age")
    (tmp_path / "work").mkdir()
    with pytest.raises(BackupIsWrong, match=rf"backup\.{code}"):
        elsewhere.restored(repacked(path, tmp_path / "work", **changed))
    assert elsewhere.holds_nothing()


def test_nothing_is_restored_over_an_office(record: Record, tmp_path: Path) -> None:
    path = made(record, tmp_path / "backup.age")
    before = verify(record.url).counts
    with pytest.raises(BackupIsWrong, match=r"backup\.database_is_there"):
        restore(path, record.url, identities=[IDENTITY], folder=tmp_path, now=START)
    assert verify(record.url).counts == before


@pytest.mark.parametrize("record", ["sqlite"], indirect=True)
@pytest.mark.parametrize("left", ["-wal", "-shm", "-journal"])
def test_nothing_is_restored_beside_the_log_of_another_database(
    record: Record, elsewhere: Elsewhere, tmp_path: Path, left: str
) -> None:
    """Its pages would be read into the restored file."""
    path = made(record, tmp_path / "backup.age")
    (elsewhere.folder / f"huiyin.db{left}").write_bytes(b"left over")
    with pytest.raises(BackupIsWrong, match=r"backup\.database_is_there"):
        elsewhere.restored(path)
    assert [one.name for one in elsewhere.folder.iterdir()] == [f"huiyin.db{left}"]


def test_a_restore_that_breaks_off_leaves_no_office_whose_mails_would_go_out(
    record: Record, elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(record, tmp_path / "backup.age")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ops.restoring.note", full)
    if record.path:
        with pytest.raises(OSError, match="No space"):
            elsewhere.restored(path)
        assert elsewhere.holds_nothing()
    else:
        with pytest.raises(CannotBackUp, match="half_restored"):
            elsewhere.restored(path)


def test_a_file_that_is_not_there_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        restore(
            tmp_path / "none.age", f"sqlite:///{tmp_path / 'x.db'}", identities=[IDENTITY], folder=tmp_path, now=START
        )


def test_what_had_gone_out_since_does_not_go_out_again(
    record: Record, elsewhere: Elsewhere, tmp_path: Path, smtp: SmtpSink
) -> None:
    engine = open_engine(record.url)
    with transaction(engine) as connection:
        (first,) = connection.execute(select(MESSAGE.c.id).limit(1)).scalars()
        write_texts(connection, [first], now=START)
    engine.dispose()
    path = made(record, tmp_path / "backup.age")
    settings = Settings(home=tmp_path, smtp_host=smtp.host, smtp_port=smtp.port)

    def sent(engine: Engine) -> int:
        with reading(engine) as connection:
            office = load_office(connection)
        done = deliver(engine, office=office, settings=settings, now=START.replace(month=6))
        return done.sent

    engine = open_engine(record.url)
    assert sent(engine) > 0
    engine.dispose()
    there = elsewhere.restored(path)
    assert sent(there) == 0
    with reading(there) as connection:
        (texted,) = connection.execute(select(*TextMessage.__table__.c)).all()  # type: ignore[attr-defined]
        held = connection.execute(select(func.count()).where(MESSAGE.c.last_error == RESTORED)).scalar_one()
    there.dispose()
    assert held > 0, "a person decides about each of them"
    assert (texted.next_try_at, texted.last_error) == (None, RESTORED), "nor does a short message"


@pytest.mark.parametrize("record", ["sqlite"], indirect=True)
def test_a_record_that_is_not_sound_is_not_backed_up(record: Record, tmp_path: Path) -> None:
    with record.attacked() as connection:
        connection.exec_driver_sql("UPDATE event SET actor = 99 WHERE id = 3")
    with pytest.raises(CannotBackUp, match="not_sound"):
        made(record, tmp_path / "backup.age")
    assert not (tmp_path / "backup.age").exists()


@pytest.mark.parametrize(
    ("content", "wrong"),
    [("", True), ("no key\n", True), (f"# public key: x\n{IDENTITY}\n", False), (PUBLIC, True)],
    ids=["empty", "words", "private", "public"],
)
def test_a_file_of_a_private_key_is_told_from_others(content: str, wrong: bool, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(content, "utf-8")
    if wrong:
        with pytest.raises(BackupIsWrong, match="no_identity"):
            read_identities(tmp_path / "key")
    else:
        assert len(read_identities(tmp_path / "key")) == 1


def test_a_full_disk_leaves_no_half_of_a_backup(sqlite_record: Record, tmp_path: Path) -> None:
    """A file may become no larger than 200 kB, which is less than the database is."""
    assert sqlite_record.path
    (tmp_path / "to").mkdir()
    given = {
        **os.environ,
        "HUIYIN_HOME": str(sqlite_record.path.parent),
        "HUIYIN_DATABASE": sqlite_record.url,
        "HUIYIN_LANGUAGE": "en",
    }
    limited = ["sh", "-c", 'ulimit -f 200 && exec "$@"', "sh"]
    done = subprocess.run(
        [*limited, sys.executable, "-m", "cli.main", "backup", str(tmp_path / "to" / "b.age"), "--to", PUBLIC], cwd=ROOT,
        env=given, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "The disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "to").iterdir()) == []
    assert verify(sqlite_record.url).ok
