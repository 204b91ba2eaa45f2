"""Mail addresses: what an account may have, and how each goes over the wire.

A plain mail server takes ASCII only. The domain of an address has an ASCII form for every script (A-labels: `例子.中国`
is `xn--fsqu00a.xn--fiqs8s`); what stands before the @ has none, so an address with other letters there is refused.

Errors: `AddressIsWrong` < `LocalPartIsNotAscii`.

Source: RFC 5321 §4.1.2 and §4.5.3.1 (what a server takes, and how long it is), RFC 5890 and UTS 46 (A-labels), RFC 6531
(why other letters before the @ need a server of a special kind).
"""

import re

import idna

LONGEST_LOCAL_PART, LONGEST_ADDRESS = 64, 254

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)*{_LABEL}")
_ONLY_FIGURES = re.compile(r"(.*\.)?[0-9]+")  # would be taken for a number in the network


class AddressIsWrong(ValueError):
    """No mail server takes it."""


class LocalPartIsNotAscii(AddressIsWrong):
    """What stands before the @ has letters that only servers of a special kind take."""


def address_on_the_wire(address: str) -> str:
    """The address as every mail server takes it, its domain in A-labels. Raises `AddressIsWrong`."""
    local, _, domain = address.rpartition("@")
    if local and not local.isascii() and local.isprintable() and "@" not in local:
        raise LocalPartIsNotAscii
    if len(local) > LONGEST_LOCAL_PART or not _LOCAL_PART.fullmatch(local):
        raise AddressIsWrong
    made = f"{local}@{domain_on_the_wire(domain)}"
    if len(made) > LONGEST_ADDRESS:
        raise AddressIsWrong
    return made


def fault_of_address(address: str) -> str | None:
    """Why an account cannot have this address, as a code; None if it can."""
    try:
        address_on_the_wire(address)
    except LocalPartIsNotAscii:
        return "email_not_ascii"
    except AddressIsWrong:
        return "email_wrong"
    return None


def domain_on_the_wire(domain: str) -> str:
    """The domain in A-labels; one that is ASCII already stays as it is. Raises `AddressIsWrong`."""
    try:
        made = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:  # also `IDNAError`: letters that no domain has, an empty label, one that is too long
        raise AddressIsWrong from None
    if not _DOMAIN.fullmatch(made) or _ONLY_FIGURES.fullmatch(made):
        raise AddressIsWrong
    return made
