"""The auditor's page of anchors, and the proof of filing on the receipts."""

import re
from datetime import timedelta

from sqlalchemy import select

from cases.anchors import anchor_text, make_anchors
from cases.filed import Verdict, case_by_number, check_proof, proof
from cases.policies import shipped_files
from infra.db import reading, transaction
from infra.signing import public_key, signing_key
from ledger.tables import Event
from people.staffing import add_account
from tests.databases import START, Site, step
from tests.web.reading import page, read
from workflow.model import TIMERS, Role
from workflow.policy_files import policy_from

EVENT = Event.__table__.c  # type: ignore[attr-defined]
WORDS = {"title": "噪声", "statement": "夜间施工", "applicant": "白某"}
PROOF = re.compile(r'<span class="proof">([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</span>')


def anchored(site: Site) -> str:
    site.office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    key = signing_key(site.settings.home)
    make_anchors(site.engine, office=site.office.context, key=key, now=START + timedelta(minutes=1))
    with reading(site.engine) as connection:
        text = anchor_text(connection, 1)
    assert text
    return text


# -- the page ---------------------------------------------------------------------------------------------------------


def test_an_auditor_sees_each_anchor_and_downloads_it_to_the_byte(site: Site) -> None:
    text = anchored(site)
    browser = site.session_for("auditor")
    shown = page(browser, "/anchors")
    assert "3月2日 09:01" in shown.text
    assert "/anchors/1" in shown.links
    answer = browser.get("/anchors/1")
    assert answer.content == text.encode()
    assert answer.headers["content-disposition"] == 'attachment; filename="anchor-1.txt"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert browser.get("/anchors/2").status_code == 404


def test_the_page_says_how_to_check_and_shows_the_public_key(site: Site) -> None:
    anchored(site)
    shown = page(site.session_for("auditor"), "/anchors").text
    assert "huiyin verify --anchors" in shown
    assert (public_key(site.settings.home) or "?") in shown


def test_it_warns_when_fewer_than_two_people_receive_the_anchors(site: Site) -> None:
    browser = site.session_for("auditor")
    assert "应当有两人留存" in page(browser, "/anchors").text
    with transaction(site.engine) as connection:
        add_account(
            connection, unit=site.office.units["upstream"], role=Role.AUDITOR, login="second", name="乙",
            email="second@example.test", now=START,
        )  # fmt: skip
    assert "应当有两人留存" not in page(browser, "/anchors").text


def test_before_the_first_anchor_the_page_says_so(site: Site) -> None:
    assert "还没有凭证" in page(site.session_for("assessor"), "/anchors").text


def test_it_reads_in_english_too(site: Site) -> None:
    anchored(site)
    shown = page(site.session_for("auditor"), "/anchors?lang=en").text
    assert "Two people should keep them" in shown
    assert "Chains that had moved" in shown


# -- the proof of filing ----------------------------------------------------------------------------------------------


def test_a_receipt_prints_80_bits_of_the_filing_events_hash_and_the_same_ones_again(site: Site) -> None:
    browser = site.browser()
    form = page(browser, "/file/petition").form("/file/petition")
    sent = form.typed(title="路灯", statement="路灯不亮", applicant="白某")
    first, again = browser.post("/file/petition", data=sent), browser.post("/file/petition", data=sent)
    (code,) = PROOF.findall(first.text)
    assert PROOF.findall(again.text) == [code]
    assert "登记凭证码，不必保密" in read(first.text).text
    with reading(site.engine) as connection:
        (hash_,) = connection.execute(select(EVENT.hash).where(EVENT.code == "case:registered")).scalars()
    assert code.replace("-", "") == proof(hash_)


def test_what_a_clerk_registers_has_one_too(site: Site) -> None:
    browser = site.session_for("clerk")
    form = page(browser, "/intake/petition").form("/intake/petition")
    answer = browser.post(
        "/intake/petition", data=form.typed(title="路灯", statement="不亮", applicant="白某", channel="visit")
    )
    assert len(PROOF.findall(answer.text)) == 1


def test_a_hash_is_shown_from_its_first_bit_on() -> None:
    # 5 bits a letter: 00000 00001 00010 ... 01111 of 0123456789ABCDEFGHJKMNPQRSTVWXYZ
    bits = "".join(f"{n:05b}" for n in range(16))
    assert proof(f"{int(bits, 2):020x}" + "f" * 44) == "0123456789ABCDEF"
    assert proof("f" * 64) == "Z" * 16


def test_a_receipt_is_held_against_the_record(site: Site) -> None:
    opened = site.office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    other = site.office.tell("hotline", step("2026-03-02T09:01", "clerk", "Register", **WORDS))
    with reading(site.engine) as connection:

        def found(number: str) -> int | None:
            return case_by_number(connection, number, short_name="滨园", actor=TIMERS)

        def says(case: int | None, code: str) -> Verdict:
            return check_proof(connection, case, code).verdict

        number = next(n for n in _numbers() if found(n) == opened.case_id)
        assert found(number.strip("（").replace("）", " ").replace("第", "").strip("号")) == opened.case_id
        assert found(number.replace("2026", "2025")) is None
        assert found("1") is None
        assert says(opened.case_id, opened.proof) is Verdict.FITS
        typed = "-".join(opened.proof[at : at + 4] for at in range(0, 16, 4)).lower()
        assert says(opened.case_id, typed) is Verdict.FITS
        assert says(opened.case_id, other.proof) is Verdict.ANOTHER
        assert says(opened.case_id, "") is Verdict.ANOTHER
        assert says(None, opened.proof) is Verdict.NO_CASE


def _numbers() -> list[str]:
    """The first number of each series that an office may have."""
    profiles = policy_from(shipped_files(), calendar="cn").profiles
    return [f"（2026）滨园{profile.series}第1号" for profile in profiles.values()]
