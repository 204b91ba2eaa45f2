"""A record against the anchors that somebody kept: what was cut off, forged anew, taken out, or put back to an old copy.

The chains of a record cannot show that their ends are missing, nor that they were written anew from some event on.
The anchors can, up to the last of them. How anchors are read and proved is in `notes.py`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verify.notes import Note, read_notes
from verify.report import Finding, Notes
from verify.sources import Source

#: Chains that are listed one by one when the whole record is an old copy.
LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Short:
    """A chain that ends before, or does not have at all, what an anchor says of it."""

    stream: int
    seq: int
    ends: int
    note: Note


def check_anchors(
    source: Source,
    files: Sequence[str],
    keys: Sequence[str],
    notes: Notes,
    changes: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Notes what the anchors in these files say of the record and the record does not. `changes`: where the record says that
    two people changed the key that signs, each as the old one's fingerprint, the new one's public half, and when. Raises `CannotRead`."""
    notes.begin("anchors")
    kept = _of_this_office(source, read_notes(files, keys, notes, changes), notes)
    ends, wrong = _compare_heads(source, kept, notes)
    _compare_ends(kept, ends, wrong, notes)
    _compare_texts(source, kept, notes)
    _compare_counts(source, kept, notes)


def _of_this_office(source: Source, found: list[Note], notes: Notes) -> list[Note]:
    names = [" ".join(str(name).split()) for _, name in source.rows("office", ("id", "short_name"), ("id",))]
    for note in found:
        if note.office not in names:
            notes.add(_about(note, "anchors.office", stored=note.office, expected=", ".join(names)))
    return [note for note in found if note.office in names]


def _compare_heads(source: Source, kept: Iterable[Note], notes: Notes) -> tuple[dict[int, int], set[int]]:
    """Each head that an anchor names against the event at its place. Returns where each named chain ends now, and the
    chains whose history is another."""
    wanted: dict[int, dict[int, tuple[str, Note]]] = {}
    for note in kept:
        for stream, (seq, hash_) in note.heads.items():
            wanted.setdefault(stream, {})[seq] = (hash_, note)
    ends = dict.fromkeys(wanted, 0)
    wrong: set[int] = set()
    for stream, seq, stored in source.rows("event", ("stream", "seq", "hash"), ("stream", "seq")):
        if stream not in wanted or not isinstance(seq, int):
            continue
        ends[stream] = seq
        said = wanted[stream].get(seq)
        if said is None:
            continue
        notes.count("anchors")
        expected, note = said
        if stored != expected and stream not in wrong:
            wrong.add(stream)
            notes.add(_event("anchors.rechained", stream, seq, stored=stored, expected=f"{expected} ({note.named})"))
    return ends, wrong


def _compare_ends(kept: Sequence[Note], ends: Mapping[int, int], wrong: set[int], notes: Notes) -> None:
    """Chains that end too early; if that is most of what the newest anchor names, the record is an old copy."""
    short: dict[int, _Short] = {}
    for note in kept:
        for stream, (seq, _) in note.heads.items():
            if ends[stream] < seq and (stream not in short or short[stream].seq < seq):
                short[stream] = _Short(stream=stream, seq=seq, ends=ends[stream], note=note)
    listed = list(short.values())
    newest = kept[-1] if kept else None
    if newest and 2 * len(behind := newest.heads.keys() & short.keys()) > len(newest.heads):
        last = next((note.named for note in reversed(kept) if _is_held(note, ends, wrong)), "none of them")
        lost = sum(one.seq - one.ends for one in listed)
        notes.add(
            _about(
                newest,
                "anchors.rollback",
                stored=f"{len(behind)} of {len(newest.heads)}",
                expected=f"{newest.made}; at least {lost} events are lost; the last one it holds whole: {last}",
            )
        )
        listed = listed[:LISTED]
    for one in listed:
        code = "anchors.behind" if one.ends else "anchors.gone"
        notes.add(_event(code, one.stream, one.ends, stored=one.ends, expected=f"seq {one.seq} ({one.note.named})"))


def _is_held(note: Note, ends: Mapping[int, int], wrong: set[int]) -> bool:
    return all(ends[stream] >= seq and stream not in wrong for stream, (seq, _) in note.heads.items())


def _compare_texts(source: Source, kept: Sequence[Note], notes: Notes) -> None:
    """The record's own copy of each anchor, word for word."""
    own = {note.number: note for note in kept}
    for number, content in source.rows("anchor", ("number", "content"), ("number",)):
        note = own.pop(number, None)
        if note is not None and content != note.whole:
            line, stored, expected = _first_difference(str(content), note.whole)
            notes.add(_about(note, "anchors.differs", column=f"line {line}", stored=stored, expected=expected))
    for note in own.values():
        notes.add(_about(note, "anchors.unknown"))


def _first_difference(stored: str, expected: str) -> tuple[int, str, str]:
    ours, theirs = stored.split("\n"), expected.split("\n")
    length = max(len(ours), len(theirs))
    ours += [""] * (length - len(ours))
    theirs += [""] * (length - len(theirs))
    return next((at, one, other) for at, (one, other) in enumerate(zip(ours, theirs, strict=True), 1) if one != other)


def _compare_counts(source: Source, kept: Sequence[Note], notes: Notes) -> None:
    """Numbers once issued and cases once counted do not become fewer."""
    if not kept:
        return
    counted = sum(1 for _ in source.rows("cases", ("id",), ("id",)))
    most = max(kept, key=lambda note: note.cases)
    if counted < most.cases:
        notes.add(_about(most, "anchors.cases", stored=counted, expected=most.cases))
    issued = {
        (re.sub(r"\s+", " ", str(name)).strip(), year): last
        for name, year, last in source.rows("series", ("series", "year", "last"), ("series", "year"))
    }
    highest: dict[tuple[str, int], tuple[int, Note]] = {}
    for note in kept:
        for series, last in note.series.items():
            if series not in highest or highest[series][0] < last:
                highest[series] = (last, note)
    for (name, year), (last, note) in highest.items():
        stored = issued.get((name, year), 0)
        if not isinstance(stored, int) or stored < last:
            place = f"{name} {year}"
            notes.add(_about(note, "anchors.series", column=place, stored=stored, expected=last))


def _event(code: str, stream: int, seq: int, *, stored: Any, expected: Any) -> Finding:
    return Finding(code=code, table="event", stream=stream, number=seq, stored=stored, expected=expected)


def _about(note: Note, code: str, **values: Any) -> Finding:
    return Finding(code=code, table="kept anchor", stream=note.file, number=note.number, **values)
