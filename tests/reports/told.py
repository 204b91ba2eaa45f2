"""Orders told step by step in the small office, for the year-end figures: what each step is called, once."""

from stories.story import StoryStep
from tests.databases import step

WORDS = {"title": "路灯不亮", "statement": "路口的灯坏了。", "applicant": "甲某"}
HANDLER = {"room": "mediator", "desk": "desk_mediator"}
HEAD = {"room": "supervisor", "desk": "desk_supervisor"}

Steps = tuple[StoryStep, ...]


def came_in(at: str, **fields: str) -> Steps:
    return (step(at, "clerk", "Register", **{**WORDS, **fields}),)


def in_hand(day: str, *, unit: str = "room", **fields: str) -> Steps:
    """Registered at 09:00, accepted, with a handler who has signed and contacted the person by 10:00 of the same day."""
    return (
        *came_in(f"{day}T09:00", **fields),
        step(f"{day}T09:10", "clerk", "Accept"),
        *handed(f"{day}T09:20", f"{day}T09:30", f"{day}T10:00", unit=unit),
    )


def handed(assigned: str, signed: str, contacted: str, *, unit: str) -> Steps:
    handler = HANDLER[unit]
    return (
        step(assigned, "coordinator", "Assign", unit=unit, handler=handler),
        step(signed, handler, "SignFor"),
        step(contacted, handler, "ContactPerson", note="已联系。"),
    )


def replied(at: str, *, unit: str = "room") -> Steps:
    return (step(at, HANDLER[unit], "Reply", form="oral", answer="已修好。"),)


def rated(at: str, score: str = "satisfied") -> Steps:
    return (step(at, "petitioner", "Rate", score=score),)


def closed(at: str, *, unit: str = "room") -> Steps:
    return (step(at, HANDLER[unit], "Close", outcome="resolved"),)


def extended(asked: str, granted: str, *, to: int, unit: str = "room") -> Steps:
    return (
        step(asked, HANDLER[unit], "RequestExtension", to_length=to, reason="等配件。"),
        step(granted, HEAD[unit], "GrantExtension", to_length=to, person_told=True),
    )


def paused(at: str, resumed: str, *, until: str, unit: str = "room") -> Steps:
    return (
        step(at, HANDLER[unit], "Suspend", ground="measurement", until=until, note="等检测。"),
        step(resumed, HANDLER[unit], "Resume", note="检测完成。"),
    )


def appealed(at: str, light: str, *, unit: str = "room") -> Steps:
    return (step(at, HEAD[unit], "AppealLight", light=light, ground="not_attributable", evidence="现场无人。"),)


def decided(at: str, decision: str, *, by: str = "assessor") -> Steps:
    return (step(at, by, "DecideWaiver", waiver="last", decision=decision, reason="已核实。"),)


def reopened(at: str) -> Steps:
    return (step(at, "coordinator", "Reopen", ground="person_disagrees", note="灯又不亮。"),)


def not_ours(at: str, ground: str) -> Steps:
    return (step(at, "coordinator", "FindNotOurs", ground=ground, proper_channel="另有主管。"),)
