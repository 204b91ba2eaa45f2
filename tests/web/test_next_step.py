"""What the page of a matter puts on top: what somebody waits for, or whose turn it is; and what it does not offer in vain."""

from tests.databases import Site, step
from tests.web.canaries import mediation_with_canaries
from tests.web.reading import page

APPLIED = step(
    "2026-03-02T09:00", "clerk", "Apply", title="噪音", statement="楼上装修。", applicant="甲方", respondents=["乙方"],
    dispute_type="11",
)  # fmt: skip
ACCEPTED = (
    APPLIED,
    step("2026-03-02T09:30", "clerk", "RecordConsent", party="乙方", answer="given"),
    step("2026-03-02T09:40", "clerk", "Accept"),
    step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator"),
)
WANTS_TO_WITHDRAW = step("2026-03-03T09:00", "petitioner", "AskToWithdraw")


def test_whoever_mediates_ends_what_the_applicant_withdraws(site: Site) -> None:
    opened = site.office.tell("mediation", *ACCEPTED, WANTS_TO_WITHDRAW)
    site.clock.set("2026-03-03T10:00")
    address, mediator = f"/cases/{opened.public_id}", site.session_for("mediator")
    shown, code = page(mediator, address), mediator.get(address).text
    assert code.index('/Terminate"') < code.index('/NotifyRights"')
    assert "申请撤回，待核实" in shown.text
    assert "请先当面或电话问清" in shown.text
    form = shown.form("/Terminate")
    assert form.values["ground"] == ["party_withdraws"]
    told = form.typed(remedies="可以另行起诉。", notice_given="yes")
    assert mediator.post(form.action, data=told).status_code == 303
    assert "申请撤回，待核实" not in page(mediator, address).text


def test_the_desk_does_not_take_in_what_the_applicant_withdraws(site: Site) -> None:
    opened = site.office.tell("mediation", APPLIED, WANTS_TO_WITHDRAW)
    site.clock.set("2026-03-03T10:00")
    form = page(site.session_for("clerk"), f"/cases/{opened.public_id}").form("/Refuse")
    assert form.values["ground"] == ["party_refuses"]


def test_after_an_agreement_there_is_nothing_to_withdraw(site: Site) -> None:
    opened = mediation_with_canaries(site.office).opened
    site.clock.set("2026-03-09T10:00")
    visitor = site.petitioner_of(opened.case_id)
    assert "/track/withdrawal" not in page(visitor, "/track/case").text


def test_whoever_is_dissatisfied_is_asked_by_somebody_else_and_reads_until_when_and_what_came_of_it(site: Site) -> None:
    opened = site.office.tell(
        "hotline",
        step(
            "2026-12-01T09:00",
            "clerk",
            "Register",
            title="路灯不亮",
            statement="不亮。",
            applicant="某居民",
            channel="hotline",
        ),
        step("2026-12-01T09:10", "clerk", "Accept"),
        step("2026-12-01T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-12-01T09:30", "mediator", "SignFor"),
        step("2026-12-01T10:00", "mediator", "Reply", form="oral", answer="已修好。"),
        step("2026-12-01T18:00", "petitioner", "Rate", score="dissatisfied"),
    )
    site.clock.set("2026-12-02T10:00")
    address, supervisor, visitor = (
        f"/cases/{opened.public_id}",
        site.session_for("supervisor"),
        site.petitioner_of(opened.case_id),
    )
    assert "12月8日" in page(visitor, "/track/case").text
    assert "会有没有经办这件事的人联系您" in page(visitor, "/track/case").text
    mediator = page(site.session_for("mediator"), address)
    assert "不满意，待回访" in mediator.text
    assert "/Close" not in [form.action.rpartition("/")[2] for form in mediator.forms]
    overview = page(supervisor, "/overview").text
    assert "不满意，待回访" in overview
    shown, code = page(supervisor, address), supervisor.get(address).text
    assert code.index('/Revisit"') < code.index('/Reopen"'), "what they wait for is on top"
    form = shown.form("/Revisit")
    assert supervisor.post(form.action, data=form.typed(finding="put_right", answer="今天已返工。")).status_code == 303
    told = page(visitor, "/track/case").text
    assert "今天已返工。" in told
    assert "会有没有经办这件事的人联系您" not in told
    assert "不满意，待回访" not in page(supervisor, "/overview").text


def test_what_was_taken_up_again_can_be_rated_anew(site: Site) -> None:
    opened = site.office.tell(
        "hotline",
        step(
            "2026-12-01T09:00",
            "clerk",
            "Register",
            title="路灯不亮",
            statement="不亮。",
            applicant="某居民",
            channel="hotline",
        ),
        step("2026-12-01T09:10", "clerk", "Accept"),
        step("2026-12-01T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-12-01T09:30", "mediator", "SignFor"),
        step("2026-12-01T10:00", "mediator", "Reply", form="oral", answer="已修好。"),
        step("2026-12-01T18:00", "petitioner", "Rate", score="dissatisfied"),
        step("2026-12-02T09:00", "coordinator", "Reopen", ground="person_disagrees", note="灯又不亮。"),
        step("2026-12-02T10:00", "mediator", "Reply", form="oral", answer="已换线路。"),
    )
    site.clock.set("2026-12-02T11:00")
    visitor = site.petitioner_of(opened.case_id)
    form = page(visitor, "/track/case").form("/track/rating")
    assert "已经答复，请您评价。" in page(visitor, "/track/case").text
    assert visitor.post(form.action, data=form.typed(score="satisfied")).status_code == 303
    assert "已经答复，您也评价过了。" in page(visitor, "/track/case").text


def test_the_page_says_whose_turn_it_is_before_what_else_is_possible(site: Site) -> None:
    opened = site.office.tell("mediation", *ACCEPTED[:3])
    site.clock.set("2026-03-03T10:00")
    address = f"/cases/{opened.public_id}"
    clerk = site.session_for("clerk").get(address).text
    turn = clerk.index("现在该由协调员办理：确定调解员。")
    assert turn < clerk.index("您还可以办理") < clerk.index("/Terminate")
    assert "现在该由" not in page(site.session_for("coordinator"), address).text


def test_the_last_step_is_offered_back_to_whom_it_may_be_given_back(site: Site) -> None:
    opened = site.office.tell(
        "mediation", *ACCEPTED,
        step("2026-03-03T09:00", "mediator", "Terminate", ground="party_withdraws", remedies="可以起诉。", notice_given=True),
    )  # fmt: skip
    site.clock.set("2026-03-03T10:00")
    address = f"/cases/{opened.public_id}"
    offered = f"{address}/steps/TakeBack"
    assert offered not in page(site.session_for("mediator"), address).links, "it cannot be undone by whoever took it"
    assert offered in page(site.session_for("coordinator"), address).links


def test_days_in_reasons_are_written_as_people_write_them(site: Site) -> None:
    opened = site.office.tell("mediation", *ACCEPTED)
    site.clock.set("2026-03-03T10:00")
    address, mediator = f"/cases/{opened.public_id}", site.session_for("mediator")
    form = page(mediator, address).form("/Terminate")
    told = form.typed(ground="period_over", remedies="可以起诉。", notice_given="yes")
    answer = mediator.post(form.action, data=told)
    assert answer.status_code == 422
    assert "最后一天是 2026年4月" in answer.text


def test_whoever_is_offered_comes_with_the_reasons_for_and_against(site: Site) -> None:
    """Of two who have nothing in hand, whoever has ended matters of the kind; nobody is chosen for the coordinator."""
    site.office.tell(
        "mediation", *ACCEPTED[:3], step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator_2"),
        step("2026-03-02T11:00", "mediator_2", "Terminate", ground="party_withdraws", remedies="可以起诉。", notice_given=True),
        step("2026-03-02T12:00", "mediator_2", "CloseMediation", papers_complete=True),
    )  # fmt: skip
    opened = site.office.tell("mediation", *ACCEPTED[:3])
    site.clock.set("2026-03-03T10:00")
    shown = site.session_for("coordinator").get(f"/cases/{opened.public_id}").text
    first, second = shown.index("账号-mediator_2（"), shown.index("账号-mediator（")
    assert first < second
    assert "承办 0 件 · 一年内办结同类 1 件" in shown
