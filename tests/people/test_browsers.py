"""Of what a browser says of itself the owner is shown a kind that they know again."""

import pytest

from people.browsers import BROWSERS, SYSTEMS, kind_of

SAID = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36": ("chrome", "windows"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0": ("edge", "windows"),
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0": ("firefox", "linux"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15": ("safari", "macos"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1": ("safari", "ios"),
    "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.50": ("wechat", "android"),
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1 HuaweiBrowser/5.0": ("huawei", "harmony"),
    "curl/8.8.0": ("other", "other"),
    "": ("other", "other"),
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_a_browser_and_its_system_are_told_from_what_it_says(said: str) -> None:
    assert kind_of(said) == SAID[said]


def test_every_kind_has_a_code_that_has_words() -> None:
    assert {kind_of(said)[0] for said in SAID} <= set(BROWSERS)
    assert {kind_of(said)[1] for said in SAID} <= set(SYSTEMS)
