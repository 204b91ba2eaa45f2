"""The guides of `docs/guides`: every role has one in both languages, short, in the words that stand on the pages, with pictures
that are there."""

import re
from functools import cache
from pathlib import Path

import pytest

from infra.i18n import catalogue
from web.access import STAFF
from workflow.model import Role

FOLDER = Path(__file__).parents[2] / "docs" / "guides"
LANGUAGES = {"zh": "zh_CN", "en": "en"}
#: An assessor reads the auditor's guide: what is theirs alone stands there.
ROLES = sorted(role.value for role in (STAFF | {Role.PETITIONER}) - {Role.ASSESSOR})
GUIDES = [(role, language) for role in ROLES for language in LANGUAGES]
#: What a page says stands between these, and nothing else does.
LABEL = {"zh": re.compile(r"「([^」]*)」"), "en": re.compile(r"“([^”]*)”")}
PICTURE = re.compile(r"!\[([^\]]+)\]\(([^)]+)\)")
MOST_LINES, MOST_PICTURES, MOST_BYTES = 70, 4, 2_000_000
FEWEST_LABELS = 10
#: The Latin words of a Chinese guide: kinds of files.
KINDS = {"PDF", "XLSX", "CSV"}


@cache
def guide(role: str, language: str) -> str:
    return (FOLDER / f"{role}.{language}.md").read_text("utf-8")


@cache
def said(language: str) -> frozenset[str]:
    """Every text that a page of this language can say."""
    found: set[str] = set()
    for message in catalogue(LANGUAGES[language]):
        found.update([message.string] if isinstance(message.string, str) else message.string)
    return frozenset(found - {""})


def not_said(text: str, language: str) -> list[str]:
    """The labels that a text quotes and no page shows."""
    return [label for label in LABEL[language].findall(text) if label not in said(language)]


def latin_words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]+", PICTURE.sub(r"\1", text))) - KINDS


def test_every_role_has_a_guide_in_both_languages_and_there_is_no_other() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == {f"{role}.{language}.md" for role, language in GUIDES}


@pytest.mark.parametrize(("role", "language"), GUIDES)
def test_what_a_guide_quotes_stands_on_a_page(role: str, language: str) -> None:
    text = guide(role, language)
    assert len(set(LABEL[language].findall(text))) >= FEWEST_LABELS
    assert not_said(text, language) == []


@pytest.mark.parametrize(("role", "language"), GUIDES)
def test_a_guide_has_two_pages_at_most(role: str, language: str) -> None:
    assert len(guide(role, language).splitlines()) <= MOST_LINES


@pytest.mark.parametrize("role", ROLES)
def test_a_chinese_guide_has_no_latin_word_but_kinds_of_files(role: str) -> None:
    assert latin_words(guide(role, "zh")) == set()


@pytest.mark.parametrize(("role", "language"), GUIDES)
def test_the_pictures_of_a_guide_are_there_and_in_its_language(role: str, language: str) -> None:
    named = [file for _, file in PICTURE.findall(guide(role, language))]
    assert 1 <= len(named) <= MOST_PICTURES
    for file in named:
        assert (FOLDER / file).is_file(), file
        assert file.endswith(f".{language}.jpg"), file


def test_no_picture_is_kept_that_no_guide_shows_and_all_are_small() -> None:
    shown = {file for role, language in GUIDES for _, file in PICTURE.findall(guide(role, language))}
    kept = list((FOLDER / "pictures").iterdir())
    assert {f"pictures/{path.name}" for path in kept} == shown
    assert sum(path.stat().st_size for path in kept) < MOST_BYTES


def test_a_wrong_label_and_a_foreign_word_are_seen() -> None:
    assert not_said("点「受理」，再点「受理一下」。", "zh") == ["受理一下"]
    assert not_said("“Accept”, then “Accept now”.", "en") == ["Accept now"]
    assert latin_words("下载 PDF，打开 dashboard。![页面](pictures/x.zh.jpg)") == {"dashboard"}
