"""One post to an address that somebody else named: over https, to nobody inside, and never further than that.

The name is looked up once, every address that it has is looked at, and the connection goes to the one that was looked at: a name
that means something else a moment later leads nowhere. Nobody is followed elsewhere, nothing of an answer is kept but its status,
and the whole of it has an end.

    NotPosted   with a code: `address`, `inside`, `unknown_name`, `no_connection`, `not_trusted`, `no_answer`, `status_...`
"""

import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from threading import Timer
from urllib.parse import urlsplit

#: Of each wait, and of the whole.
PATIENCE_SECONDS, WHOLE_SECONDS = 10.0, 20.0
LONGEST = 500
#: IPv6 addresses in which a gateway finds one of IPv4 (RFC 6052).
_TRANSLATED = ip_network("64:ff9b::/96")
_CONTEXT = ssl.create_default_context()


class NotPosted(Exception):
    """It was not taken. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a post goes."""

    scheme: str
    host: str
    port: int
    path: str


def read_address(text: str, *, may_be_inside: bool) -> Address:
    """An https address with nothing in it that would go elsewhere; http for this machine alone, where what is inside may be
    posted to. Raises `NotPosted`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise NotPosted("address") from None
    host = parts.hostname or ""
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= LONGEST
    if not plain or not host or parts.username is not None or parts.fragment or "\\" in text:
        raise NotPosted("address")
    if parts.scheme != "https" and not (parts.scheme == "http" and may_be_inside and _is_loopback(host)):
        raise NotPosted("address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    usual = 443 if parts.scheme == "https" else 80
    return Address(scheme=parts.scheme, host=host, port=port or usual, path=path)


def post(
    address: Address, content: bytes, headers: Mapping[str, str], *, may_be_inside: bool, whole: float = WHOLE_SECONDS
) -> None:
    """It was taken: the answer was 2xx. Raises `NotPosted`."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE_SECONDS)
    connection.sock = _connected(address, may_be_inside=may_be_inside)
    # A server that sends a byte now and then would hold on to us for ever: shut from outside, whatever is waited for ends.
    ending = Timer(whole, _shut, [connection])
    ending.start()
    try:
        status = _asked(connection, address, content, headers)
    finally:
        ending.cancel()
        connection.close()
    if not 200 <= status < 300:
        raise NotPosted(f"status_{status}")


def _connected(address: Address, *, may_be_inside: bool) -> socket.socket:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotPosted("unknown_name") from None
    places = [(family, where) for family, _, _, _, where in found]
    if not may_be_inside and not all(_is_outside(str(where[0])) for _, where in places):
        raise NotPosted("inside")
    for family, where in places:
        try:
            connecting = socket.socket(family, socket.SOCK_STREAM)
            connecting.settimeout(PATIENCE_SECONDS)
            connecting.connect(where)
        except OSError:
            connecting.close()
            continue
        return connecting
    raise NotPosted("no_connection")


def _asked(connection: http.client.HTTPConnection, address: Address, content: bytes, headers: Mapping[str, str]) -> int:
    try:
        if address.scheme == "https":
            secured = _CONTEXT.wrap_socket(
                connection.sock, server_hostname=address.host, do_handshake_on_connect=False
            )  # fmt: skip
            connection.sock = secured
            secured.do_handshake()
        connection.request("POST", address.path, body=content, headers=dict(headers))
        return connection.getresponse().status
    except ssl.SSLError:
        raise NotPosted("not_trusted") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotPosted("no_answer") from None


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
