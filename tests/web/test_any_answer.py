"""Every answer has the strict headers: of odd methods and paths, of forms that nobody's browser sends, and when the page of an
error is itself wrong. What is no request at all is in `test_connections.py`; what chance finds, in the experiment `fuzz`."""

import asyncio
import encodings
import pkgutil
from typing import Any

import jinja2
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.testclient import TestClient

import web.errors
from tests.databases import Site, form_token
from tests.web.test_security import HEADERS

CHARSETS = sorted({module.name for module in pkgutil.iter_modules(encodings.__path__)} | {"no_such_charset", ""})


def assert_strict(answer: Any, about: object) -> None:
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, about
    assert answer.status_code < 500, about


def _post_multipart(browser: TestClient, charset: str) -> Any:
    token = form_token(browser)
    fields = {"form_token": token.encode(), "login": b"clerk", "password": b"\\xe4 \xff \xe4\xb8\xad"}
    parts = [b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value) for name, value in fields.items()]  # fmt: skip
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    return browser.post("/signin", content=b"".join([*parts, b"--x--\r\n"]), headers={"content-type": kind})


def test_a_form_in_another_charset_than_ours_is_malformed_whatever_python_knows_by_that_name(site: Site) -> None:
    browser = site.browser(raise_errors=False)
    assert len(CHARSETS) > 100
    for charset in CHARSETS:
        answer = _post_multipart(browser, charset)
        assert_strict(answer, charset)
        assert answer.status_code == 400, charset


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8"])
@pytest.mark.usefixtures("fast_passwords")
def test_a_form_that_says_it_is_in_utf8_is_read(charset: str, site: Site) -> None:
    answer = _post_multipart(site.browser(raise_errors=False), charset)
    assert_strict(answer, charset)
    assert answer.status_code == 422, "the password is wrong, and was looked at"


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "HEAD", "PUT", "PATCH", "DELETE", "PROPFIND", "get", "X"])
def test_every_method_is_answered_with_the_strict_headers(method: str, site: Site) -> None:
    browser = site.browser(raise_errors=False)
    for path in ("/", "/work", "/signin", "/cases/x", "/static/huiyin.css", "/static/none.css", "/none", "/healthz"):
        assert_strict(browser.request(method, path), (method, path))


@pytest.mark.parametrize(
    "path",
    [
        "/%", "/%zz", "/%ff", "/%00", "//", "/..", "/cases/%00", "/cases/%ff", "/cases/..%2f..%2fetc", "/?lang=%ff",
        "/static/%00", "/static/%ff", "/static/..%2f..%2fpyproject.toml", "/static/" + "a" * 5_000, "/static/%5c", "/static",
        "/work?number=" + "9" * 5_000, "/work?after=" + "9" * 5_000, "/track?%00=%00", "/closures?year=" + "9" * 5_000,
    ],
)  # fmt: skip
def test_odd_addresses_are_answered_with_the_strict_headers(path: str, site: Site) -> None:
    for browser in (site.browser(raise_errors=False), site.session_for("clerk")):
        assert_strict(browser.get(path), path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", ""), ("host", "["), ("host", "]:99999"), ("host", "a b"), ("host", "\xff"), ("origin", "http://["),
        ("origin", "http://[::1"), ("origin", "\xff"), ("cookie", "=; =; ;;"), ("cookie", 'huiyin_session="\\777"'),
        ("cookie", "huiyin_session=\xff; huiyin_language=\xff"), ("accept-language", "\xff"), ("range", "bytes=9-1,"),
        ("if-modified-since", "9" * 5_000), ("if-none-match", "\xff"), ("content-length", "\xb2"),
        ("content-type", "multipart/form-data"), ("content-type", "multipart/form-data; boundary=" + "x" * 5_000),
        ("content-type", "\xff; charset*=utf-8''%ff"), ("x-forwarded-for", "[::"), ("sec-fetch-site", "\xff"),
    ],
)  # fmt: skip
def test_odd_headers_are_answered_with_the_strict_headers(name: str, value: str, site: Site) -> None:
    browser = site.browser(raise_errors=False)
    odd = {name: value.encode("latin-1")}
    for path in ("/", "/static/huiyin.css"):
        assert_strict(browser.get(path, headers=odd), path)
    assert_strict(browser.post("/signin", content=b"x=1", headers=odd), "post")


def test_a_number_of_five_thousand_digits_is_a_wrong_number(site: Site) -> None:
    browser = site.browser(raise_errors=False)
    digits = "9" * 5_000
    form = {"form_token": form_token(browser), "form_id": digits, "version": digits, "dispute_type": digits}
    for path in ("/file/petition", "/file/mediation", "/signin", "/track"):
        assert_strict(browser.post(path, data=form), path)


# -- when nothing else works ------------------------------------------------------------------------------------------


def test_the_page_of_an_error_that_is_itself_wrong_is_replaced_by_words_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = jinja2.Environment(loader=jinja2.DictLoader({"pages/error.html": "{{ nothing.at.all }}"}), autoescape=True)
    monkeypatch.setattr(web.errors, "environment", lambda _: broken)
    browser = site.browser(raise_errors=False)
    for answer in (browser.get("/no/such/page"), browser.delete("/work"), browser.post("/", headers={"origin": "x"})):
        assert answer.status_code == 500
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert answer.headers["cache-control"] == "no-store"
        assert "程序出现意外" in answer.text
        assert "unexpected happened" in answer.text


def test_an_answer_that_the_end_of_the_program_cuts_short_has_the_headers(site: Site) -> None:
    started: list[Any] = []

    async def cut_short() -> None:
        async def never() -> Any:
            await asyncio.Event().wait()

        async def sent(message: Any) -> None:
            started.append(message)

        scope = {"type": "http", "method": "POST", "path": "/signin", "query_string": b"", "headers": []}
        task = asyncio.ensure_future(site.app(scope, never, sent))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with start_blocking_portal() as portal:
        portal.call(cut_short)
    assert started[0]["status"] == 500
    assert {name: dict(started[0]["headers"]).get(name.encode(), b"").decode() for name in HEADERS} == HEADERS
