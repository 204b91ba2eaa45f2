"""What happens to a case in the demo, step by step: what every case has, and the life of a petition or an order.

A life goes on to its end, however long that takes; the demo tells it only up to the present. Every step keeps to the
rules: a refusal while the demo is built is a mistake in this file or in `demo_mediations.py`.
"""

from datetime import date, timedelta

from demo.office import CLERK, COORDINATOR, MEDIATORS, MEDIATORS_OF, ROOM_CLERK, SUPERVISOR_OF, UNIT_OF
from demo.script import Script
from demo.texts import (
    CHANNELS,
    COMMENTS,
    CONTACTED,
    EXTENSION_REASONS,
    INSTRUCTIONS,
    PAUSE_NOTES,
    PROPER_CHANNEL,
    RESPONDED,
)
from workflow.model import Light

FIRST_DAY = date(2025, 1, 1)
PETITIONER = "petitioner"
LIGHTS = {Light.GREEN: 80, Light.YELLOW: 14, Light.RED: 6}
SCORES = {"satisfied": 62, "fairly_satisfied": 25, "dissatisfied": 13}
EXTENDED_TO = {"petition": 90, "hotline": 15, "enterprise": 25}
#: Which units take which matters, as often as they are named.
TAKERS = {
    "petition": ("appeals", "appeals", "talk", "room"),
    "hotline": ("appeals", "appeals", "talk", "enterprise"),
    "enterprise": ("enterprise", "enterprise", "appeals"),
}


def some_light(s: Script) -> Light:
    return s.rng.choices(tuple(LIGHTS), tuple(LIGHTS.values()))[0]


# -- both procedures --------------------------------------------------------------------------------------------------


def come_in(s: Script, *, by: str = CLERK, late: bool = False) -> None:
    """The matter is written down: by a clerk, or by the petitioner online; `late`: a letter that came in days before."""
    received = s.at - timedelta(days=s.rng.randint(2, 6), minutes=s.rng.randint(0, 90))
    late = late and received.date() > FIRST_DAY
    channel = "online" if by == PETITIONER else "letter" if late else s.pick(CHANNELS[s.matter])
    mediation = s.matter == "mediation"
    others = [s.topic.other] if s.topic.other else []
    if mediation and s.chance(0.12):
        others.append(s.people[0])
    s.do(
        by,
        "Apply" if mediation else "Register",
        title=s.topic.title,
        statement=s.topic.statement,
        applicant=s.applicant,
        applicant_contact=f"138****{s.rng.randint(0, 9999):04}",
        more_applicants=[s.people[1]] if mediation and s.chance(0.15) else None,
        respondents=others,
        dispute_type=s.topic.dispute,
        channel=channel,
        received_at=f"{received:%Y-%m-%dT%H:%M}" if late else None,
    )
    s.respondents = others
    s.clerk = ROOM_CLERK if by == ROOM_CLERK else CLERK
    s.started("notice", "referral", "first_response", "order", "intake", at=received if late else s.at)


def refuse(s: Script, ground: str) -> None:
    s.do(CLERK, "Refuse", ground=ground, proper_channel=PROPER_CHANNEL[ground])


def rate(s: Script, share: float = 0.6) -> None:
    """Perhaps the petitioner rates the answer, some hours or days after it."""
    if s.chance(share):
        score = s.rng.choices(tuple(SCORES), tuple(SCORES.values()))[0]
        comment = s.pick(COMMENTS[score]) if s.chance(0.4) else None
        s.aside(s.rng.uniform(0.5, 70), PETITIONER, "Rate", score=score, comment=comment)


def pause(s: Script, ground: str, *, consenting: str | None = None) -> None:
    """The clock stands still for some days, and is resumed early more often than not."""
    until = s.today + timedelta(days=s.rng.randint(5, 18))
    note = s.pick(PAUSE_NOTES)
    # What lies in nobody's hand is the head's to decide, once the person has been told.
    approved = {"person_told": True} if ground == "objective_limits" else {}
    by = SUPERVISOR_OF[s.unit] if approved else s.handler
    s.do(by, "Suspend", ground=ground, until=f"{until}", consenting=consenting, note=note, **approved)
    began = s.today
    if s.chance(0.7):
        s.work_days(1, 6)
        if s.today < until:
            s.do(s.handler, "Resume", note="已取得结果。")
            s.paused_days += (s.today - began).days
            return
    s.to_day(until)
    s.paused_days += (until - began).days


# -- petitions, hotline orders, enterprise orders ---------------------------------------------------------------------


def accept(s: Script) -> None:
    s.do(CLERK, "Accept")
    s.started("decision")


def assign(s: Script, *, to: str | None = None, named: bool = True) -> None:
    """To a person, or to the unit alone: then whoever signs takes it in hand."""
    s.handler = to or s.pick(MEDIATORS_OF[s.pick(TAKERS[s.matter])])
    s.unit = UNIT_OF[s.handler]
    s.do(
        COORDINATOR,
        "Assign",
        unit=s.unit,
        handler=s.handler if named else None,
        form=s.pick(("assign_with_report", "assign_with_report", "refer")),
        instruction=s.pick(INSTRUCTIONS) if s.chance(0.5) else None,
    )


def sign(s: Script) -> None:
    s.do(s.handler, "SignFor")


def contact(s: Script) -> None:
    s.do(s.handler, "ContactPerson", note=s.pick(CONTACTED))


def take_up(s: Script, *, to: str | None = None) -> None:
    """From the desk to somebody who works on it, without delay."""
    assign(s, to=to)
    s.wait(10, 40)
    sign(s)
    s.wait(10, 40)
    contact(s)


def ask_for_longer(s: Script, *, granted: bool = True) -> None:
    """The handler asks before the due time and a supervisor grants it; if there is no time left, nobody asks."""
    name = "decision" if s.matter == "petition" else "order"
    to_length = EXTENDED_TO[s.matter]
    s.aim(s.clocks[name], Light.YELLOW if s.chance(0.45) else Light.GREEN)
    if not s.in_time(name):
        return
    s.do(s.handler, "RequestExtension", to_length=to_length, reason=s.pick(EXTENSION_REASONS))
    s.wait(20, 150)
    if granted and s.in_time(name):
        s.do(SUPERVISOR_OF[s.unit], "GrantExtension", to_length=to_length, person_told=True)
        s.lengthened(name, to_length)


def reply(s: Script) -> None:
    s.do(s.handler, "Reply", form=s.pick(("handling_decision", "handling_decision", "oral")), answer=s.topic.result)


def petition_life(s: Script, ending: str) -> None:
    """A petition, a hotline order or an enterprise's order from its registration to `ending`."""
    petition = s.matter == "petition"
    by = PETITIONER if s.chance(0.2) else CLERK
    come_in(s, by=by, late=petition and by == CLERK and s.chance(0.3))
    if s.matter == "enterprise":
        s.work_days(2, 2) if s.chance(0.08) else s.wait(20, 200)
        s.do(CLERK, "RespondFirst", note=s.pick(RESPONDED))
    if petition:
        s.aim(s.clocks["notice"], some_light(s))
    else:
        s.wait(5, 40)
    if ending.startswith("not_accepted."):
        refuse(s, ending.removeprefix("not_accepted."))
        rate(s, 0.2)
        return
    accept(s)
    s.wait(5, 60)
    _pass_on(s)
    if s.chance(0.22):
        ask_for_longer(s)
    if s.matter == "hotline" and s.chance(0.15):
        s.wait(30, 300)
        pause(s, s.pick(("measurement", "appraisal", "objective_limits")))
        s.work_days(1, 4)
    else:
        s.aim(s.clocks["decision" if petition else "order"], some_light(s))
    reply(s)
    rate(s)
    s.work_days(1, 6) if s.chance(0.93) else s.work_days(16, 20)
    s.do(s.handler, "Close", outcome=ending)


def _pass_on(s: Script) -> None:
    """Assigned, sometimes to the wrong unit first; signed for and the person called, mostly at once."""
    assign(s, named=s.chance(0.7))
    if s.chance(0.07):
        s.wait(60, 240)
        assign(s, to=s.pick(one for one in MEDIATORS if UNIT_OF[one] != s.unit))
    s.work_days(2, 3) if s.chance(0.08) else s.wait(10, 150)
    sign(s)
    s.work_days(1, 2) if s.chance(0.08) else s.wait(10, 150)
    contact(s)
