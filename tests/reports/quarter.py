"""A small office's first quarter of 2026, told by nine matters, so that every figure of a bulletin can be worked out by hand.

Written down at the side of each: what it adds to March 2026 (M), February 2026 (F) and March 2025 (Y).
"""

from stories.story import StoryStep
from tests.databases import SmallOffice, step

WORDS = {"title": "事项", "statement": "请处理。", "applicant": "甲某"}
DISPUTE = {**WORDS, "respondents": ["乙某"]}
SIGNED = {"signed_by": "all", "mediator_signed": True, "sealed": True}


def a_quarter(office: SmallOffice) -> None:
    """Mediations are with the room, petitions and orders with the desk."""
    # M registered, accepted on application, mediated, settled in writing 5000, performed in part and then in full,
    # followed up, satisfied.
    office.tell("mediation", *_accepted("2026-03-02", "visit", "11"), *_first_session("2026-03-03"),
        step("2026-03-04T11:00", "mediator", "Settle", form="written", terms="补偿", amount_yuan=5000, performance_due_on="2026-03-05", **SIGNED),
        step("2026-03-04T12:00", "petitioner", "Rate", score="satisfied"),
        step("2026-03-05T09:00", "mediator", "RecordPerformance", extent="in_part"),
        step("2026-03-09T09:00", "mediator", "FollowUp", extent="in_full", note="已履行"),
        step("2026-03-10T09:00", "mediator", "CloseMediation", papers_complete=True),
    )  # fmt: skip
    # F registered; M accepted (the patrol found it), mediated, settled in part 800.
    apply, consent, accept, appoint = _accepted("2026-02-27", "patrol", "25", accepted="2026-03-02")
    office.tell("mediation", apply, consent, accept, appoint, *_first_session("2026-03-03"),
        step("2026-03-03T11:00", "mediator", "SettleInPart", form="written", terms="先付", amount_yuan=800, performance_due_on="2026-03-10", **SIGNED),
        step("2026-03-05T09:00", "mediator", "Terminate", ground="no_agreement", remedies="可以起诉。", notice_given=True),
    )  # fmt: skip
    # M registered, accepted from the court, terminated without a session.
    office.tell("mediation", *_accepted("2026-03-10", "court_police", "11"),
        step("2026-03-12T09:00", "mediator", "Terminate", ground="party_withdraws", remedies="可以起诉。", notice_given=True),
    )  # fmt: skip
    # M registered, refused.
    office.tell("mediation", step("2026-03-11T09:00", "clerk", "Apply", **DISPUTE, dispute_type="10", channel="visit"),
        step("2026-03-11T10:00", "clerk", "RecordConsent", party="乙某", answer="refused"),
        step("2026-03-11T11:00", "clerk", "Refuse", ground="party_refuses", proper_channel="可以起诉。"),
    )  # fmt: skip
    # F registered, accepted on application, mediated, settled orally on everything after a part of 300.
    office.tell("mediation", *_accepted("2026-02-10", "call", "13"), *_first_session("2026-02-11"),
        step("2026-02-11T11:00", "mediator", "SettleInPart", form="written", terms="先付", amount_yuan=300, performance_due_on="2026-03-30", **SIGNED),
        step("2026-02-12T09:00", "mediator", "Settle", form="oral", terms="其余", performance_due_on="2026-02-12", writing_not_needed=True),
    )  # fmt: skip
    # M registered by hotline, accepted, answered and closed in time, dissatisfied.
    office.tell("hotline", *_order("2026-03-02", answered="2026-03-04", closed="2026-03-05"),
        step("2026-03-05T12:00", "petitioner", "Rate", score="dissatisfied"),
    )  # fmt: skip
    # M the same, but late: five working days from Monday 2 March end on Monday the 9th.
    office.tell("hotline", *_order("2026-03-02", answered="2026-03-11", closed="2026-03-12"))
    # M registered by letter, found to be a duplicate. M registered, refused.
    office.tell("petition", step("2026-03-16T09:00", "clerk", "Register", **WORDS, channel="letter", dispute_type="17"),
        step("2026-03-16T10:00", "coordinator", "FindNotOurs", ground="duplicate", proper_channel="已并入前案。"),
    )  # fmt: skip
    office.tell("petition", step("2026-03-16T09:00", "clerk", "Register", **WORDS, channel="letter", dispute_type="17"),
        step("2026-03-16T10:00", "clerk", "Refuse", ground="statutory_route", proper_channel="请复议。"),
    )  # fmt: skip
    # M registered half an hour before midnight in the office's zone; accepted ten minutes after it, in April.
    office.tell("petition", step("2026-03-31T23:30", "clerk", "Register", **WORDS, channel="visit", dispute_type="99"),
        step("2026-04-01T00:10", "clerk", "Accept"),
    )  # fmt: skip
    # Y registered, accepted.
    office.tell("petition", step("2025-03-05T09:00", "clerk", "Register", **WORDS, channel="visit", dispute_type="99"),
        step("2025-03-06T09:00", "clerk", "Accept"),
    )  # fmt: skip


def _accepted(day: str, channel: str, dispute: str, *, accepted: str | None = None) -> tuple[StoryStep, ...]:
    on = accepted or day
    return (
        step(f"{day}T09:00", "clerk", "Apply", **DISPUTE, dispute_type=dispute, channel=channel),
        step(f"{on}T09:30", "clerk", "RecordConsent", party="乙某", answer="given"),
        step(f"{on}T09:40", "clerk", "Accept"),
        step(f"{on}T10:00", "coordinator", "AppointMediators", chief="mediator"),
    )


def _first_session(day: str) -> tuple[StoryStep, ...]:
    return (
        step(f"{day}T08:30", "mediator", "NotifyRights", signed_by="all"),
        step(f"{day}T09:00", "mediator", "HoldSession", form="joint", place="调解室", minutes="双方到场。"),
        step(f"{day}T10:00", "mediator", "HoldSession", form="joint", place="调解室", minutes="继续。"),
    )


def _order(day: str, *, answered: str, closed: str) -> tuple[StoryStep, ...]:
    return (
        step(f"{day}T09:00", "clerk", "Register", **WORDS, dispute_type="18", channel="hotline"),
        step(f"{day}T09:10", "clerk", "Accept"),
        step(f"{day}T09:20", "coordinator", "Assign", unit="desk", handler="desk_mediator"),
        step(f"{day}T10:00", "desk_mediator", "SignFor"),
        step(f"{day}T11:00", "desk_mediator", "ContactPerson", note="已联系。"),
        step(f"{answered}T15:00", "desk_mediator", "Reply", form="oral", answer="已处理。"),
        step(f"{closed}T09:00", "desk_mediator", "Close", outcome="resolved"),
    )
