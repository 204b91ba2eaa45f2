"""What nobody can see, what turns a line around, and what is no text, at the doors of the web."""

import pytest
from sqlalchemy import text

from infra.db import transaction
from tests.databases import Site, form_token, step
from tests.web.reading import page, read
from tests.web.test_forms import NEW_ACCOUNT, cases, filed

WORDS = {"title": "楼道灯坏了", "statement": "三楼。", "applicant": "白某"}


@pytest.mark.parametrize(
    "blank", ["\u200b", "\u3164", "\u2800", "\u202e", "\ufeff\u00ad", "\u0301", "\x0b\x85"], ids=ascii
)
@pytest.mark.parametrize("field", ["title", "statement", "applicant", "respondents"])
def test_what_nobody_can_see_is_not_filled_in(field: str, blank: str, site: Site) -> None:
    status, shown = filed(site, **{field: blank})
    assert status == 422
    assert f"#Apply-{field}" in shown.links
    assert cases(site) == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "\u200b"}, "请填写姓名。"),
        ({"login": "\u3164"}, "请填写登录名。"),
        ({"email": "\u200b"}, "请填写电子邮箱"),
        ({"email": "a@b%0d%0aBcc:x@y"}, "电子邮箱的写法应如"),
        ({"email": "\x01a@b"}, "电子邮箱的写法应如"),
        ({"email": "a@."}, "电子邮箱的写法应如"),
        ({"email": "张伟@example.cn"}, "邮箱 @ 前面只能用英文字母"),
    ],
)
def test_an_account_has_a_name_that_is_seen_and_an_address_that_servers_take(
    wrong: dict[str, str], words: str, site: Site
) -> None:
    browser = site.session_for("administrator")
    form = page(browser, "/people").form("/people")
    answer = browser.post("/people", data=form.typed(**{**NEW_ACCOUNT, **wrong}))
    assert answer.status_code == 422
    assert words in read(answer.text).text


def test_a_unit_has_a_name_that_is_seen(site: Site) -> None:
    browser = site.session_for("administrator")
    data = {"form_token": form_token(browser), "name": "\u200b", "kind": "unit", "parent": "1"}
    assert browser.post("/people/units", data=data).status_code == 422


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "raw_unicode_escape"])
def test_half_of_a_character_in_a_form_is_refused_whatever_its_charset(charset: str, site: Site) -> None:
    browser = site.browser()
    token = form_token(browser)
    half = {"utf-7": b"+2EI-", "unicode_escape": rb"\ud842", "raw_unicode_escape": rb"\ud842"}[charset]
    parts = {"form_token": token.encode(), "form_id": b"0" * 32, "title": half, "statement": b"x", "applicant": b"y"}
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in parts.items()
    )
    head = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    answer = browser.post("/file/petition", content=body + b"--b--\r\n", headers=head)
    assert answer.status_code in (400, 403)
    assert read(answer.text).text.strip(), "a sentence"
    assert cases(site) == 0


@pytest.mark.parametrize("query", ["q=%ED%A1%82", "q=%FF", "q=%00", "lang=%ED%A1%82", "page=%ED%A1%82"])
def test_a_query_that_is_no_text_is_answered(query: str, site: Site) -> None:
    for path in ("/work", "/as-of", "/closures", "/"):
        answer = site.session_for("auditor" if path != "/work" else "clerk").get(
            f"{path}?{query}&on=%ED%A1%82&case=%ED%A1%82"
        )
        assert answer.status_code < 500


def test_an_old_title_that_shows_nothing_or_turns_the_line_is_still_a_link_that_can_be_read(site: Site) -> None:
    """The database holds what earlier versions took in."""
    opened = [site.office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **WORDS)) for _ in range(2)]
    with transaction(site.engine) as connection:
        for case, title in zip(opened, ("\u200b", "甲\u202e乙"), strict=True):
            connection.execute(
                text("UPDATE personal_text SET content = :title WHERE case_id = :case AND kind = 'title'"),
                {"title": title, "case": case.case_id},
            )
    answer = site.session_for("clerk").get("/work")
    assert "\u202e" not in answer.text
    assert "甲乙" in answer.text
    links = [part.partition("</a>")[0].partition(">")[2] for part in answer.text.split('<a class="title"')[1:]]
    assert len(links) == 2
    assert all(link.strip(" \u200b") for link in links)
