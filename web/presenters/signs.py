"""Signs as their page shows them: by kind, the evidence in words, the verdict with who gave it and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from cases.numbers import case_number
from reports.years.sign_words import evidence
from reports.years.signs import FoundSign, NamedCase, SignsPage
from web.context import Context
from words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLink:
    public_id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignLine:
    sign: str
    case: CaseLink
    seq: int
    unit: str
    when: str
    evidence: str
    among: tuple[CaseLink, ...]  #: all cases of a sign that shows across cases
    verdict: str | None
    by: str
    reviewed: str
    grown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignGroup:
    """The lines of one kind on this page, with how many there are in all, and how many have no verdict yet."""

    sign: str
    lines: tuple[SignLine, ...]
    count: int
    waiting: int


def sign_groups(
    found: SignsPage, ctx: Context, *, units: Mapping[int, str], accounts: Mapping[int, str]
) -> list[SignGroup]:
    words = Words(ctx.language)
    of = {group.code: group for group in found.groups}
    return [
        SignGroup(
            sign=code,
            lines=tuple(_line(one, ctx, words, units, accounts) for one in some),
            count=of[code].count,
            waiting=of[code].waiting,
        )
        for code, some in groupby(found.found, key=lambda one: one.sign.code)
    ]


def _line(
    one: FoundSign, ctx: Context, words: Words, units: Mapping[int, str], accounts: Mapping[int, str]
) -> SignLine:
    return SignLine(
        sign=one.sign.code,
        case=_link(one.case, ctx),
        seq=one.sign.seq,
        unit=units.get(one.sign.unit, ""),
        when=ctx.minute(one.sign.at),
        evidence=evidence(one.sign, words, units),
        among=tuple(_link(other, ctx) for other in one.among),
        verdict=one.verdict.verdict if one.verdict else None,
        by=accounts.get(one.verdict.by, "") if one.verdict else "",
        reviewed=ctx.minute(one.verdict.at) if one.verdict else "",
        grown=one.grown,
    )


def _link(one: NamedCase, ctx: Context) -> CaseLink:
    return CaseLink(public_id=one.public_id, number=case_number(ctx.office.short_name, *one.number))
