"""The keys that the office works with, each pinned in its record: a machine with another file, or with none, uses none and
makes none. Which file a key is in, and what can be wrong with it, is in `infra/keys.py` and `infra/signing.py`.

A key is pinned when the office is founded. Of an older office, the key that signs is pinned by its id under the last anchor,
and whole when it is first used; the others when they are first used. From then on they are the office's until two people
have changed them (`people/proposals.py`).

    KeyIsMissing    the record names a key, and this machine has none
    KeyIsAnother    this machine has a key, and it is not the one that the record names
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, update

from infra.keys import KeyIsExposed, KeyIsUnreadable, fingerprint_of, key_file, secret_key
from infra.signing import SigningKey, public_from, signing_file, signing_key, written
from infra.statements import Statement, insert_or
from ledger.chain import OFFICE_STREAM, lock_head
from ledger.vouching import vouched_for_office
from people.links import LINK_KEY
from people.noting import note
from people.tables import OfficeKey
from workflow.model import TIMERS, Actor, Json

ANCHORS, RATINGS, LINKS = NAMES = ("anchor", "rating", LINK_KEY)
#: Digits of a fingerprint that people compare.
SHOWN, TOGETHER = 16, 4

_key = OfficeKey.__table__.c  # type: ignore[attr-defined]
_PINS = Statement(select(_key.name, _key.fingerprint, _key.public, _key.pinned_at))


class KeyIsNotPinned(Exception):
    """The key of this machine is not the office's. Carries its file; `pinned` and `found` are fingerprints."""

    def __init__(self, path: Path, *, pinned: str, found: str = "") -> None:
        super().__init__(path)
        self.pinned, self.found = pinned[:SHOWN], found[:SHOWN]


class KeyIsMissing(KeyIsNotPinned):
    pass


class KeyIsAnother(KeyIsNotPinned):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """`fingerprint`: of a signing key the SHA-256 of its public half, which is kept beside; of a secret a hash that does not
    tell it."""

    fingerprint: str
    public: str | None
    since: datetime


def shown(fingerprint: str) -> str:
    """So that two people can read it to each other: four digits at a time."""
    return " ".join(fingerprint[at : at + TOGETHER] for at in range(0, min(SHOWN, len(fingerprint)), TOGETHER))


def pins(connection: Connection) -> Mapping[str, Pin]:
    """The keys that the record names, by name."""
    rows = _PINS.rows(connection)
    return {name: Pin(fingerprint=fingerprint, public=public, since=since) for name, fingerprint, public, since in rows}


def pin_keys(connection: Connection, home: Path, *, now: datetime) -> None:
    """All keys of a new office, made if they are not there. Raises what `infra/keys.py` raises."""
    signing_key_of_office(connection, home, now=now)
    for name in (RATINGS, LINKS):
        secret_of_office(connection, home, name, now=now)


def signing_key_of_office(connection: Connection, home: Path, *, now: datetime) -> SigningKey:
    """The key that signs, in a transaction, for the first use pins it. Raises `KeyIsMissing`, `KeyIsAnother` and what
    `infra/signing.py` raises."""
    pin, path = pins(connection).get(ANCHORS), signing_file(home)
    if pin and not path.exists():
        raise KeyIsMissing(path, pinned=pin.fingerprint)
    key = signing_key(home)
    found = fingerprint_of(key.public)
    if pin and not is_pinned(pin, found):
        raise KeyIsAnother(path, pinned=pin.fingerprint, found=found)
    if pin is None or pin.fingerprint != found:
        _pin(connection, ANCHORS, path, found, public=written(key.public), now=now)
    return key


def pin_beginning(connection: Connection, beginning: str, *, now: datetime) -> None:
    """The key that signed in this office before keys were pinned, as far as an anchor says of it. Does nothing if one is
    pinned."""
    if ANCHORS not in pins(connection):
        _write_pin(connection, ANCHORS, beginning, public=None, now=now)


def secret_of_office(connection: Connection, home: Path, name: str, *, now: datetime) -> bytes:
    """A secret of the office, in a transaction, for the first use makes and pins it. Raises like `secret_at_hand`."""
    pinned = pins(connection)
    if name in pinned:
        return secret_at_hand(connection, home, name, pinned=pinned)
    secret = secret_key(home, name)
    _pin(connection, name, key_file(home, name), fingerprint_of(secret), public=None, now=now)
    return secret


def secret_at_hand(connection: Connection, home: Path, name: str, *, pinned: Mapping[str, Pin] | None = None) -> bytes:
    """A secret that the office has used before; none is made. `pinned`: what `pins` says, where that was asked. Raises `KeyIsMissing`,
    `KeyIsAnother` and what `infra/keys.py` raises."""
    pin, path = (pins(connection) if pinned is None else pinned).get(name), key_file(home, name)
    if not path.exists():
        raise KeyIsMissing(path, pinned=pin.fingerprint if pin else "")
    secret = secret_key(home, name)
    if pin and not is_pinned(pin, fingerprint_of(secret)):
        raise KeyIsAnother(path, pinned=pin.fingerprint, found=fingerprint_of(secret))
    return secret


def keys_missing(home: Path, pinned: Mapping[str, Pin]) -> list[str]:
    """The keys that the record names and this machine has not, or cannot use."""
    missing = []
    for name, pin in pinned.items():
        try:
            here = fingerprint_at_hand(home, name)
        except (KeyIsExposed, KeyIsUnreadable, OSError):
            here = ""
        if not is_pinned(pin, here):
            missing.append(name)
    return missing


def is_pinned(pin: Pin, fingerprint: str) -> bool:
    """Whether that is the key. Of an older office's key that signs only the beginning may be known."""
    return bool(fingerprint) and fingerprint.startswith(pin.fingerprint)


def fingerprint_at_hand(home: Path, name: str) -> str:
    """Of the key that this machine has; empty without one. Raises what `infra/keys.py` raises."""
    if name == ANCHORS:
        public = public_from(home)
        return fingerprint_of(public) if public else ""
    return fingerprint_of(secret_key(home, name)) if key_file(home, name).is_file() else ""


def change_key(
    connection: Connection, name: str, *, fingerprint: str, public: str | None, actor: Actor, now: datetime
) -> None:
    """From now on the office's key is another one: what two people have agreed on."""
    before = pins(connection)[name]
    row = {"fingerprint": fingerprint, "public": public, "pinned_at": now}
    connection.execute(update(OfficeKey).where(_key.name == name).values(**row))
    said: dict[str, Json] = {
        "key": name, "before": before.fingerprint, "after": fingerprint, "public": public, "wrote": _row(name, **row),
    }  # fmt: skip
    note(connection, "key:changed", actor=actor, now=now, data=said)


def _pin(connection: Connection, name: str, path: Path, found: str, *, public: str | None, now: datetime) -> None:
    """Of two machines that use a key for the first time at once, the second finds it pinned."""
    lock_head(connection, OFFICE_STREAM)
    if pin := pins(connection).get(name):
        if not is_pinned(pin, found):
            raise KeyIsAnother(path, pinned=pin.fingerprint, found=found)
        if found == pin.fingerprint:
            return
    _write_pin(connection, name, found, public=public, now=now)


def _write_pin(connection: Connection, name: str, fingerprint: str, *, public: str | None, now: datetime) -> None:
    row = {"fingerprint": fingerprint, "public": public, "pinned_at": now}
    written_row = insert_or(connection, OfficeKey).values(name=name, **row)
    connection.execute(written_row.on_conflict_do_update(index_elements=["name"], set_=row))
    said: dict[str, Json] = {"key": name, "fingerprint": fingerprint, "public": public, "wrote": _row(name, **row)}
    note(connection, "key:pinned", actor=TIMERS, now=now, data=said)


def _row(name: str, **values: object) -> dict[str, Json]:
    return {"office_key": {name: vouched_for_office(values)}}
