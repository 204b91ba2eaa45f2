"""The keys of the office: a machine with another one, or with none, uses none and says so; two people change it."""

import base64
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select

from cases.anchors import anchor_text, make_anchors, pin_key_of_last_anchor
from infra.db import reading, transaction
from infra.keys import FOLDER, fingerprint_of, key_file, secret_key
from infra.signing import key_id, signing_file, signing_key, written
from ledger.tables import Event
from notifications.compose import compose
from notifications.names import give_names
from ops.jobs import JOBS, run_job
from people.office_keys import (
    ANCHORS,
    LINKS,
    RATINGS,
    KeyIsAnother,
    KeyIsMissing,
    KeyIsNotPinned,
    pin_keys,
    pins,
    signing_key_of_office,
)
from people.proposals import CHANGE_KEY, waiting
from people.tables import OfficeKey
from tests.databases import START, Site, SmallOffice
from tests.web.reading import page
from tests.web.test_second import MESSAGE, mailing, post
from tests.web.test_security import with_password
from verify.checking import verify

pytestmark = pytest.mark.usefixtures("fast_passwords")
__all__ = ["mailing"]
ANCHORING = next(job for job in JOBS if job.name == "anchors")


def anchored(site: Site, home: Path, folder: Path) -> Path:
    """The anchors of everything that has moved, as an auditor keeps them."""
    with transaction(site.engine) as connection:
        key = signing_key_of_office(connection, home, now=site.clock())
    for number in make_anchors(site.engine, office=site.office.context, key=key, now=site.clock()):
        with reading(site.engine) as connection:
            folder.mkdir(exist_ok=True)
            (folder / f"anchor-{number}.txt").write_text(anchor_text(connection, number) or "", "utf-8")
    return folder


def codes(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        event = Event.__table__.c  # type: ignore[attr-defined]
        return list(connection.execute(select(event.code).where(event.stream == 0).order_by(event.seq)).scalars())


def test_each_key_is_pinned_once(office: SmallOffice, tmp_path: Path) -> None:
    with transaction(office.engine) as connection:
        pin_keys(connection, tmp_path, now=START)
        pin_keys(connection, tmp_path, now=START)
        pinned = pins(connection)
    assert set(pinned) == {ANCHORS, RATINGS, LINKS}
    assert pinned[ANCHORS].fingerprint == fingerprint_of(signing_key(tmp_path).public)
    assert pinned[RATINGS].fingerprint == fingerprint_of(secret_key(tmp_path, RATINGS))
    assert codes(office.engine).count("key:pinned") == 3


@pytest.mark.parametrize("lost", [True, False])
def test_a_machine_with_another_key_or_none_signs_nothing_and_makes_none(
    site: Site, tmp_path: Path, lost: bool
) -> None:
    anchored(site, site.settings.home, tmp_path / "kept")
    elsewhere = tmp_path / "elsewhere"
    if not lost:
        signing_key(elsewhere)
    before = len(codes(site.engine))
    with transaction(site.engine) as connection, pytest.raises(KeyIsMissing if lost else KeyIsAnother) as refused:
        signing_key_of_office(connection, elsewhere, now=site.clock())
    assert str(signing_file(elsewhere)) in str(refused.value)
    assert signing_file(elsewhere).exists() is not lost
    there = site.settings.model_copy(update={"home": elsewhere})
    with pytest.raises(KeyIsNotPinned):
        run_job(ANCHORING, site.engine, there, now=site.clock() + timedelta(days=1))
    assert not [code for code in codes(site.engine)[before:] if code.startswith(("key:", "anchor:"))]


def test_an_office_from_before_keys_were_pinned_is_held_to_the_key_of_its_last_anchor(
    site: Site, tmp_path: Path
) -> None:
    anchored(site, site.settings.home, tmp_path / "kept")
    with transaction(site.engine) as connection:
        connection.execute(delete(OfficeKey))
        pin_key_of_last_anchor(connection, now=site.clock())
        with pytest.raises(KeyIsMissing):
            signing_key_of_office(connection, tmp_path / "empty", now=site.clock())
        signing_key(tmp_path / "elsewhere")
        with pytest.raises(KeyIsAnother):
            signing_key_of_office(connection, tmp_path / "elsewhere", now=site.clock())
        signing_key_of_office(connection, site.settings.home, now=site.clock())
        assert pins(connection)[ANCHORS].fingerprint == fingerprint_of(signing_key(site.settings.home).public)


def test_a_lost_key_is_changed_by_two_people_and_the_anchors_lead_from_one_to_the_other(
    site: Site, tmp_path: Path
) -> None:
    home, kept = site.settings.home, tmp_path / "kept"
    anchored(site, home, kept)
    first = written(signing_key(home).public)
    shutil.rmtree(home / FOLDER)
    with_password(site, "auditor")
    auditor, administrator = site.session_for("auditor"), site.session_for("administrator")
    said = page(administrator, "/keys")
    assert "本机没有记录中的这把密钥" in said.text
    post(administrator, "/keys/anchor/change")
    with reading(site.engine) as connection:
        [asked] = waiting(connection)
        assert (asked.act, asked.data["key"]) == (CHANGE_KEY, ANCHORS)
        with pytest.raises(KeyIsAnother):
            signing_key_of_office(connection, home, now=site.clock())
    assert "等待第二人确认" in administrator.get("/keys").text
    shown = auditor.get("/second").text
    new = fingerprint_of(signing_key(home).public)
    assert f"{new[:4]} {new[4:8]}" in shown, "what both compare"
    post(administrator, f"/second/{asked.id}", verdict="agree")
    with reading(site.engine) as connection:
        assert waiting(connection), "nobody agrees with themselves"
    post(auditor, f"/second/{asked.id}", verdict="agree")
    anchored(site, home, kept)
    assert "key:changed" in codes(site.engine)
    report = verify(str(site.engine.url), anchors=[str(kept)], keys=[first])
    assert report.ok, report.text()
    old, fresh = key_id(base64.b64decode(first)), new[:8]
    assert f"two people changed the key {old} to {fresh}" in report.text()
    other = written(signing_key(tmp_path / "other").public)
    report = verify(str(site.engine.url), anchors=[str(kept)], keys=[other])
    assert {finding.code for finding in report.findings} == {"anchors.key"}, "who trusts neither is led to neither"
    assert "与记录相符" in administrator.get("/keys").text


def test_where_nobody_could_be_the_second_person_one_is_enough(site: Site) -> None:
    with transaction(site.engine) as connection:
        pin_keys(connection, site.settings.home, now=site.clock())
    key_file(site.settings.home, RATINGS).unlink()
    administrator = site.session_for("administrator")
    post(administrator, "/keys/rating/change")
    with reading(site.engine) as connection:
        assert pins(connection)[RATINGS].fingerprint == fingerprint_of(secret_key(site.settings.home, RATINGS))
    assert "key:changed" in codes(site.engine)


@pytest.mark.parametrize("name", ["anchor", "rating", "links"])
def test_what_fits_or_was_never_used_is_not_changed(site: Site, name: str) -> None:
    administrator = site.session_for("administrator")
    post(administrator, f"/keys/{name}/change")
    with transaction(site.engine) as connection:
        pin_keys(connection, site.settings.home, now=site.clock())
    before = codes(site.engine)
    post(administrator, f"/keys/{name}/change")
    assert codes(site.engine) == before


def test_a_link_without_the_key_of_links_is_not_given_and_a_mail_waits_for_it(mailing: Site) -> None:
    administrator = mailing.session_for("administrator")
    post(administrator, f"/people/{mailing.office.accounts['coordinator']}/link")
    kept = key_file(mailing.settings.home, LINKS)
    content = kept.read_bytes()
    kept.write_bytes(b"x" * 32)
    with transaction(mailing.engine) as connection:
        waits = connection.execute(select(MESSAGE.id).where(MESSAGE.stream == 0, MESSAGE.bundle.is_(None))).scalars()
        give_names(connection, list(waits))

    def composed() -> tuple[int, int, int]:
        with reading(mailing.engine) as connection:
            rows = connection.execute(select(*MESSAGE).where(MESSAGE.stream == 0)).all()
            found = compose(
                connection, rows, office=mailing.office.context, settings=mailing.settings, now=mailing.clock()
            )
        waits = [why for why in found.unwritten.values() if not why.permanent]
        return len(found.letters), len(found.unwritten) - len(waits), len(waits)

    before = composed()
    assert before[1:] == (0, 1)
    answer = post(administrator, f"/people/{mailing.office.accounts['coordinator']}/link")
    assert answer.status_code == 503
    assert "本单位的密钥" in answer.text
    kept.write_bytes(content)
    assert composed() == (before[0] + 1, 0, 0)


def test_an_unreadable_key_is_said_on_the_page(site: Site) -> None:
    with transaction(site.engine) as connection:
        pin_keys(connection, site.settings.home, now=site.clock())
    key_file(site.settings.home, RATINGS).write_bytes(b"short")
    signing_file(site.settings.home).chmod(0o644)
    said = site.session_for("auditor").get("/keys").text
    assert said.count("本机的密钥文件读不了") == 2
