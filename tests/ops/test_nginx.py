"""The example of a proxy, run by the real nginx: https with a certificate of a test, forms, cookies, and what it keeps off."""

import http.client
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.browser.certificates import certificate_of
from tests.databases import SmallOffice, office, office_template, sqlite_template
from tests.program import serving, until
from tests.servers import ROOT, free_port, of_system
from tests.web.reading import read

__all__ = ["office", "office_template", "sqlite_template"]

NAME = "huiyin.example.org"
WORDS = {"title": "楼道堆物", "statement": "门口堆了三个月。", "applicant": "白某"}


@dataclass
class Browser:
    """Asks under the name of the example, and believes its certificate alone."""

    port: int
    plain_port: int
    trusted: ssl.SSLContext
    log: Path
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str, Message]:
        made = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.trusted)
        made._context.check_hostname = False  # type: ignore[attr-defined]  # the address is this machine's; the certificate is looked at all the same
        with closing(made) as connection:
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            given = {"Host": f"{NAME}:{self.port}", **({"Cookie": cookies} if cookies else {}), **headers}
            connection.request(method, path, body, given)
            response = connection.getresponse()
            for one in response.headers.get_all("Set-Cookie") or ():
                name, _, value = one.split(";")[0].partition("=")
                self.cookies[name] = value
            return response.status, response.read().decode(), response.headers

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, str, Message]:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{NAME}:{self.port}"}
        return self.ask("POST", path, urlencode(fields).encode(), **kind)


@pytest.fixture
def browser(office: SmallOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    nginx = of_system("nginx")
    if nginx is None:
        pytest.skip("nginx is not on this machine: its example is not run")
    assert office.engine.url.database == str(tmp_path / "huiyin.db")
    port, plain_port = free_port(), free_port()
    monkeypatch.setenv("HUIYIN_PUBLIC_URL", f"https://{NAME}:{port}")
    monkeypatch.setenv("HUIYIN_TRUSTED_PROXY", "true")
    certificate = certificate_of(NAME, tmp_path)
    with serving(tmp_path, "--no-timers") as program:
        example = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
        for was, here in (
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("listen 80", f"listen 127.0.0.1:{plain_port}"),
            ("/etc/ssl/huiyin.pem", str(certificate)), ("/etc/ssl/huiyin.key", str(certificate)),
            ("http://127.0.0.1:8000", f"http://127.0.0.1:{program.port}"),
            ("/var/log/nginx/huiyin.log", str(tmp_path / "nginx" / "asked")),
        ):  # fmt: skip
            assert was in example, "the example says what is replaced here"
            example = example.replace(was, here)
        (tmp_path / "nginx").mkdir()
        paths = "".join(
            f"{kind}_temp_path {tmp_path}/nginx/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        whole = f"daemon off; pid {tmp_path}/nginx/pid; error_log {tmp_path}/nginx/log; events {{}} http {{ {paths}\n{example}\n}}"
        (tmp_path / "nginx.conf").write_text(whole, "utf-8")
        proxy = subprocess.Popen([nginx, "-p", str(tmp_path / "nginx"), "-c", str(tmp_path / "nginx.conf")])
        try:
            made = Browser(
                port, plain_port, ssl.create_default_context(cafile=str(certificate)), tmp_path / "nginx" / "asked"
            )

            def answers() -> bool:
                try:
                    return made.ask("GET", "/healthz")[0] == 200
                except OSError:
                    assert proxy.poll() is None, (tmp_path / "nginx" / "log").read_text()
                    return False

            until(answers, "the proxy answers")
            yield made
        finally:
            proxy.terminate()
            proxy.wait()


def test_a_matter_is_filed_through_the_proxy_of_the_example(browser: Browser) -> None:
    status, page, headers = browser.ask("GET", "/file/petition")
    assert status == 200
    assert headers["Strict-Transport-Security"]
    assert all(name.startswith("__Host-") for name in browser.cookies)
    fields = {
        name: value if isinstance(value, str) else value[0]
        for name, value in read(page).form("/file/petition").typed(**WORDS).items()
        if value
    }
    status, page, _ = browser.post("/file/petition", fields)
    assert status == 200, page
    assert "登记凭证码" in page or "查询码" in page
    elsewhere = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://elsewhere.example"}
    assert browser.ask("POST", "/file/petition", urlencode(fields).encode(), **elsewhere)[0] == 403
    assert browser.ask("POST", "/file/petition", b"x" * (3 * 1024 * 1024), **elsewhere)[0] == 413


def test_plain_http_is_sent_to_https(browser: Browser) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", browser.plain_port, timeout=60)) as connection:
        connection.request("GET", "/track", headers={"Host": NAME})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/track")


def test_what_a_client_says_of_its_address_counts_for_nothing(browser: Browser) -> None:
    """Whoever guesses under another claimed address each time is slowed all the same."""
    _, page, _ = browser.ask("GET", "/signin")
    token = read(page).form("/signin").values["form_token"][0]
    statuses = []
    for n in range(40):
        fields = {"form_token": token, "login": "clerk", "password": f"wrong password {n}"}
        kind = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": f"10.0.0.{n}"}
        statuses.append(browser.ask("POST", "/signin", urlencode(fields).encode(), **kind)[0])
    assert 429 in statuses


def test_no_address_that_is_a_key_is_written_down(browser: Browser) -> None:
    for path in ("/track?from=elsewhere", "/calendar/keep-this-one.ics", "/signin/link/and-this-one"):
        browser.ask("GET", path)
    until(lambda: len(browser.log.read_text().splitlines()) >= 3, "the proxy has written what it was asked")
    written = browser.log.read_text()
    assert "keep-this-one" not in written
    assert "and-this-one" not in written
    for path in ("/track?from=elsewhere", "/calendar/...", "/signin/link/..."):
        assert f'"GET {path}"' in written
