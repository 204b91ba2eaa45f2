"""What happens to a mediation in the demo, step by step: the parts of its life, and whole lives.

As in `demo_lives.py`, every step keeps to the rules.
"""

from datetime import date, timedelta

from demo.lives import PETITIONER, come_in, pause, rate, refuse, some_light
from demo.office import CLERK, COORDINATOR, MEDIATORS, ROOM_CLERK
from demo.script import Script
from demo.texts import DISCLOSURES, FOLLOWED_UP, INVITEES, MINUTES, PLACES, REMEDIES
from workflow.model import Light

STATUS, LABOUR = "10", "19"  #: no judicial confirmation for the one, no oral agreement for the other


def seek_consent(s: Script) -> None:
    s.do(s.clerk, "SeekConsent", note="已将申请送达对方。")


def consents(s: Script, answer: str = "given") -> None:
    for name in s.respondents:
        s.do(s.clerk, "RecordConsent", party=name, answer=answer)


def accept_mediation(s: Script) -> None:
    s.do(s.clerk, "Accept")
    s.started("period")


def appoint(s: Script, *, chief: str | None = None) -> None:
    s.handler = chief or s.pick(MEDIATORS)
    others = [one for one in MEDIATORS if one != s.handler]
    s.panel = [s.handler, *s.rng.sample(others, s.rng.choice((0, 0, 1, 2)))]
    by = s.pick(("committee", "parties"))
    s.do(COORDINATOR, "AppointMediators", chief=s.handler, others=s.panel[1:], chosen_by=by)


def disclose(s: Script) -> None:
    ground = s.pick(("party_or_relative", "interest", "other_relation"))
    s.do(s.handler, "Disclose", mediator=s.handler, ground=ground, note=s.pick(DISCLOSURES))


def answer_disclosure(s: Script) -> None:
    """The parties keep the mediator, or another takes over."""
    if s.chance(0.4):
        s.do(COORDINATOR, "KeepMediator", mediator=s.handler, consenting="all")
        return
    arriving = s.pick(one for one in MEDIATORS if one not in s.panel)
    s.do(COORDINATOR, "ReplaceMediator", leaving=s.handler, arriving=arriving, ground="disclosure")
    s.panel = [arriving, *s.panel[1:]]
    s.handler = arriving


def notify_rights(s: Script) -> None:
    s.do(s.handler, "NotifyRights", signed_by="all")


def hold_session(s: Script, *, form: str = "joint") -> None:
    invited = [s.pick(INVITEES)] if form == "joint" and s.chance(0.25) else None
    s.do(
        s.handler,
        "HoldSession",
        form=form,
        place=s.pick(PLACES),
        minutes=s.pick(MINUTES),
        invitees=invited,
        consenting="all" if invited else None,
    )


def settle(s: Script, form: str, *, performed_on: date, in_part: bool = False) -> None:
    written = form == "written" or s.topic.dispute == LABOUR
    s.do(
        s.handler,
        "SettleInPart" if in_part else "Settle",
        form="written" if written else form,
        terms=s.topic.result,
        performance_due_on=f"{performed_on}",
        signed_by="all",
        mediator_signed=written,
        sealed=written,
        writing_not_needed=not written or None,
        amount_yuan=s.rng.randint(2, 90) * 100 if written and s.chance(0.7) else None,
    )
    if not in_part:
        s.started("follow_up", at=s.calendar.start_of(performed_on))


def terminate(s: Script, ground: str) -> None:
    s.do(s.handler, "Terminate", ground=ground, remedies=REMEDIES, notice_given=True)


def follow_up(s: Script) -> None:
    extent = s.rng.choices(("in_full", "in_part", "not_performed"), (85, 10, 5))[0]
    s.do(
        s.handler, "FollowUp", extent=extent, signs_of_escalation=extent == "not_performed", note=FOLLOWED_UP[extent]
    )  # fmt: skip


def to_the_table(s: Script) -> None:
    """From the acceptance to the first session, without delay."""
    s.wait(20, 60)
    appoint(s)
    s.wait(20, 60)
    notify_rights(s)
    s.work_days(1, 2)
    hold_session(s)


def mediation_life(s: Script, ending: str) -> None:
    """A mediation from the application to `ending`: settled.*, terminated.* or not_accepted.*."""
    come_in(s, by=PETITIONER if s.chance(0.15) else CLERK if s.chance(0.25) else ROOM_CLERK)
    s.wait(10, 90)
    if s.chance(0.8):
        seek_consent(s)
    s.aim(s.clocks["intake"], some_light(s))
    if ending.startswith("not_accepted."):
        ground = ending.removeprefix("not_accepted.")
        if ground == "party_refuses":
            consents(s, "refused")
            s.wait(5, 60)
        refuse(s, ground)
        return
    consents(s)
    s.wait(5, 30)
    accept_mediation(s)
    s.work_days(0, 1)
    appoint(s)
    if s.chance(0.12):
        s.wait(30, 200)
        disclose(s)
        s.work_days(0, 1)
        answer_disclosure(s)
    s.work_days(0, 2)
    notify_rights(s)
    _sessions(s)
    if ending.startswith("terminated."):
        _end_without_agreement(s, ending.removeprefix("terminated."))
    elif ending == "settled.in_part":
        settle(s, "written", performed_on=s.today + timedelta(days=s.rng.randint(3, 20)), in_part=True)
        s.work_days(1, 3)
        _end_without_agreement(s, "no_agreement")
    else:
        _end_with_agreement(s, ending.removeprefix("settled."))


def _sessions(s: Script) -> None:
    """One to three sessions; sometimes an appraisal is waited for, or the parties lengthen the period."""
    for number in range(s.rng.choice((1, 1, 2, 2, 3))):
        s.work_days(1, 4)
        hold_session(s, form="caucus" if number and s.chance(0.3) else "joint")
    if s.chance(0.1):
        s.wait(20, 120)
        pause(s, s.pick(("appraisal", "expert_advice", "party_unable")), consenting="all")
        s.work_days(1, 2)
    if s.chance(0.15):
        s.aim(s.clocks["period"], Light.YELLOW if s.chance(0.6) else Light.GREEN)
        if s.in_time("period"):
            s.do(s.handler, "ExtendByConsent", to_length=2, consenting="all")
            s.lengthened("period", 2)


def _end_without_agreement(s: Script, ground: str) -> None:
    s.aim(s.clocks["period"], Light.RED if ground == "period_over" else some_light(s))
    if ground == "period_over" and s.paused_days:
        s.to_day(s.today + timedelta(days=s.paused_days))
    terminate(s, ground)
    rate(s, 0.35)
    s.work_days(1, 6)
    s.do(s.handler, "CloseMediation", papers_complete=True)


def _end_with_agreement(s: Script, form: str) -> None:
    """Settled, perhaps confirmed by a court, performed, followed up, closed."""
    s.aim(s.clocks["period"], some_light(s))
    hold_session(s)
    s.wait(30, 120)
    performed_on = s.today + timedelta(days=s.rng.randint(3, 25) if form == "written" else 0)
    settle(s, form, performed_on=performed_on)
    rate(s, 0.5)
    if form == "written" and s.topic.dispute != STATUS and s.chance(0.35):
        s.work_days(1, 6)
        s.do(s.handler, "ApplyForConfirmation", consenting="all")
    s.to_day(performed_on)
    if s.chance(0.5):
        s.do(s.handler, "RecordPerformance", extent="in_full", note="已查看付款凭证。")
    s.aim(s.clocks["follow_up"], some_light(s))
    follow_up(s)
    s.work_days(1, 6)
    s.do(s.handler, "CloseMediation", papers_complete=True)
