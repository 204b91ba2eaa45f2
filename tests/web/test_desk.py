"""Notes, corrections and new codes on the pages of a case, and what a petitioner adds to their own."""

import re

from sqlalchemy import text
from starlette.testclient import TestClient

from infra.db import reading
from tests.databases import Site, form_token
from tests.reports.told import in_hand
from tests.web.canaries import mediation_with_canaries
from tests.web.reading import PageForm, page, read


def an_order(site: Site) -> str:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    return f"/cases/{opened.public_id}"


def send(browser: TestClient, address: str, command: str, **typed: str) -> tuple[int, str]:
    form = page(browser, f"{address}/steps/{command}").form(f"/{command}")
    answer = browser.post(form.action, data=form.typed(**typed))
    return answer.status_code, answer.text


def test_a_corrected_title_stands_on_every_page_and_the_history_has_both(site: Site) -> None:
    address, clerk = an_order(site), site.session_for("clerk")
    old = page(clerk, address).text
    assert "停车位" not in old
    assert send(clerk, address, "Correct", title="停车位", reason="录入错误")[0] == 303
    shown = clerk.get(address).text
    assert "<strong>停车位</strong>" in shown
    assert "→ <ins>停车位</ins>" in shown
    assert "停车位" in clerk.get("/work").text


def test_a_correction_without_a_word_comes_back_as_it_was_typed(site: Site) -> None:
    address, clerk = an_order(site), site.session_for("clerk")
    status, answer = send(clerk, address, "Correct", party_name="李四", reason="本人更正")
    assert status == 422
    assert "请选择这是谁的姓名或联系方式" in answer
    assert read(answer).form("/Correct").values["party_name"] == ["李四"]


def test_a_note_says_what_it_was(site: Site) -> None:
    address, mediator = an_order(site), site.session_for("mediator")
    assert send(mediator, address, "AddNote", occasion="unanswered_call", note="无人接听")[0] == 303
    assert "去电无人接听" in page(mediator, address).text


def test_daily_work_stands_apart_from_the_steps_that_the_case_waits_for(site: Site) -> None:
    address, mediator = an_order(site), site.session_for("mediator")
    shown = mediator.get(address).text
    assert shown.index("随时可做") > max(shown.index(f"/steps/{step}") for step in ("Reply", "ContactPerson"))
    assert f'href="{address}/steps/AddNote"' in shown
    assert mediator.get(f"{address}/steps/RenewCode").status_code == 404, "it is the desk's"


def test_a_new_code_is_shown_once_and_the_old_one_is_worth_nothing(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    clerk, address = site.session_for("clerk"), f"/cases/{opened.public_id}"
    form = page(clerk, f"{address}/steps/RenewCode").form("/RenewCode")
    answer = clerk.post(form.action, data=form.typed(identified_by="id_document"))
    assert answer.status_code == 200
    code = answer.text.partition('<p class="code">')[2].partition("<")[0]
    assert len(code.replace("-", "")) == 24
    again = clerk.post(form.action, data=form.typed(identified_by="id_document"))
    assert code in again.text, "a form that is sent twice shows the same code"
    for typed, status in ((opened.code, 422), (code, 303)):
        visitor = site.browser()
        form = page(visitor, "/track").form("/track")
        assert visitor.post("/track", data=form.typed(code=typed)).status_code == status


def test_a_petitioner_adds_something_and_sees_it(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    visitor = site.browser()
    visitor.post("/track", data=page(visitor, "/track").form("/track").typed(code=opened.code))
    form = page(visitor, "/track/case").form("/track/message")
    assert visitor.post("/track/message", data=form.typed(message="门口又堵了。")).status_code == 303
    assert "门口又堵了。" in page(visitor, "/track/case").text
    assert "门口又堵了。" in page(site.session_for("mediator"), f"/cases/{opened.public_id}").text
    empty = visitor.post("/track/message", data=page(visitor, "/track/case").form("/track/message").typed(message="  "))
    assert empty.status_code == 422


def test_an_agreement_is_put_right_and_the_history_shows_both(site: Site) -> None:
    opened = mediation_with_canaries(site.office).opened
    site.clock.set("2026-03-10T09:00")
    mediator, address = site.session_for("mediator"), f"/cases/{opened.public_id}"
    form = page(mediator, f"{address}/steps/CorrectAgreement").form("/CorrectAgreement")
    done = mediator.post(form.action, data=form.typed(amount_yuan="98765", reason="照纸面更正。"))
    assert done.status_code == 303, done.text
    shown = page(mediator, address).text
    assert "98765" in shown or "98,765" in shown
    assert "更正协议" in shown
    again = mediator.post(form.action, data={**form.typed(reason="再看一遍。"), "form_id": "ef" * 16})
    assert again.status_code == 409, "the form is of an older version of the case"
    form = page(mediator, f"{address}/steps/CorrectAgreement").form("/CorrectAgreement")
    empty = mediator.post(form.action, data=form.typed(reason="没有填要改什么。"))
    assert empty.status_code == 422
    assert "请填写要更正的内容" in empty.text
    assert "没有填要改什么。" in empty.text


# -- handing over everything ------------------------------------------------------------------------------------------


def three_in_hand(site: Site) -> list[str]:
    opened = [site.office.tell("hotline", *in_hand("2026-03-02")) for _ in range(3)]
    site.clock.set("2026-03-03T10:00")
    return [one.public_id for one in opened]


def test_a_coordinator_gives_everything_of_one_colleague_to_another_in_one_go(site: Site) -> None:
    cases, coordinator = three_in_hand(site), site.session_for("coordinator")
    leaving, to = (site.office.accounts[name] for name in ("mediator", "mediator_2"))
    assert f"/hand-over/{leaving}" in page(coordinator, "/hand-over").links
    first = page(coordinator, f"/hand-over/{leaving}")
    assert "cases" not in first.form(f"/hand-over/{leaving}").values, "nothing goes that nobody has ticked"
    form = ticked(coordinator, leaving, to=str(to), note="调去街道。")
    assert sorted(form.values["cases"]) == sorted(cases), "all are chosen"
    assert (form.values["to"], form.values["note"]) == ([str(to)], ["调去街道。"]), "and what was typed is still there"
    none = ticked(coordinator, leaving, tick="none", to=str(to), cases=cases)
    assert "cases" not in none.values
    answer = coordinator.post(form.action, data=form.typed(to=str(to), ground="leaves_office"))
    assert "已移交 3 件" in answer.text
    again = coordinator.post(form.action, data=form.typed(to=str(to), ground="leaves_office"))
    assert again.status_code == 200
    for case in cases:
        assert site.session_for("mediator").get(f"/cases/{case}").status_code == 404
        history = page(site.session_for("mediator_2"), f"/cases/{case}").text
        assert "由谁接手：账号-mediator_2" in history


def test_of_a_list_only_the_chosen_go_and_what_was_typed_comes_back(site: Site) -> None:
    cases, coordinator = three_in_hand(site), site.session_for("coordinator")
    leaving, to = (site.office.accounts[name] for name in ("mediator", "mediator_2"))
    form = page(coordinator, f"/hand-over/{leaving}").form(f"/hand-over/{leaving}")
    wrong = coordinator.post(form.action, data=form.typed(cases=[cases[0]], ground="moves", note="岗位调整"))
    assert wrong.status_code == 422
    back = read(wrong.text).form(f"/hand-over/{leaving}")
    assert (back.values["cases"], back.values["note"], back.values["ground"]) == ([cases[0]], ["岗位调整"], ["moves"])
    nothing = coordinator.post(form.action, data=form.typed(cases=[], to=str(to), ground="moves"))
    assert "请至少选中一件事项" in nothing.text
    done = coordinator.post(back.action, data=back.typed(to=str(to)))
    assert "已移交 1 件" in done.text
    left = ticked(coordinator, leaving)
    assert sorted(left.values["cases"]) == sorted(cases[1:])
    assert "cases" not in read(done.text).form(f"/hand-over/{leaving}").values


def ticked(browser: TestClient, leaving: int, *, tick: str = "all", **typed: str | list[str]) -> PageForm:
    """The form after all matters, or none, were ticked in it."""
    form = page(browser, f"/hand-over/{leaving}").form(f"/hand-over/{leaving}")
    answer = browser.post(form.action, data=form.typed(tick=tick, **typed))
    assert answer.status_code == 200, answer.text
    return read(answer.text).form(f"/hand-over/{leaving}")


def test_nobody_hands_over_or_learns_a_name_by_a_number_that_is_not_theirs(site: Site) -> None:
    cases, elsewhere = three_in_hand(site), site.session_for("desk_supervisor")
    mediator, other = (site.office.accounts[name] for name in ("mediator", "desk_mediator"))
    form = page(elsewhere, f"/hand-over/{other}").text
    assert "没有在手的事项" in form
    typed = {
        "to": str(other),
        "ground": "moves",
        "cases": cases,
        "form_id": "0" * 32,
        "form_token": form_token(elsewhere),
    }
    for account in (mediator, 2**40):
        answer = elsewhere.post(f"/hand-over/{account}", data=typed)
        assert answer.status_code == 404
        assert "账号-mediator" not in answer.text


def test_more_changes_of_mind_than_filings_are_told_so(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    visitor = site.petitioner_of(opened.case_id)
    for _ in range(60):
        wish = (
            "/track/withdrawal/drop"
            if page(visitor, "/track/case").has_form("/withdrawal/drop")
            else "/track/withdrawal"
        )
        form = page(visitor, "/track/case").form(wish)
        answer = visitor.post(form.action, data=form.typed())
        if answer.status_code != 303:
            break
    assert answer.status_code == 422
    assert "从这里提交的事项较多" in answer.text


# -- links ------------------------------------------------------------------------------------------------------------


def test_the_other_matter_is_named_as_it_stands_on_paper_and_each_page_leads_to_the_other(site: Site) -> None:
    (first, second, third), clerk = three_in_hand(site), site.session_for("clerk")
    number = re.search(r"（2026）\S+第\d+号", page(clerk, f"/cases/{second}").text)
    assert number
    form = page(clerk, f"/cases/{first}/steps/LinkCases").form("/LinkCases")
    wrong = clerk.post(
        form.action, data=form.typed(other="（2026）滨园信访第999号", kind="duplicate_of", note="重复来件")
    )
    assert wrong.status_code == 422
    assert "您能看到的事项中没有这个编号" in wrong.text
    back = read(wrong.text).form("/LinkCases")
    assert (back.values["other"], back.values["note"]) == (["（2026）滨园信访第999号"], ["重复来件"])
    typed = number[0].replace("（", "(").replace("）", ")").replace("第", "")
    assert clerk.post(back.action, data=back.typed(other=typed)).status_code == 303
    assert f"/cases/{second}" in page(clerk, f"/cases/{first}").links
    assert "另有重复件" in page(clerk, f"/cases/{second}").text
    assert "关联事项" not in page(clerk, f"/cases/{third}").text


def test_a_link_to_a_matter_that_is_not_the_readers_names_nothing_of_it(site: Site) -> None:
    (mine, other, _), clerk = three_in_hand(site), site.session_for("clerk")
    number = re.search(r"（2026）\S+第\d+号", page(clerk, f"/cases/{other}").text)
    assert number
    send(clerk, f"/cases/{mine}", "LinkCases", other=number[0], kind="related")
    coordinator = site.session_for("coordinator")
    send(coordinator, f"/cases/{other}", "HandOver", leaving=str(site.office.accounts["mediator"]), to=str(site.office.accounts["mediator_2"]), ground="evens_load")  # fmt: skip
    shown = page(site.session_for("mediator"), f"/cases/{mine}")
    assert "另一件事项（您无权查看）" in shown.text
    assert number[0] not in shown.text
    assert f"/cases/{other}" not in shown.links


# -- taking back, and what a step will do -----------------------------------------------------------------------------


def test_the_page_of_taking_back_names_the_step_and_the_history_strikes_it_through(site: Site) -> None:
    address, mediator = an_order(site), site.session_for("mediator")
    form = page(mediator, address).form("/steps/Reply")
    assert mediator.post(form.action, data=form.typed(form="oral", answer="办错件了")).status_code == 303
    asked = page(mediator, f"{address}/steps/TakeBack")
    assert "将要撤回：“答复”" in asked.text
    assert send(mediator, address, "TakeBack", reason="答复写到了别的事项上")[0] == 303
    shown = mediator.get(address).text
    assert re.search(r'<li class="undone">.*?办错件了', shown, re.S)
    assert "（已撤回）" in shown
    tracked = site.petitioner_of(1).get("/track/case").text
    assert "办错件了" not in tracked


def test_where_the_last_step_stays_the_page_says_why_and_has_no_form(site: Site) -> None:
    address = an_order(site)
    site.clock.set("2026-03-10T10:00")
    mediator = site.session_for("mediator")
    asked = page(mediator, f"{address}/steps/TakeBack")
    assert "现在已经过期" in asked.text
    assert not [form for form in asked.forms if form.action.endswith("/TakeBack")]


def test_a_step_says_before_it_is_taken_which_limits_end_and_begin_and_who_is_told(site: Site) -> None:
    address, mediator = an_order(site), site.session_for("mediator")
    shown = page(mediator, address).text
    assert "办理后结束的时限：工单办结" in shown
    assert "开始计算的时限：评价与办结" in shown
    assert "同时通知：承办单位负责人" in shown


# -- registering beside another ---------------------------------------------------------------------------------------

NEW = {"title": "同一楼道的另一处", "statement": "二楼也漏水。", "applicant": "王某", "dispute_type": "11"}


def test_a_part_of_a_matter_is_registered_and_linked_in_one_go(site: Site) -> None:
    whole, clerk = an_order(site), site.session_for("clerk")
    chooser = page(clerk, whole)
    (link,) = [one for one in chooser.links if one.startswith("/intake?beside=")]
    address = next(one for one in page(clerk, link).links if one.startswith("/intake/petition"))
    form = page(clerk, address).form("/intake/petition")
    unsaid = clerk.post(form.action, data=form.typed(**NEW))
    assert unsaid.status_code == 422
    assert "请选择新登记的这件与那件的关系" in unsaid.text
    again = read(unsaid.text).form("/intake/petition")
    assert again.values["title"] == [NEW["title"]]
    made = clerk.post(again.action, data=again.typed(link_as="part_of"))
    assert made.status_code == 200
    assert "下有" in page(clerk, whole).text
    assert clerk.post(again.action, data=again.typed(link_as="part_of")).status_code == 200, "sent twice"
    assert page(clerk, whole).text.count("下有：") == 2, "in the list, and once in the history"


def test_no_part_of_a_closed_matter_is_registered_and_nothing_of_it_is_left(site: Site) -> None:
    whole, clerk = an_order(site), site.session_for("clerk")
    mediator = site.session_for("mediator")
    for command, typed in (("Reply", {"form": "oral", "answer": "已修好。"}), ("Close", {"outcome": "resolved"})):
        form = page(mediator, whole).form(f"/steps/{command}")
        assert mediator.post(form.action, data=form.typed(**typed)).status_code == 303
    public_id = whole.rpartition("/")[2]
    form = page(clerk, f"/intake/petition?beside={public_id}").form("/intake/petition")
    refused = clerk.post(form.action, data=form.typed(**NEW, link_as="part_of"))
    assert refused.status_code == 422
    assert "那件事项已经办结" in refused.text
    assert NEW["title"] not in page(clerk, "/work").text
    back = read(refused.text).form("/intake/petition")
    assert clerk.post(back.action, data=back.typed(link_as="follows")).status_code == 200


# -- withdrawing ------------------------------------------------------------------------------------------------------


def test_a_petitioner_withdraws_and_thinks_better_of_it(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    visitor, mediator = site.petitioner_of(opened.case_id), site.session_for("mediator")
    form = page(visitor, "/track/case").form("/track/withdrawal")
    assert "任何人都不得强迫您撤回" in page(visitor, "/track/case").text
    for _ in range(2):
        assert visitor.post(form.action, data=form.typed()).status_code == 303
    shown = page(visitor, "/track/case")
    assert "在此之前照常办理" in shown.text
    address = f"/cases/{opened.public_id}"
    assert "申请撤回" in page(mediator, address).text
    assert page(mediator, address).form("/steps/ConfirmWithdrawal")
    drop = shown.form("/track/withdrawal/drop")
    assert visitor.post(drop.action, data=drop.typed()).status_code == 303
    assert not [form for form in page(mediator, address).forms if form.action.endswith("/ConfirmWithdrawal")]


def test_another_unit_is_asked_for_something_and_answers_on_a_page_of_its_own(site: Site) -> None:
    address, mediator = an_order(site), site.session_for("mediator")
    asked = page(mediator, f"{address}/steps/AskUnit")
    assert "不能晚于它" in asked.text, "until when the matter itself is due stands at the form"
    assert asked.form("/AskUnit").values["length"] == ["5"], "the usual length of the rule"
    desk = str(site.office.units["desk"])
    assert send(mediator, address, "AskUnit", co_unit=desk, what="请核查停车位", length="60")[0] == 422
    assert send(mediator, address, "AskUnit", co_unit=desk, what="请核查停车位", length="2")[0] == 303
    coordinator = site.session_for("desk_clerk")
    shown = page(coordinator, address)
    assert "请核查停车位" in shown.text
    assert "协办反馈" in coordinator.get("/work").text
    (number,) = re.findall(r'<input[^>]* name="task"[^>]*value="(\d+)"', coordinator.get(address).text)
    assert send(coordinator, address, "AnswerTask", task=number, reply="没有停车位")[0] == 303
    assert coordinator.get(address).status_code == 404
    assert "没有停车位" in mediator.get(address).text


def test_whoever_brought_a_matter_is_not_told_what_others_are_asked_for(site: Site) -> None:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"))
    site.clock.set("2026-03-03T10:00")
    mediator, address = site.session_for("mediator"), f"/cases/{opened.public_id}"
    desk = str(site.office.units["desk"])
    assert send(mediator, address, "AskUnit", co_unit=desk, what="请核查停车位", length="1")[0] == 303
    visitor = site.browser()
    visitor.post("/track", data=page(visitor, "/track").form("/track").typed(code=opened.code))
    tracked = visitor.get("/track/case").text
    assert "协办" not in tracked
    assert "请核查停车位" not in tracked
    with reading(site.engine) as connection:
        number = connection.execute(text("SELECT number FROM clock WHERE name = 'task'")).scalar_one()
    assert visitor.get(f"/track/case/clocks/{number}").status_code == 404
