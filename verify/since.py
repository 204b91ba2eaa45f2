"""Going on from where `verify` has stopped last: a signed note says up to which anchor the whole record was sound.

What no anchor after that one names, and what has not moved since the last anchor, is not read again: it is as it was
verified then, if nobody has changed it meanwhile. That is what the whole run is for. The end of every chain is compared
with its anchor all the same.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.notes import HEADS, SIGNATURE, keys_by_id, signature_check, unpacked
from verify.report import Finding, Notes
from verify.sources import CannotReadBeside, Source
from verify.stream import OFFICE_STREAM

ORIGIN = "huiyin verified 1"
BODY = re.compile(
    rf"{ORIGIN}\noffice (?P<office>\S.*)\nanchor (?P<number>[1-9]\d{{0,17}}) (?P<hash>[0-9a-f]{{64}})\n"
    r"at (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\n"
)

NO_NOTE = "{file} is no note of a verification: verify the whole record, and keep its note with --note"
OTHER_KEY = "the note {file} is not signed with this key ({keys}): verify the whole record"
NO_KEY = "a note is only as good as its signature: give the office's public key with --key"
NO_LIBRARY = "the signature of the note cannot be checked: the Python library cryptography is not installed"
OTHER_RECORD = "anchor {number} of this record is not the one that the note {file} was made of: verify the whole record"
GONE_ON = (
    "gone on from anchor {number}, verified on {at}: {some} of {all} chains looked at, the others as they were then"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The note to go on from, and the keys that it may be signed with."""

    file: str
    keys: Sequence[str]


def last_anchor(source: Source) -> tuple[int, str] | None:
    """Its number and the SHA-256 of its text."""
    last = None
    for number, content in source.rows("anchor", ("number", "content"), ("number",)):
        last = number, content
    return None if last is None else (last[0], hashlib.sha256(str(last[1]).encode()).hexdigest())


def note_of(reached: tuple[int, str], *, office: str, at: str) -> str:
    """What is to be signed once the whole record was found sound up to this anchor."""
    number, hashed = reached
    return f"{ORIGIN}\noffice {' '.join(office.split())}\nanchor {number} {hashed}\nat {at}\n"


def moved_since(source: Source, since: Since, notes: Notes) -> set[int]:
    """The streams to look at, the office's own among them; the ends of the others are compared with their anchors. Raises
    `CannotRead` for a note that is none, is not signed by the office, or is of another record."""
    said = _read(since)
    number = int(said["number"])
    anchored: dict[int, tuple[int, str]] = {}
    late: set[int] = set()
    for found, content in source.rows("anchor", ("number", "content"), ("number",)):
        if found == number and hashlib.sha256(str(content).encode()).hexdigest() == said["hash"]:
            number = 0  # it is the one
        heads = {int(stream): (int(seq), hashed) for stream, seq, hashed in HEADS.findall(str(content))}
        anchored |= heads
        late |= heads.keys() if found > int(said["number"]) else set()
    if number:
        raise CannotReadBeside(OTHER_RECORD.format(number=number, file=since.file))
    moved = {OFFICE_STREAM, *late}
    every = 0
    for stream, seq, hashed in source.rows("stream_head", ("stream", "seq", "hash"), ("stream",)):
        every += 1
        known_seq, known_hash = anchored.get(stream, (0, ""))
        if seq != known_seq and (not isinstance(seq, int) or seq > known_seq):
            moved.add(stream)
        elif stream not in moved and (seq, hashed) != (known_seq, known_hash):
            notes.add(
                Finding(
                    code="chains.head",
                    table="stream_head",
                    stream=stream,
                    column="hash" if seq == known_seq else "seq",
                    stored=hashed if seq == known_seq else seq,
                    expected=known_hash if seq == known_seq else known_seq,
                )
            )
    notes.remark(GONE_ON.format(number=said["number"], at=said["at"][:10], some=len(moved), all=every))
    return moved


def _read(since: Since) -> dict[str, str]:
    try:
        text = Path(since.file).read_text("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotReadBeside(NO_NOTE.format(file=since.file)) from error
    body = BODY.match(text)
    line = SIGNATURE.fullmatch(text[body.end() :].strip()) if body else None
    if body is None or line is None:
        raise CannotReadBeside(NO_NOTE.format(file=since.file))
    if not since.keys:
        raise CannotReadBeside(NO_KEY)
    _check_signature(body[0], *unpacked(line[2]), since)
    return body.groupdict()


def _check_signature(text: str, key: str, signature: bytes, since: Since) -> None:
    is_signed, known = signature_check(), keys_by_id(since.keys)
    if is_signed is None:
        raise CannotReadBeside(NO_LIBRARY)
    if key not in known or not is_signed(known[key], signature, text):
        raise CannotReadBeside(OTHER_KEY.format(file=since.file, keys=", ".join(known)))
