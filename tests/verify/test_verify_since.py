"""`huiyin verify --since`: from the signed note of a whole run on, only what has moved is read again."""

from pathlib import Path

import pytest
from sqlalchemy import text, update

from cases.anchors import signed
from infra.signing import signing_key
from ops.marks_anew import marks_anew
from tests.verify.records import CASE, EVENT, HEAD, MEDIATION, PETITION, Record, event, named
from tests.verify.test_verify_anchors import LATER, Kept
from verify.checking import verify
from verify.report import Report
from verify.since import Since, note_of
from verify.sources import CannotRead
from workflow.spelling import stamp


class Noted(Kept):
    """A record with an anchor, verified whole, and the note of that."""

    def __init__(self, record: Record, folder: Path) -> None:
        super().__init__(record, folder)
        self.anchor()
        whole = verify(record.url, marks=marks_anew)
        assert whole.ok
        assert whole.reached
        self.note = folder / "verified.txt"
        self.note.write_text(
            signed(note_of(whole.reached, office="滨园", at=stamp(LATER)), "滨园", self._signing), "utf-8"
        )

    def go_on(self) -> Report:
        return verify(self.record.url, marks=marks_anew, since=Since(file=str(self.note), keys=[self.key]))


@pytest.fixture
def noted(record: Record, tmp_path: Path) -> Noted:
    return Noted(record, tmp_path)


def test_only_what_has_moved_is_read_again(noted: Noted) -> None:
    first = noted.go_on()
    assert first.ok
    assert first.counts["versions"] == 0, "no case has moved"
    assert any("1 of 4 chains looked at" in remark for remark in first.remarks), first.remarks
    noted.accept_petition()
    later = noted.go_on()
    assert later.ok
    assert later.counts["versions"] == 2, "the petition's registration and acceptance"
    noted.anchor(days=1)
    anchored = noted.go_on()
    assert anchored.ok
    assert anchored.counts["versions"] == 2, "it is in an anchor that came after the note"


def test_what_was_changed_in_a_case_that_moved_is_found(noted: Noted) -> None:
    noted.accept_petition()
    with noted.record.attacked() as connection:
        connection.execute(update(EVENT).where(event(PETITION, 1)).values(role="auditor"))
    assert ("chains.hash", "event", PETITION, 1, "hash") in named(noted.go_on())


def test_the_end_of_a_chain_that_did_not_move_is_held_against_its_anchor(noted: Noted) -> None:
    with noted.record.attacked() as connection:
        connection.execute(update(HEAD).where(HEAD.c.stream == MEDIATION).values(hash="0" * 64))
    assert named(noted.go_on()) == {("chains.head", "stream_head", MEDIATION, None, "hash")}
    with noted.record.attacked(unprotected=False) as connection:
        connection.execute(text("UPDATE stream_head SET seq = seq - 1 WHERE stream = :stream"), {"stream": MEDIATION})
    assert ("chains.head", "stream_head", MEDIATION, None, "seq") in named(noted.go_on())


def test_a_row_of_a_case_that_did_not_move_is_for_the_whole_run(noted: Noted) -> None:
    """Which is why an auditor's run is the whole one."""
    with noted.record.attacked(unprotected=False) as connection:
        connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values(holder_unit=1))
    assert noted.go_on().ok
    assert ("rows.differs", "cases", MEDIATION, None, "holder_unit") in named(verify(noted.record.url))


def test_a_note_that_was_changed_or_that_another_key_signed_is_none(noted: Noted, tmp_path: Path) -> None:
    good = noted.note.read_text("utf-8")
    other = signing_key(tmp_path / "other")
    body = good.partition("\n—")[0]
    for wrong in (
        good.replace("anchor 1", "anchor 2"),
        good.replace("滨园", "江园"),
        body,
        "",
        signed(body, "滨园", other),
        good.replace("verified 1", "verified 2"),
    ):
        noted.note.write_text(wrong, "utf-8")
        with pytest.raises(CannotRead, match="verify the whole record"):
            noted.go_on()
    noted.note.unlink()
    with pytest.raises(CannotRead, match="no note"):
        noted.go_on()


def test_a_note_without_a_key_proves_nothing(noted: Noted) -> None:
    with pytest.raises(CannotRead, match="--key"):
        verify(noted.record.url, since=Since(file=str(noted.note), keys=[]))


def test_a_note_of_another_record_is_refused(noted: Noted) -> None:
    with noted.record.attacked() as connection:
        connection.execute(text("UPDATE anchor SET content = replace(content, 'heads', 'Heads')"))
    with pytest.raises(CannotRead, match="is not the one"):
        noted.go_on()
