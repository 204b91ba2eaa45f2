"""What stands around every answer: the origin check on every post, strict headers, the browser's own cookie.

The origin check refuses posts that a browser says come from elsewhere. Browsers may say nothing: without https there is no
Fetch Metadata, and a policy of a proxy may take the origin away. The proof that a form is ours is its token, which every
post must bring (`web/posted.py`).

Pure ASGI, so that errors, refusals and static files go through it too.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request, cookie_parser

from infra.settings import Settings
from web.bare import bare_answers
from web.context import BROWSER_COOKIE, cookie_name, new_browser
from web.errors import plain_page
from web.problems import PROGRAMS
from web.strict_headers import NOT_KEPT, WITH_SCRIPT, as_sent, strict_headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS = frozenset({"GET", "HEAD"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
#: What browsers send for an origin that they keep to themselves.
NO_ORIGIN = "null"
IMPLIED_PORTS = {"http": "80", "https": "443"}


class Guard:
    """Refuses writes from other origins and, in a demo, every host but loopback; puts the headers on every answer."""

    def __init__(self, app: App, *, settings: Settings, loopback_only: bool) -> None:
        self._app = app
        self._settings = settings
        self._loopback_only = loopback_only
        self._last_resort = bare_answers(settings)[500]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        has_browser = _has_browser(headers.get("cookie", ""), cookie_name(BROWSER_COOKIE, self._settings))
        browser = None if has_browser else new_browser()
        scope.setdefault("state", {})["new_browser"] = browser or ""

        begun = False

        async def guarded(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                with_script = bool(scope["state"].get(WITH_SCRIPT))
                headers = self._headers(scope["path"], browser, with_script=with_script)
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        try:
            if self._loopback_only and _host_name(headers.get("host", "")) not in LOOPBACK:
                await plain_page(Request(scope), 421, "error.other_host")(scope, receive, guarded)
            elif scope["method"] not in SAFE_METHODS and _from_elsewhere(headers, self._settings.public_url):
                await plain_page(Request(scope), 403, "error.from_elsewhere")(scope, receive, guarded)
            else:
                await self._app(scope, receive, guarded)
        except BaseException:  # the page of an error failed too, or the program is being stopped
            if not begun:
                await self._last_resort.send(send)
            raise

    def _headers(self, path: str, browser: str | None, *, with_script: bool) -> list[tuple[bytes, bytes]]:
        found = strict_headers(self._settings, with_script=with_script)
        if not path.startswith("/static/"):
            found |= NOT_KEPT
        # A shared cache may keep a file, and must not keep a cookie; a program is no browser.
        if browser and not path.startswith(("/static/", PROGRAMS)):
            secure = "; Secure" if self._settings.secure_cookies else ""
            name = cookie_name(BROWSER_COOKIE, self._settings)
            found["Set-Cookie"] = f"{name}={browser}; Path=/; HttpOnly; SameSite=Lax{secure}"
        return as_sent(found)


def _has_browser(cookies: str, name: str) -> bool:
    """Whether the browser brings its own value. An empty one is none: it would be the key of every form token."""
    return bool(cookie_parser(cookies).get(name))


def _from_elsewhere(headers: dict[str, str], public_url: str) -> bool:
    """Whether the browser says that the post comes from a page of another site. "null" says nothing, as no header does."""
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin", NO_ORIGIN)
    scheme, _, place = origin.partition("://")
    told = (headers.get("host", ""), public_url.partition("://")[2].partition("/")[0])
    own = {_plain(one, scheme) for one in told if one}
    named = _plain(place, scheme)
    # Many a proxy passes the host on without its port: a host that names none may be any of its ports.
    return origin != NO_ORIGIN and named not in own and _host_name(named) not in own


def _plain(place: str, scheme: str) -> str:
    """Host and port in one spelling: without the port that the scheme implies."""
    return place.lower().removesuffix(f":{IMPLIED_PORTS.get(scheme, '')}")


def _host_name(host: str) -> str:
    return host if host.endswith("]") else host.rsplit(":", 1)[0]
