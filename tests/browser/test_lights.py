"""A matter turns yellow and red: the page says so, and each who must know is told exactly once."""

from datetime import datetime
from email.message import EmailMessage

from playwright.sync_api import Page, expect

from ops.jobs import JOBS, run_job
from tests.browser.conftest import Office
from tests.databases import step
from tests.servers import SmtpSink
from tests.web.reading import read

JOB = {job.name: job for job in JOBS}
#: Words of the dispute, one a field; none of them may leave the house.
CANARIES = {
    "title": "金丝雀标题",
    "statement": "金丝雀陈述",
    "applicant": "金丝雀甲",
    "applicant_contact": "金丝雀电话",
}
OTHER_SIDE, NOTE = "金丝雀乙", "金丝雀记录"
HOLDER, HEAD, DUTY, UPSTREAM = (
    f"{login}@example.test" for login in ("mediator", "supervisor", "duty_leader", "upstream")
)


def a_petition_in_hand(office: Office) -> str:
    """Registered and accepted on Monday 2 March 2026, in the hands of the room's mediator, who has made contact.

    Sixty days from 2 March end with Friday 1 May (30 in March after the 2nd with it being day 29, 30 in April, and one):
    31 March is day 29, 30 April is day 59, 1 May day 60. The last ten days light yellow: from 00:00 of day 51, 22 April.
    Half of them are left from day 56, 27 April. Red at 24:00 of 1 May.
    """
    opened = office.site.office.tell(
        "petition",
        step("2026-03-02T09:00", "clerk", "Register", **CANARIES, respondents=[OTHER_SIDE]),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T10:00", "mediator", "SignFor"),
        step("2026-03-02T10:30", "mediator", "ContactPerson", note=NOTE),
    )
    return f"/cases/{opened.public_id}"


def run_jobs(office: Office, local: str) -> datetime:
    """Both jobs as the timers run them, and both a second time: whatever there is, is there once."""
    now = office.site.clock.set(local)
    for name in ("sweep", "deliver", "sweep", "deliver"):
        run_job(JOB[name], office.site.engine, office.site.settings, now=now)
    return now


def received(smtp: SmtpSink) -> dict[str, set[str]]:
    """What has come since the last look: for each subject, to whom. No Message-ID comes twice."""
    ids = [one.message["Message-ID"] for one in smtp.received]
    assert len(ids) == len(set(ids))
    found: dict[str, set[str]] = {}
    for one in smtp.received:
        (address,) = one.recipients
        assert address not in found.setdefault(str(one.message["Subject"]), set()), "each is told once"
        found[str(one.message["Subject"])].add(address)
    smtp.received.clear()
    return found


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def light_of(page: Page) -> str:
    return page.locator(".case-head .light").inner_text()


def test_a_matter_turns_yellow_and_red_and_each_is_told_exactly_once(mailing: Office, smtp: SmtpSink) -> None:
    address = a_petition_in_hand(mailing)
    run_jobs(mailing, "2026-03-02T11:00")
    smtp.received.clear()  # of its registration and assignment

    run_jobs(mailing, "2026-04-21T23:59")
    assert received(smtp) == {}
    mediator = mailing.person("mediator")
    mediator.goto(address)
    assert light_of(mediator) == "● 绿 正常"

    run_jobs(mailing, "2026-04-22T00:00")
    assert received(smtp) == {"【黄灯】（2026）滨园访字第1号 5月1日 周五到期": {HOLDER, HEAD}}
    mediator.reload()
    assert light_of(mediator) == "▲ 黄 临期"
    expect(mediator.locator(".case-head")).to_contain_text("还剩 9 天")
    expect(mediator.locator(".timeline li").first).to_contain_text("亮黄灯")

    run_jobs(mailing, "2026-04-27T00:00")
    assert received(smtp) == {"【黄灯过半】（2026）滨园访字第1号 5月1日 周五到期": {HOLDER, HEAD, DUTY}}

    run_jobs(mailing, "2026-05-01T23:59")
    assert received(smtp) == {}
    run_jobs(mailing, "2026-05-02T00:00")
    assert received(smtp) == {"【红灯】（2026）滨园访字第1号 5月1日 周五到期": {HOLDER, HEAD, DUTY, UPSTREAM}}
    late = mailing.person("mediator")
    late.goto(address)
    assert light_of(late) == "■ 红 超期"
    late.goto("/work")
    expect(late.locator("tbody.overdue .group")).to_be_visible()
    expect(late.locator("table.work")).to_contain_text("■ 红 超期")
    assert mailing.problems == []


def test_a_sweep_that_stood_still_tells_late_but_of_the_right_instant(mailing: Office, smtp: SmtpSink) -> None:
    """Nothing ran from March to 4 May: every rung is told, each once, and the page shows both times."""
    address = a_petition_in_hand(mailing)
    run_jobs(mailing, "2026-03-02T11:00")
    smtp.received.clear()
    run_jobs(mailing, "2026-05-04T08:00")
    assert {subject.partition("】")[0]: who for subject, who in received(smtp).items()} == {
        "【黄灯": {HOLDER, HEAD},
        "【黄灯过半": {HOLDER, HEAD, DUTY},
        "【红灯": {HOLDER, HEAD, DUTY, UPSTREAM},
    }
    mediator = mailing.person("mediator")
    mediator.goto(address)
    line = mediator.locator(".timeline li", has_text="亮黄灯")
    expect(line).to_contain_text("4月22日 00:00")
    expect(line).to_contain_text("5月4日 08:00记录")


def test_a_page_shows_the_right_light_when_no_sweep_has_run_at_all(mailing: Office, smtp: SmtpSink) -> None:
    address = a_petition_in_hand(mailing)
    for local, light in (("2026-04-22T00:00", "▲ 黄 临期"), ("2026-05-02T00:00", "■ 红 超期")):
        mailing.site.clock.set(local)
        mediator = mailing.person("mediator")
        mediator.goto(address)
        assert light_of(mediator) == light
    assert smtp.received == []


def test_no_mail_tells_anything_of_the_dispute_and_none_is_longer_than_six_lines(
    mailing: Office, smtp: SmtpSink
) -> None:
    a_petition_in_hand(mailing)
    run_jobs(mailing, "2026-03-02T11:00")
    run_jobs(mailing, "2026-05-12T08:00")
    # To clerk and coordinator the registration; the assignment to the mediator and the head of the room; the four rungs
    # (yellow, its half, red, and red five working days later: 6, 7, 8, 9 and 11 May, for the 9th is a make-up Saturday)
    # to 2, 3, 4 and 5 people.
    kinds = {str(one.message["Subject"]).partition("】")[0][1:] for one in smtp.received}
    assert kinds == {"新登记", "交办", "黄灯", "黄灯过半", "红灯", "红灯五日"}
    for one in smtp.received:
        text, html = body(one.message, "plain"), body(one.message, "html")
        whole = "".join((str(one.message["Subject"]), text, html, str(one.message["To"]), str(one.message["From"])))
        assert not [word for word in (*CANARIES.values(), OTHER_SIDE, NOTE) if word in whole]
        assert len(text.strip().splitlines()) <= 6
        assert "（2026）滨园访字第1号" in text
        assert f"{mailing.address}/cases/" in text
        assert read(html).links[0].startswith(f"{mailing.address}/cases/")
