"""A client of Huiyin's interface for programs in one file: copy it, it needs nothing but Python 3.11.

    huiyin = Huiyin("https://huiyin.example.cn", token=open("/etc/hotline/huiyin.token").read())
    made = huiyin.send_order("hotline", "12345-20260302-0001", title="路灯不亮", statement="...", applicant="李某")
    print(huiyin.order("12345-20260302-0001")["stands"])
    for entry in huiyin.feed(after=huiyin.end_of_feed()): ...

What the office answers is handed on as it is (`docs/api.en.md`, `/api/v1/openapi.json`). What is not done raises `Problem`.
Waits that the office asks for, and lines that break, are tried again under the same key, so that nothing is done twice.
"""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any

TRY_AGAIN = frozenset({429, 503})
FRESH_SECONDS = 300


class Problem(Exception):
    """What the office has not done. `code` stays as it is, `detail` and the words of `reasons` are for people, `said` is all."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__(f"{said.get('status')} {said.get('code')}: {said.get('detail')}")
        self.said = said
        self.status: int = said.get("status", 0)
        self.code: str = said.get("code", "")
        self.detail: str = said.get("detail", "")
        self.reasons: list[dict[str, Any]] = said.get("reasons", [])


class DatesWouldMove(Problem):
    """The step would move the due dates in `said["dates"]`. Take it again with `agreed=problem.agree` if they are right."""

    @property
    def agree(self) -> str:
        return str(self.said["agree"])


def told_by_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> dict[str, Any]:
    """What a webhook was told, if it comes from the office and is not older than five minutes. Raises `ValueError`. Answer 2xx once you
    have kept it; the same `delivery` may come again, and its entries have a `cursor` each."""
    named = {name.lower(): value for name, value in headers.items()}
    stamp, signature = named.get("huiyin-timestamp", ""), named.get("huiyin-signature", "")
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    fresh = stamp.isdecimal() and abs((time.time() if now is None else now) - int(stamp)) <= FRESH_SECONDS
    if not fresh or not hmac.compare_digest(signature.encode(), f"v1={made}".encode()):
        raise ValueError("not from the office, or too old")
    said: dict[str, Any] = json.loads(body)
    return said


class Huiyin:
    """An office at an address, asked with an access token of one of its accounts. `tries`: how often a thing is sent where the
    office asks for patience or the line breaks."""

    def __init__(
        self, address: str, token: str, *, language: str = "zh-CN", timeout: float = 30.0, tries: int = 5
    ) -> None:
        if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("the token goes over https, or to this machine")
        self._base = address.rstrip("/") + "/api/v1"
        self._token, self._language, self._timeout, self._tries = token.strip(), language, timeout, tries

    # -- reading ---------------------------------------------------------------------------------------------------

    def me(self) -> dict[str, Any]:
        return self._get("/me")

    def cases(self, **asked: str | int) -> Iterator[dict[str, Any]]:
        """All of a list, page by page; without anything asked, what is open. `q` looks for words."""
        place: dict[str, str] = {}
        while True:
            page = self._get("/cases", **asked, **place)
            yield from page["items"]
            if page["next"] is None:
                return
            place = {"after": page["next"]}

    def case(self, public_id: str) -> dict[str, Any]:
        return self._get(f"/cases/{_part(public_id)}")

    def receipt(self, public_id: str, clock: int) -> dict[str, Any]:
        return self._get(f"/cases/{_part(public_id)}/clocks/{clock}")

    def asks(self, public_id: str, command: str) -> dict[str, Any]:
        """What a step asks for, as JSON Schema in `fields`."""
        return self._get(f"/cases/{_part(public_id)}/steps/{_part(command)}")

    def matters(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("/matters")["items"]
        return found

    # -- doing -----------------------------------------------------------------------------------------------------

    def step(
        self, public_id: str, command: str, *, version: int, key: str | None = None, agreed: str | None = None, **fields: Any
    ) -> dict[str, Any]:  # fmt: skip
        """Takes a step on the version that was read. Raises `DatesWouldMove`, `Problem` (`case_has_moved`: read it again)."""
        said = {"version": version, "fields": fields, **({"agreed": agreed} if agreed else {})}
        return self._post(f"/cases/{_part(public_id)}/steps/{_part(command)}", said, key)

    def register(self, matter: str, *, key: str | None = None, **fields: Any) -> dict[str, Any]:
        """Opens a matter; the answer holds its number and the tracking code for the person."""
        return self._post("/cases", {"matter": matter, "fields": fields}, key)

    def send_order(self, matter: str, order_number: str, **fields: Any) -> dict[str, Any]:
        """Opens a matter under the sender's own number, which is its key: sent again, it is the same."""
        return self._post("/orders", {"matter": matter, "order_number": order_number, "fields": fields}, None)

    def order(self, order_number: str) -> dict[str, Any]:
        return self._get(f"/orders/{_part(order_number)}")

    # -- hearing ---------------------------------------------------------------------------------------------------

    def end_of_feed(self) -> int:
        """The place from which on only what is to come is told."""
        return int(self._get("/feed", after="end")["next"])

    def feed(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """What has happened since a place, to its end. Keep the `cursor` of the last entry you have dealt with."""
        more = True
        while more:
            page = self._get("/feed", after=after)
            yield from page["items"]
            after, more = page["next"], page["more"]

    # -- the line --------------------------------------------------------------------------------------------------

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        address = f"{self._base}{path}{'?' if query else ''}{urllib.parse.urlencode(query)}"
        return self._sent(urllib.request.Request(address))  # noqa: S310 (the address was looked at)

    def _post(self, path: str, said: dict[str, Any], key: str | None) -> dict[str, Any]:
        content = json.dumps(said).encode()
        request = urllib.request.Request(f"{self._base}{path}", data=content, method="POST")  # noqa: S310 (the same)
        request.add_header("Content-Type", "application/json")
        request.add_header("Idempotency-Key", key or uuid.uuid4().hex)
        return self._sent(request)

    def _sent(self, request: urllib.request.Request) -> dict[str, Any]:
        request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("Accept-Language", self._language)
        for left in range(self._tries - 1, -1, -1):
            wait = 1.0
            try:
                with _ALONE.open(request, timeout=self._timeout) as answer:
                    said: dict[str, Any] = json.load(answer)
                    return said
            except urllib.error.HTTPError as error:
                problem = _problem(error)
                if error.code not in TRY_AGAIN or not left:
                    raise problem from None
                wait = float(error.headers.get("Retry-After") or wait)
            except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError):
                if not left:
                    raise
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")


class _NoWayOn(urllib.request.HTTPRedirectHandler):
    """The office sends nobody elsewhere, and the token goes to nobody else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_ALONE = urllib.request.build_opener(_NoWayOn)


def _problem(error: urllib.error.HTTPError) -> Problem:
    try:
        said = json.load(error)
    except ValueError:
        said = {"status": error.code, "code": "no_problem", "detail": "the answer is not the office's"}
    return DatesWouldMove(said) if said.get("code") == "dates_would_move" else Problem(said)


def _part(text: str) -> str:
    return urllib.parse.quote(text, safe="")
