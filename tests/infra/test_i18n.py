"""Which language a browser would rather have (RFC 9110, 12.5.4), and in which pages come to somebody who has chosen none."""

import pytest

from infra.i18n import preferred_language
from tests.databases import Site, office, office_template, site, sqlite_template

__all__ = ["office", "office_template", "site", "sqlite_template"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"), ("en-US,en;q=0.9", "en"), ("en;q=0.3, zh-Hans;q=0.7", "zh_CN"),
        ("fr-FR, en;q=0.5", "en"), ("EN-gb", "en"), ("fr", None), ("", None), ("*", None), ("en;q=0", None),
        ("en;q=2, zh;q=0.1", "zh_CN"), ("en;q=nan", None), ("\xff", None), (",".join(["fr"] * 20 + ["en"]), None),
    ],
)  # fmt: skip
def test_of_what_a_browser_would_rather_have_ours_that_it_likes_best(header: str, language: str | None) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize(("header", "lang"), [("en-US,en;q=0.9", "en"), ("zh-CN", "zh-CN"), ("fr", "zh-CN")])
def test_pages_and_errors_come_in_the_language_of_the_browser_until_another_is_chosen(
    site: Site, header: str, lang: str
) -> None:
    browser = site.browser()
    browser.headers["accept-language"] = header
    for address in ("/", "/signin", "/no/such/page"):
        assert f'<html lang="{lang}"' in browser.get(address).text, address
    browser.get("/?lang=en")
    for address in ("/", "/no/such/page"):
        assert '<html lang="en"' in browser.get(address).text, address
