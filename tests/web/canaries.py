"""Cases with a canary in every personal field, so that a leak is found by looking for a word."""

from dataclasses import dataclass

from sqlalchemy import insert, select

from cases.execute import Opened
from cases.tables import PersonalText, Recusal
from infra.db import reading, transaction
from tests.databases import SmallOffice, step

#: Every personal field of the story below, each with a word that stands nowhere else.
CANARIES = {
    "title": "金丝雀标题",
    "statement": "金丝雀陈述",
    "applicant": "金丝雀申请人",
    "applicant_contact": "金丝雀电话",
    "respondent": "金丝雀对方",
    "place": "金丝雀地点",
    "minutes": "金丝雀笔录",
    "invitee": "金丝雀旁听",
    "second_invitee": "金丝雀证人",
    "third_invitee": "金丝雀专家",
    "terms": "金丝雀协议",
    "follow_up": "金丝雀回访",
    "performance": "金丝雀履行",
    "comment": "金丝雀评语",
}


@dataclass(frozen=True, kw_only=True)
class Aviary:
    """A mediation that has been rated and followed up, with every personal field filled."""

    opened: Opened

    @property
    def address(self) -> str:
        return f"/cases/{self.opened.public_id}"


def mediation_with_canaries(office: SmallOffice) -> Aviary:
    """Filed on 2 March 2026, settled on the 4th, rated on the 5th, followed up on the 9th; still to be closed."""
    c = CANARIES
    opened = office.tell(
        "mediation",
        step(
            "2026-03-02T09:00", "clerk", "Apply", title=c["title"], statement=c["statement"], applicant=c["applicant"],
            applicant_contact=c["applicant_contact"], respondents=[c["respondent"]], dispute_type="11",
        ),
        step("2026-03-02T09:30", "clerk", "RecordConsent", party=c["respondent"], answer="given"),
        step("2026-03-02T09:40", "clerk", "Accept"),
        step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator"),
        step("2026-03-03T09:00", "mediator", "NotifyRights", signed_by="all"),
        step(
            "2026-03-04T09:00", "mediator", "HoldSession", form="joint", place=c["place"], minutes=c["minutes"],
            invitees=[c["invitee"], c["second_invitee"], c["third_invitee"]], consenting="all",
        ),
        step(
            "2026-03-04T11:00", "mediator", "Settle", form="written", terms=c["terms"],
            performance_due_on="2026-03-06", signed_by="all", mediator_signed=True, sealed=True,
        ),
        step("2026-03-05T09:00", "petitioner", "Rate", score="fairly_satisfied", comment=c["comment"]),
        step("2026-03-06T09:00", "mediator", "RecordPerformance", extent="in_full", note=c["performance"]),
        step("2026-03-09T09:00", "mediator", "FollowUp", extent="in_full", note=c["follow_up"]),
    )  # fmt: skip
    _every_text_is_a_canary(office, opened.case_id)
    return Aviary(opened=opened)


def recuse(office: SmallOffice, case: int, login: str) -> None:
    with transaction(office.engine) as connection:
        connection.execute(insert(Recusal).values(case_id=case, person=office.accounts[login]))


def _every_text_is_a_canary(office: SmallOffice, case: int) -> None:
    text = PersonalText.__table__.c  # type: ignore[attr-defined]
    with reading(office.engine) as connection:
        found = set(connection.execute(select(text.content).where(text.case_id == case)).scalars())
    assert found == set(CANARIES.values()), "the story fills every field with its canary"
