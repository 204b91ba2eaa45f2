"""A question to another server that answers in JSON: over https, or without it on this machine alone; nobody is followed elsewhere, and
what it says has an end.

    NotAnswered   with a code: `address`, `no_connection`, `no_answer`, `status_...`, `unreadable`
"""

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from infra.settings import is_this_machine

PATIENCE_SECONDS = 10.0
#: More than any list of keys.
MOST_BYTES = 1_000_000
_CONTEXT = ssl.create_default_context()


class NotAnswered(Exception):
    """There is no answer that could be used. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def may_be_asked(address: str) -> bool:
    """Whether it is an address that a question may go to."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    plain = address.isascii() and address.isprintable() and " " not in address and parts.username is None
    return bool(plain and host) and (parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host)))


def ask_json(
    address: str, *, form: Mapping[str, str] | None = None, credentials: tuple[str, str] | None = None
) -> dict[str, Any]:
    """The object that the address answers with; with a form, to a post of it. Raises `NotAnswered`."""
    if not may_be_asked(address):
        raise NotAnswered("address")
    headers = {"Accept": "application/json", "User-Agent": "Huiyin", "Connection": "close"}
    if credentials:
        pair = ":".join(quote(one, safe="") for one in credentials)  # RFC 6749, 2.3.1
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    status, content = _asked(address, headers, None if form is None else urlencode(form).encode())
    if status != http.client.OK:
        raise NotAnswered(f"status_{status}")
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        raise NotAnswered("unreadable") from None
    if not isinstance(said, dict):
        raise NotAnswered("unreadable")
    return said


def _asked(address: str, headers: Mapping[str, str], content: bytes | None) -> tuple[int, bytes]:
    parts = urlsplit(address)
    host, where = parts.hostname or "", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, parts.port, timeout=PATIENCE_SECONDS, context=_CONTEXT)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST" if content is not None else "GET", where, body=content, headers=dict(headers))
    except OSError:
        connection.close()
        raise NotAnswered("no_connection") from None
    try:
        answer = connection.getresponse()
        found = answer.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException):
        raise NotAnswered("no_answer") from None
    finally:
        connection.close()
    if len(found) > MOST_BYTES:
        raise NotAnswered("unreadable")
    return answer.status, found
