"""Orders of a hotline whose time limits were bent, one a kind of sign, and orders that only come near.

Five working days from Monday 2 March 2026 are 3, 4, 5, 6 and 9 March: the last tenth is Monday the 9th.
"""

from cases.execute import Opened
from stories.story import StoryStep
from tests.databases import SmallOffice, step

SECRET = "请放心，噪声问题我们已经处理完毕，欢迎继续监督。"
WORDS = {"title": "噪声", "statement": "夜间噪声", "applicant": "白某"}


def an_order(office: SmallOffice, *more: StoryStep, day: str = "2026-03-02", unit: str = "room") -> Opened:
    """A hotline order that was taken in, passed on and signed for within a morning."""
    handler = {"room": "mediator", "desk": "desk_mediator"}[unit]
    return office.tell(
        "hotline",
        step(f"{day}T09:00", "clerk", "Register", **WORDS),
        step(f"{day}T09:10", "clerk", "Accept"),
        step(f"{day}T09:20", "coordinator", "Assign", unit=unit, handler=handler),
        step(f"{day}T09:30", handler, "SignFor"),
        *more,
    )


def paused(at: str) -> StoryStep:
    return step(at, "mediator", "Suspend", ground="measurement", until="2026-03-20")


def answered(at: str, answer: str, *, by: str = "mediator") -> StoryStep:
    return step(at, by, "Reply", form="oral", answer=answer)


def closed(at: str) -> StoryStep:
    return step(at, "mediator", "Close", outcome="resolved")


def rated(at: str) -> StoryStep:
    return step(at, "petitioner", "Rate", score="satisfied")


def a_bent_year(office: SmallOffice) -> dict[str, Opened]:
    """One case a kind of sign that a single case shows."""
    return {
        "late_pause": an_order(office, paused("2026-03-09T10:00")),
        "late_transfer": an_order(
            office, step("2026-03-09T10:00", "coordinator", "Assign", unit="desk", handler="desk_mediator")
        ),
        "late_extension": an_order(
            office,
            step("2026-03-09T10:00", "mediator", "RequestExtension", to_length=10, reason="等检测"),
            step("2026-03-09T10:30", "supervisor", "GrantExtension", to_length=10, person_told=True),
        ),
        "reopened": an_order(
            office,
            answered("2026-03-09T16:00", "已办"),
            closed("2026-03-09T16:10"),
            step("2026-03-11T09:00", "coordinator", "Reopen", ground="person_disagrees", note="未解决"),
        ),
        "late_registration": office.tell(
            "hotline", step("2026-03-10T09:00", "clerk", "Register", **WORDS, received_at="2026-03-06T16:00")
        ),
    }


def found_a_duplicate(office: SmallOffice, when: str) -> Opened:
    """A petition of 2 March, nobody was told of within its fifteen days: the last is the 17th, yellow from the 13th."""
    duplicate = step(when, "coordinator", "FindNotOurs", ground="duplicate", proper_channel="已在办。")
    return office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS), duplicate)


def an_honest_year(office: SmallOffice) -> None:
    """The same a day or an hour beside."""
    an_order(office, paused("2026-03-06T17:00"))
    an_order(office, step("2026-03-06T17:00", "coordinator", "Assign", unit="desk", handler="desk_mediator"))
    an_order(
        office,
        step("2026-03-06T10:00", "mediator", "RequestExtension", to_length=10, reason="等检测"),
        step("2026-03-06T10:30", "supervisor", "GrantExtension", to_length=10, person_told=True),
    )
    an_order(
        office,
        answered("2026-03-09T16:00", "已办"),
        closed("2026-03-09T16:10"),
        step("2026-04-08T16:01", "coordinator", "Reopen", ground="new_facts", note="新情况"),
    )
    office.tell("hotline", step("2026-03-09T09:00", "clerk", "Register", **WORDS, received_at="2026-03-06T16:00"))
