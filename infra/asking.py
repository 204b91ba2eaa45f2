"""One question to another server: over https, never further than the address that was named, and with an end.

The name is looked up once, every address that it has is looked at, and the connection goes to the one that was looked at: a name
that means something else a moment later leads nowhere. Nobody is followed elsewhere, of an answer no more is read than was asked for,
and the whole of it has an end, also where a byte comes now and then.

    NotAnswered   with a code: `address`, `inside`, `unknown_name`, `no_connection`, `not_trusted`, `no_answer`, `unreadable`,
                  `status_...`
"""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from threading import Timer
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

#: Of each wait, and of the whole.
PATIENCE_SECONDS, WHOLE_SECONDS = 10.0, 20.0
LONGEST = 500
#: Of an answer in JSON: more than any list of keys.
MOST_BYTES = 1_000_000
#: IPv6 addresses in which a gateway finds one of IPv4 (RFC 6052).
_TRANSLATED = ip_network("64:ff9b::/96")
_CONTEXT = ssl.create_default_context()


class NotAnswered(Exception):
    """It was not taken, or there is no answer that could be used. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a question goes."""

    scheme: str
    host: str
    port: int
    path: str


def read_address(text: str, *, may_be_inside: bool) -> Address:
    """An https address with nothing in it that would go elsewhere; http for this machine alone, where what is inside may be
    asked. Raises `NotAnswered`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise NotAnswered("address") from None
    host = parts.hostname or ""
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= LONGEST
    if not plain or not host or parts.username is not None or parts.fragment or "\\" in text:
        raise NotAnswered("address")
    if parts.scheme != "https" and not (parts.scheme == "http" and may_be_inside and _is_loopback(host)):
        raise NotAnswered("address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    usual = 443 if parts.scheme == "https" else 80
    return Address(scheme=parts.scheme, host=host, port=port or usual, path=path)


def post(
    address: Address, content: bytes, headers: Mapping[str, str], *, may_be_inside: bool, whole: float = WHOLE_SECONDS
) -> None:
    """It was taken: the answer was 2xx, and nothing of it is kept. Raises `NotAnswered`."""
    _ask(address, content, headers, may_be_inside=may_be_inside, whole=whole, at_most=0)


def ask_json(
    text: str, *, form: Mapping[str, str] | None = None, credentials: tuple[str, str] | None = None,
    whole: float = WHOLE_SECONDS,
) -> dict[str, Any]:  # fmt: skip
    """The object that an address answers with, which the office has named and which may be inside; with a form, to a post of it.
    Raises `NotAnswered`."""
    address = read_address(text, may_be_inside=True)
    headers = {"Accept": "application/json"}
    if credentials:
        pair = ":".join(quote(one, safe="") for one in credentials)  # RFC 6749, 2.3.1
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    content = None if form is None else urlencode(form).encode()
    answer = _ask(address, content, headers, may_be_inside=True, whole=whole, at_most=MOST_BYTES)
    try:
        said = json.loads(answer) if len(answer) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise NotAnswered("unreadable")
    return said


def _ask(
    address: Address, content: bytes | None, headers: Mapping[str, str], *, may_be_inside: bool, whole: float, at_most: int
) -> bytes:  # fmt: skip
    """What it answers with 2xx, of which a byte more than `at_most` is read. Without content it is a GET."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE_SECONDS)
    connection.sock = _connected(address, may_be_inside=may_be_inside)
    # A server that sends a byte now and then would hold on to us for ever: shut from outside, whatever is waited for ends.
    ending = Timer(whole, _shut, [connection])
    ending.start()
    try:
        status, answer = _answer(connection, address, content, headers, at_most)
    finally:
        ending.cancel()
        connection.close()
    if not 200 <= status < 300:
        raise NotAnswered(f"status_{status}")
    return answer


def _connected(address: Address, *, may_be_inside: bool) -> socket.socket:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotAnswered("unknown_name") from None
    places = [(family, where) for family, _, _, _, where in found]
    if not may_be_inside and not all(_is_outside(str(where[0])) for _, where in places):
        raise NotAnswered("inside")
    for family, where in places:
        try:
            connecting = socket.socket(family, socket.SOCK_STREAM)
            connecting.settimeout(PATIENCE_SECONDS)
            connecting.connect(where)
        except OSError:
            connecting.close()
            continue
        return connecting
    raise NotAnswered("no_connection")


def _answer(
    connection: http.client.HTTPConnection, address: Address, content: bytes | None, headers: Mapping[str, str], at_most: int
) -> tuple[int, bytes]:  # fmt: skip
    said = {"User-Agent": "Huiyin", "Connection": "close", **headers}
    try:
        if address.scheme == "https":
            secured = _CONTEXT.wrap_socket(
                connection.sock, server_hostname=address.host, do_handshake_on_connect=False
            )  # fmt: skip
            connection.sock = secured
            secured.do_handshake()
        connection.request("GET" if content is None else "POST", address.path, body=content, headers=said)
        answer = connection.getresponse()
        return answer.status, answer.read(at_most + 1) if at_most else b""
    except ssl.SSLError:
        raise NotAnswered("not_trusted") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotAnswered("no_answer") from None


def _shut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError, AttributeError):  # it has ended by itself
        connection.sock.shutdown(socket.SHUT_RDWR)


def _is_outside(place: str) -> bool:
    """Whether it is an address of the internet: no machine of the own network, nor this one, under whatever name."""
    found = ip_address(place.partition("%")[0])
    within = ip_address(int(found) & 0xFFFFFFFF) if found in _TRANSLATED else None
    within = within or getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (within is None or within.is_global)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
