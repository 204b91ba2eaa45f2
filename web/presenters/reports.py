"""Reports that were asked for as their pages show them: what, how far, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from reports.closures.exports import FORMATS
from reports.later.jobs import Report
from reports.later.kinds import BULLETIN, CLOSURES, KINDS, LIST_THEN, SHEET, SHEETS_THEN
from reports.years.sheet_files import MEDIA
from web.context import Context
from words import Words

WHOLE = 100  #: per cent
WAITING, UNDER_WAY, READY, FAILED = STATES = ("waiting", "under_way", "ready", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """`state`: one of `STATES`. `link` leads to what came of it."""

    public_id: str
    kind: str
    what: str
    state: str
    asked: str
    done: int
    total: int
    percent: int | None
    finished: str | None
    failed: str
    link: str | None
    is_file: bool
    size: str
    sha256: str | None
    is_new: bool


def show_report(one: Report, ctx: Context, units: Mapping[int, str]) -> ReportLine:
    """`units` are their names by their ids."""
    words = Words(ctx.language)
    return ReportLine(
        public_id=one.public_id,
        kind=one.kind,
        what=_what(one, words, units),
        state=_state(one),
        asked=ctx.minute(one.asked_at),
        done=one.done,
        total=one.total,
        percent=WHOLE * one.done // one.total if one.total else None,
        finished=ctx.minute(one.finished_at) if one.finished_at else None,
        failed=words(one.failed[0], **one.failed[1]) if one.failed else "",
        link=_link(one) if one.is_ready else None,
        is_file=KINDS[one.kind].is_file,
        size=_size(one.bytes),
        sha256=one.sha256,
        is_new=one.finished_at is not None and not one.seen,
    )


def media_of(one: Report) -> str:
    kind = one.asked["format"]
    return FORMATS[kind].media if one.kind == CLOSURES else MEDIA[kind]


def _state(one: Report) -> str:
    if one.failed:
        return FAILED
    if one.finished_at:
        return READY
    return UNDER_WAY if one.taken else WAITING


def _what(one: Report, words: Words, units: Mapping[int, str]) -> str:
    """The choice that was made, in a line."""
    asked = one.asked
    if one.kind == CLOSURES:
        choice = asked["choice"]
        days = " – ".join(choice[name][0] for name in ("start", "end") if choice[name])
        return " · ".join((words(f"format.{asked['format']}"), days))
    if one.kind == SHEET:
        return " · ".join((words(f"format.{asked['format']}"), str(asked["year"]), units.get(asked["unit"], "")))
    if one.kind == BULLETIN:
        return " · ".join((str(asked["period"]), units.get(asked["unit"], "")))
    on = asked["on"] if one.kind == LIST_THEN else f"{asked['on']} · {asked['year']}"
    return str(on)


def _link(one: Report) -> str:
    if KINDS[one.kind].is_file:
        return f"/reports/{one.public_id}/file"
    if one.kind == BULLETIN:
        name = "month" if "-" in one.asked["period"] else "year"
        return f"/bulletin?{urlencode({name: one.asked['period'], 'unit': one.asked['unit']})}"
    sheets = {"what": "sheet", "year": one.asked["year"]} if one.kind == SHEETS_THEN else {"what": "list"}
    return f"/as-of?{urlencode({'on': one.asked['on'], **sheets})}"


def _size(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{-(-size // 1000)} KB"
