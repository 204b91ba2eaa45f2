"""The search box of every page and the list it leads to: what is found, by whom, and what is said where nothing can be looked for."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from tests.databases import Site, SmallOffice, found, serving, step

LEAK = {"title": "楼上漏水", "statement": "天花板受潮，已报物业。", "applicant": "白小明", "respondents": ["石某"]}
PARKING = {"title": "停车位被占", "statement": "3号楼A座前有人堆物。", "applicant": "王芳"}


def a_mediation(office: SmallOffice, **words: object) -> str:
    return office.tell("mediation", step("2026-03-02T08:00", "clerk", "Apply", **{**LEAK, **words})).public_id


def a_petition(office: SmallOffice, **words: object) -> str:
    return office.tell("petition", step("2026-03-02T08:10", "clerk", "Register", **{**PARKING, **words})).public_id


def shown(site: Site, login: str, query: str) -> list[str]:
    """The matters of the list, by their public ids."""
    page = site.session_for(login).get(f"/find?{query}")
    assert page.status_code == 200, page.text
    return re.findall(r'<a class="title" href="/cases/([0-9a-f]+)"', page.text)


@pytest.mark.parametrize(
    "typed",
    [
        "漏水",
        "楼上漏水",
        "小明",
        "白小明",
        "天花板 白小明",
        "受潮",
        "（2026）滨园人调字第1号",
        "人调1",
        "人调字〔2026〕第１号",
        "1 漏水",
    ],
)
def test_a_matter_is_found_by_its_words_names_and_number_however_they_are_typed(
    engine: Engine, tmp_path: Path, typed: str
) -> None:
    with serving(found(engine), tmp_path) as site:
        leak, _ = a_mediation(site.office), a_petition(site.office)
        assert shown(site, "clerk", f"q={quote(typed)}") == [leak]
