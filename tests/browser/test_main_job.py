"""The main job from end to end, in a real browser: a dispute is filed, mediated, rated, closed and reported."""

import csv
import io
import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Office

CASE_NUMBER = "（2026）滨园人调字第1号"


def fill(page: Page, command: str, **fields: str) -> None:
    """Types into the fields of a step's form, found by the labels' own ids."""
    for name, value in fields.items():
        page.locator(f"#{command}-{name}").fill(value)


def opened(page: Page, command: str) -> None:
    """The step's form is open: the likeliest one is so by itself."""
    form = page.locator(f'form[action$="/steps/{command}"]')
    if not form.is_visible():
        page.locator("details", has=form).locator("summary").click()
    expect(form).to_be_visible()


def send(page: Page, command: str) -> None:
    page.locator(f'form[action$="/steps/{command}"] button[type=submit]').click()


def tick(page: Page, command: str, name: str) -> None:
    """Every box of a field."""
    for box in page.locator(f'form[action$="/steps/{command}"] input[name={name}]').all():
        box.check()


def choose(page: Page, command: str, label: str) -> None:
    page.locator(f'form[action$="/steps/{command}"]').get_by_label(label, exact=True).check()


def happened(page: Page, words: str) -> None:
    expect(page.locator(".timeline li").first).to_contain_text(words)


def test_a_dispute_is_filed_mediated_rated_closed_and_stands_in_the_report(served: Office) -> None:
    clock = served.site.clock

    # Monday 2 March 2026, 09:00: a petitioner files and is given the code.
    petitioner = served.visitor()
    petitioner.goto("/")
    petitioner.get_by_role("link", name="反映事项").click()
    petitioner.get_by_role("link", name="我与他人有纠纷").click()
    fill(petitioner, "Apply", title="楼上漏水", statement="厨房顶漏水三个月。", applicant="白某", respondents="石某")
    petitioner.locator("#Apply-dispute_type").select_option(label="邻里")
    petitioner.get_by_role("button", name="提交").click()
    expect(petitioner.get_by_role("heading", name="我们已收到您反映的事项")).to_be_visible()
    expect(petitioner.locator("dl.facts")).to_contain_text(CASE_NUMBER)
    expect(petitioner.locator("dl.facts")).to_contain_text("3月5日 周四")  # MED-01: three working days
    code = petitioner.locator(".code").inner_text()
    assert re.fullmatch(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", code)

    # 09:30: a clerk records that the other side agrees, and accepts.
    clock.set("2026-03-02T09:30")
    clerk = served.person("clerk")
    expect(clerk.get_by_role("heading", name="待办事项")).to_be_visible()
    clerk.get_by_role("link", name="楼上漏水").click()
    opened(clerk, "RecordConsent")
    choose(clerk, "RecordConsent", "石某")
    choose(clerk, "RecordConsent", "同意调解")
    send(clerk, "RecordConsent")
    happened(clerk, "已记录当事人意见")
    opened(clerk, "Accept")
    send(clerk, "Accept")
    happened(clerk, "已受理")

    # 10:00: a coordinator appoints the mediator.
    clock.set("2026-03-02T10:00")
    coordinator = served.person("coordinator")
    coordinator.get_by_role("link", name="楼上漏水").click()
    opened(coordinator, "AppointMediators")
    choose_mediator(coordinator)
    choose(coordinator, "AppointMediators", "调委会指定")
    send(coordinator, "AppointMediators")
    happened(coordinator, "已确定调解员")

    # 14:00: the mediator notifies rights, holds a session, records the agreement and follows up.
    clock.set("2026-03-02T14:00")
    mediator = served.person("mediator")
    mediator.get_by_role("link", name="楼上漏水").click()
    tick(mediator, "NotifyRights", "signed_by")
    send(mediator, "NotifyRights")
    opened(mediator, "HoldSession")
    choose(mediator, "HoldSession", "面对面调解")
    fill(mediator, "HoldSession", place="调解室", minutes="双方陈述，现场查看。")
    send(mediator, "HoldSession")
    happened(mediator, "调解会")
    opened(mediator, "Settle")
    choose(mediator, "Settle", "书面")
    fill(mediator, "Settle", terms="楼上修好水管，赔偿 500 元。", performance_due_on="2026-03-02", amount_yuan="500")
    for name in ("signed_by", "mediator_signed", "sealed"):
        tick(mediator, "Settle", name)
    send(mediator, "Settle")
    happened(mediator, "达成协议")
    opened(mediator, "FollowUp")
    choose(mediator, "FollowUp", "全部履行")
    fill(mediator, "FollowUp", note="已修好，已付款。")
    send(mediator, "FollowUp")
    happened(mediator, "回访")

    # 14:30: the petitioner enters the code and rates; the mediator closes.
    clock.set("2026-03-02T14:30")
    petitioner.goto("/track")
    petitioner.get_by_label("回执上的查询码").fill(code.lower().replace("-", " "))
    petitioner.get_by_role("button", name="查询").click()
    expect(petitioner.get_by_role("heading", name="楼上漏水")).to_be_visible()
    expect(petitioner.locator(".panel.next")).to_contain_text("已经回访，准备结案。")
    petitioner.get_by_label("满意", exact=True).check()
    petitioner.get_by_role("button", name="提交评价").click()
    expect(petitioner.get_by_text("您的评价：满意")).to_be_visible()

    clock.set("2026-03-02T14:45")
    mediator.reload()
    opened(mediator, "CloseMediation")
    expect(mediator.locator("section.steps")).to_contain_text("此步骤不能撤回")
    tick(mediator, "CloseMediation", "papers_complete")
    send(mediator, "CloseMediation")
    happened(mediator, "已办结")
    expect(mediator.locator("section.steps")).to_contain_text("事项已经结束")

    # 16:00: an auditor opens the closure report and downloads it.
    clock.set("2026-03-02T16:00")
    auditor = served.person("auditor")
    auditor.get_by_role("navigation").get_by_role("link", name="办结报告").click()
    expect(auditor.locator("main")).to_contain_text("1 件办结事项")
    with auditor.expect_download() as download:
        auditor.get_by_role("button", name="下载 CSV").click()
    assert download.value.suggested_filename == "closures-20260101-20260302.csv"
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(rows) == 1
    wanted = {
        "事项编号": CASE_NUMBER, "结果": "达成书面协议", "评价": "满意", "办结时承办单位": "人民调解室",
        "办结时承办人": "账＊＊", "最重亮灯（未豁免）": "绿 正常", "亮灯扣分": "0",
        "办结时间": "2026-03-02 14:45", "调解期限 · 期限末日": "2026-04-01", "提前天数（负数为超期，自然日）": "30",
    }  # fmt: skip
    assert {name: rows[0][name] for name in wanted} == wanted
    assert served.problems == []


def choose_mediator(page: Page) -> None:
    """Few mediators are buttons, many are a list."""
    field = page.locator("#AppointMediators-chief")
    if field.evaluate("element => element.tagName") == "SELECT":
        field.select_option(label="账号-mediator（人民调解室 · 承办 0 件）")
    else:
        field.get_by_label("账号-mediator（人民调解室 · 承办 0 件）", exact=True).check()


def test_without_javascript_a_matter_is_filed_accepted_and_followed(served: Office) -> None:
    petitioner = served.visitor(java_script_enabled=False)
    petitioner.goto("/file/petition")
    fill(petitioner, "Register", title="停车位", statement="小区停车难。", applicant="白某")
    petitioner.get_by_role("button", name="提交").click()
    code = petitioner.locator(".code").inner_text()
    clerk = served.person("clerk", java_script_enabled=False)
    clerk.get_by_role("link", name="停车位").click()
    opened(clerk, "RespondFirst")
    fill(clerk, "RespondFirst", note="已电话告知。")
    send(clerk, "RespondFirst")
    happened(clerk, "已首次响应")
    opened(clerk, "Accept")
    send(clerk, "Accept")
    happened(clerk, "已受理")
    petitioner.goto("/track")
    petitioner.get_by_label("回执上的查询码").fill(code)
    petitioner.get_by_role("button", name="查询").click()
    expect(petitioner.locator(".panel.next")).to_contain_text("已经受理，正在安排承办。")
    assert served.problems == []


def test_the_petitioner_leaves_nothing_on_a_shared_device(served: Office) -> None:
    page = served.visitor()
    page.goto("/file/petition")
    fill(page, "Register", title="停车位", statement="小区停车难。", applicant="白某")
    page.get_by_role("button", name="提交").click()
    code = page.locator(".code").inner_text()
    page.goto("/track")
    page.get_by_label("回执上的查询码").fill(code)
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("heading", name="停车位")).to_be_visible()
    page.get_by_role("button", name="在本设备上关闭此事项").click()
    expect(page).not_to_have_url(re.compile("/track/case"))  # there is nothing to go back from before
    page.go_back()
    expect(page.get_by_role("heading", name="停车位")).not_to_be_visible()
    assert served.problems == []


def test_a_refused_form_is_read_from_its_summary_down_to_the_field(served: Office) -> None:
    page = served.visitor()
    page.goto("/file/mediation")
    fill(page, "Apply", statement="厨房顶漏水三个月。")
    page.get_by_role("button", name="提交").click()
    expect(page).to_have_title(re.compile("^错误："))
    page.get_by_role("link", name=re.compile("^一句话概括")).click()
    assert page.evaluate("location.hash") == "#Apply-title"
    expect(page.locator("#Apply-statement")).to_have_value("厨房顶漏水三个月。")
