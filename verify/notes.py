"""Anchors as somebody kept them: read from files, each proved whole by itself and against the one before it.

An anchor is plain text: an opening, one line `stream seq hash` for each chain that had moved, a checksum over all of
that, a blank line, a signature. Files hold one or several, as they were saved from mails; a folder of such files will
do. Hashes need the standard library only; the signature (Ed25519) needs the library cryptography and the public key.
"""

import base64
import email
import email.policy
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any

from verify.report import Finding, Notes
from verify.sources import CannotReadBeside

ORIGIN = "huiyin anchor 1"
SUFFIXES = (".txt", ".eml")
#: The lines of the opening, in their order; `series` may stand any number of times, also none.
OPENING = (
    ("office", re.compile(r"office (?P<office>\S.*)")),
    ("number", re.compile(r"number (?P<number>[1-9]\d{0,17})")),
    ("made", re.compile(r"made (?P<made>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)")),
    ("previous", re.compile(r"previous (?P<previous>-|[0-9a-f]{64})")),
    ("cases", re.compile(r"cases (?P<cases>\d{1,18})")),
    ("heads", re.compile(r"heads (?P<heads>\d{1,18})")),
)
SERIES = re.compile(r"series (\d{1,9}) (\d{1,18}) (\S.*)")
HEAD = re.compile(r"(\d{1,19}) ([1-9]\d{0,17}) ([0-9a-f]{64})")
#: The same, each of them in the text of an anchor.
HEADS = re.compile(rf"^{HEAD.pattern}$", re.MULTILINE)
CHECKSUM = re.compile(r"sha256 ([0-9a-f]{64})")
SIGNATURE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
ID_BYTES = 4

NOT_CHECKED = "signatures not checked: {why}"
NO_KEY = "give the office's public key with --key; huiyin anchor key prints it"
NO_LIBRARY = "the Python library cryptography is not installed"
CHECKED = "signatures checked with the key {keys}; trust it only if you had it from the office before, by another way"
SUCCEEDED = (
    "the record says that two people changed the key {before} to {after} on {at}: ask them, and write the new one down"
)
LEFT_OUT = "anchors not in the files: {numbers}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One anchor. `line` is where it begins in its file."""

    file: str
    line: int
    whole: str
    signed: str  #: the part that the signature is over
    office: str
    number: int
    made: str
    previous: str
    cases: int
    series: Mapping[tuple[str, int], int]
    heads: Mapping[int, tuple[int, str]]
    key: str
    signature: bytes

    @property
    def named(self) -> str:
        return f"anchor {self.number} of {self.made[:10]}"

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.whole.encode()).hexdigest()


@dataclass(slots=True)
class _Lines:
    """The lines of one anchor as they are taken, one after the other."""

    file: str
    first: int
    lines: Sequence[str]
    at: int = 0
    number: int | None = None
    taken: list[str] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str], wanted: str) -> re.Match[str]:
        line = self.lines[self.at] if self.at < len(self.lines) else ""
        found = pattern.fullmatch(line)
        if found is None:
            raise _NoAnchor(self.file, self.first + self.at, self.number, line, wanted)
        self.at += 1
        return found

    def next_is(self, pattern: re.Pattern[str]) -> bool:
        return self.at < len(self.lines) and pattern.fullmatch(self.lines[self.at]) is not None


class _NoAnchor(Exception):
    """A line is not what an anchor has there."""

    def __init__(self, file: str, line: int, number: int | None, stored: str, wanted: str) -> None:
        self.finding = Finding(
            code="anchors.line", table="anchor file", stream=file, number=line, column=f"anchor {number}" if number else None,
            stored=stored, expected=wanted,
        )  # fmt: skip


# -- reading ----------------------------------------------------------------------------------------------------------


def read_notes(
    paths: Iterable[str], keys: Sequence[str], notes: Notes, changes: Sequence[tuple[str, str, str]] = ()
) -> list[Note]:
    """The anchors of the files that are whole, by number; what is wrong with the others is noted, and they are left out.
    `changes` lead from a key to the one after it: the old one's fingerprint, the new one's public half, and when.
    Raises `CannotRead` for a file that is not there or holds no anchor at all, and for a key that is none."""
    found: dict[int, Note] = {}
    for path in _files(paths):
        for note in _anchors_of(path, notes):
            other = found.setdefault(note.number, note)
            if other.whole != note.whole:
                notes.add(_about(note, "anchors.twice", stored=note.file, expected=other.file))
    good = _chained(_signed_by([found[number] for number in sorted(found)], keys, notes, changes), notes)
    if gaps := [str(n) for n in range(min(found, default=1), max(found, default=0)) if n not in found]:
        notes.remark(LEFT_OUT.format(numbers=", ".join(gaps[:20]) + (" …" if len(gaps) > 20 else "")))
    return good


def _files(paths: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        inside = sorted(one for one in path.iterdir() if one.suffix in SUFFIXES) if path.is_dir() else [path]
        if not inside:
            raise CannotReadBeside(f"no anchor in {path}: a folder of .txt or .eml files was expected")
        yield from inside


def _anchors_of(path: Path, notes: Notes) -> Iterator[Note]:
    try:
        raw = path.read_bytes()
        text = "\n".join(_attached(raw)) if path.suffix == ".eml" else raw.decode("utf-8-sig")
    except OSError as error:
        raise CannotReadBeside(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CannotReadBeside(f"{path} is no text in UTF-8") from error
    lines = text.replace("\r\n", "\n").split("\n")
    begins = [at for at, line in enumerate(lines) if line == ORIGIN]
    if not begins:
        raise CannotReadBeside(f"no anchor in {path}: no line says “{ORIGIN}”")
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        try:
            note = _note(_Lines(str(path), begin + 1, lines[begin:end]), notes)
        except _NoAnchor as error:
            notes.add(error.finding)
        else:
            if note:
                yield note


def _attached(raw: bytes) -> Iterator[str]:
    """The anchors attached to a mail that was saved whole."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    for part in mail.iter_attachments():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content.decode("utf-8-sig")


def _note(lines: _Lines, notes: Notes) -> Note | None:
    """One anchor; None if its checksum says that it was changed. Raises `_NoAnchor`."""
    lines.take(re.compile(re.escape(ORIGIN)), ORIGIN)
    said: dict[str, str] = {}
    for name, pattern in OPENING:
        said |= lines.take(pattern, f"{name} …").groupdict()
        lines.number = int(said["number"]) if "number" in said else None
    series: dict[tuple[str, int], int] = {}
    while lines.next_is(SERIES):
        year, last, name = lines.take(SERIES, "series …").groups()
        series[name, int(year)] = int(last)
    heads: dict[int, tuple[int, str]] = {}
    for _ in range(int(said["heads"])):
        stream, seq, hash_ = lines.take(HEAD, "stream seq hash").groups()
        heads[int(stream)] = (int(seq), hash_)
    body = "".join(f"{line}\n" for line in lines.lines[: lines.at])
    checksum = lines.take(CHECKSUM, "sha256 …")[1]
    signed = f"{body}sha256 {checksum}\n"
    lines.take(re.compile(""), "")
    signature = lines.take(SIGNATURE, "— name signature")
    key, bytes_ = unpacked(signature[2])
    whole = f"{signed}\n{signature[0]}\n"
    while lines.at < len(lines.lines):
        lines.take(re.compile(r"\s*"), "")
    note = Note(
        file=lines.file, line=lines.first, whole=whole, signed=signed, office=said["office"],
        number=int(said["number"]), made=said["made"], previous=said["previous"], cases=int(said["cases"]),
        series=series, heads=heads, key=key, signature=bytes_,
    )  # fmt: skip
    expected = hashlib.sha256(body.encode()).hexdigest()
    if checksum == expected and len(heads) == int(said["heads"]):
        return note
    notes.add(_about(note, "anchors.edited", stored=expected, expected=checksum))
    return None


def unpacked(text: str) -> tuple[str, bytes]:
    """The key's id and the signature proper."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raw = b""
    return raw[:ID_BYTES].hex(), raw[ID_BYTES:]


# -- proving ----------------------------------------------------------------------------------------------------------


def _chained(found: list[Note], notes: Notes) -> list[Note]:
    """Each anchor names the text of the one before it. One of two that do not fit was changed: the earlier is refused."""
    bad: set[int] = set()
    for before, after in pairwise(found):
        if after.number == before.number + 1 and after.previous != before.hash:
            notes.add(_about(before, "anchors.chain", stored=before.hash, expected=after.previous))
            bad.add(before.number)
    return [note for note in found if note.number not in bad]


def _signed_by(
    found: list[Note], keys: Sequence[str], notes: Notes, changes: Sequence[tuple[str, str, str]]
) -> list[Note]:
    """The anchors whose signature is right; all of them, with a remark, if it cannot be checked."""
    if not keys:
        notes.remark(NOT_CHECKED.format(why=NO_KEY))
        return found
    known = keys_by_id(keys)
    for before, after, at in changes:
        try:
            new = key_from(after)
        except CannotReadBeside:
            continue  # leads nowhere: the anchors after it have an unknown key
        old = before[: 2 * ID_BYTES]
        if old in known and _id_of(new) not in known:
            known[_id_of(new)] = new
            if any(note.key == _id_of(new) for note in found):
                notes.remark(SUCCEEDED.format(before=old, after=_id_of(new), at=at[:10]))
    is_signed = signature_check()
    if is_signed is None:
        notes.remark(NOT_CHECKED.format(why=NO_LIBRARY))
        return found
    good = []
    for note in found:
        if note.key not in known:
            notes.add(_about(note, "anchors.key", stored=note.key, expected=", ".join(known)))
            continue
        if is_signed(known[note.key], note.signature, note.signed):
            good.append(note)
        else:
            notes.add(_about(note, "anchors.signature", stored=note.key))
    if good:
        notes.remark(CHECKED.format(keys=", ".join(sorted({note.key for note in good}))))
    return good


def signature_check() -> Callable[[bytes, bytes, str], bool] | None:
    """Whether a signature of a text is by a public key; None without the library that can tell."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return None

    def is_signed(public: bytes, signature: bytes, text: str) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True

    return is_signed


def keys_by_id(given: Iterable[str]) -> dict[str, bytes]:
    """Raises `CannotRead`."""
    return {_id_of(raw): raw for raw in map(key_from, given)}


def _id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[: 2 * ID_BYTES]


def key_from(given: str) -> bytes:
    """A public key as base64, or the file that holds it. Raises `CannotRead`."""
    try:
        text = Path(given).read_text("ascii") if Path(given).is_file() else given
        raw = base64.b64decode(text.strip(), validate=True)
    except (OSError, ValueError) as error:
        raise CannotReadBeside(f"no public key in {given}") from error
    if len(raw) != 32:
        raise CannotReadBeside(f"no public key in {given}: an Ed25519 key has 32 bytes")
    return raw


def _about(note: Note, code: str, **values: Any) -> Finding:
    return Finding(code=code, table="kept anchor", stream=note.file, number=note.number, **values)
