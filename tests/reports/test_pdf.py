"""Papers: text is text, the same data make the same bytes, and what the compiler warns of is not handed out."""

import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from reports.files import pdf as papers
from reports.files.pdf import CharactersAreMissing, PaperIsFaulty, pdf

ROW = ["（2026）滨园人调字第31号", '#read("/etc/passwd") *x* $y$ ] #panic()']
DATA: dict[str, Any] = {
    "title": "办结报告", "office": "滨园", "lines": ["2026年"], "header": ["编号", "标题"], "widths": [1, 2],
    "rows": [ROW], "empty": "没有", "page": "第 {n} 页，共 {all} 页", "lang": "zh", "region": "cn",
}  # fmt: skip


def pages(content: bytes) -> int:
    streams = [
        content,
        *(_inflated(found) for found in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)),
    ]
    return max(len(re.findall(rb"/Type\s*/Page\b", one)) for one in streams)


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_what_people_wrote_is_no_markup_and_reads_no_file() -> None:
    content = pdf("closures", DATA)
    assert content.startswith(b"%PDF-")
    assert pages(content) == 1


def test_the_same_data_make_the_same_bytes_in_any_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = pdf("closures", DATA)
    monkeypatch.setenv("TZ", "America/Lima")
    monkeypatch.setenv("LANG", "C")
    assert pdf("closures", DATA) == first
    assert b"CreationDate" not in first


def test_a_long_table_goes_on_over_pages(tmp_path: Path) -> None:
    assert pages(pdf("closures", {**DATA, "rows": [ROW] * 200})) > 3


def test_an_untagged_paper_is_smaller() -> None:
    rows = {**DATA, "rows": [ROW] * 200}
    assert len(pdf("closures", rows, tagged=False)) < len(pdf("closures", rows))


@pytest.mark.parametrize(
    "template",
    [
        "#let d = json(bytes(sys.inputs.data))\n#d.nothing",
        '#text(font: "No Such Font")[x]',
        '#read("/etc/passwd")',
        "#(",
    ],
)
def test_an_error_or_a_warning_of_the_compiler_is_no_paper(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faulty.typ").write_text(template, "utf-8")
    monkeypatch.setattr(papers, "FORMS", tmp_path)
    with pytest.raises(PaperIsFaulty, match="faulty"):
        pdf("faulty", {})


NAMES = [
    "𠮷田", "买买提·吐尔逊", "བཀྲ་ཤིས", "ئۇيغۇر", "ᠮᠣᠩᠭᠣᠯ", "ꆈꌠ", "ᥖᥭᥰ", "ᦟᦲᧉ", "ꓡꓲꓢꓴ", "𖼀", "한글", "Nguyễn", "Erdoğan", "龘䶮㐂", "𬀩", "①㈠℃㎡",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_people_of_the_country_are_printed(name: str) -> None:
    """What the compiler cannot print would be refused under PDF/UA, so a paper that is made has no boxes."""
    assert pdf("closures", {**DATA, "rows": [["1", name]]}).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("ไทย 甲", ("ไ", "ท", "ย")),
        ("喜😀", ("😀",)),
        ("\ue000", ("\ue000",)),
        ("\u2800", ("\u2800",)),
        ('"न`', ("न",)),
        ("\U0002ebf0", ("\U0002ebf0",)),
    ],
)
def test_a_character_that_no_font_has_is_named_and_nothing_is_printed(text: str, characters: tuple[str, ...]) -> None:
    with pytest.raises(CharactersAreMissing) as refused:
        pdf("closures", {**DATA, "rows": [["1", "甲"], ["2", text]]})
    assert (refused.value.characters, refused.value.texts) == (characters, (text,))
    assert text not in str(refused.value), "a log names the characters and not whose name it is"
    assert f"U+{ord(characters[0]):04X}" in refused.value.named


def test_the_row_of_a_long_paper_is_found_too() -> None:
    rows = [[str(n), f"名{n}"] for n in range(500)] + [["500", "ไ"]]
    with pytest.raises(CharactersAreMissing) as refused:
        pdf("closures", {**DATA, "rows": rows}, tagged=False)
    assert refused.value.texts == ("ไ",)


def test_what_nobody_reads_is_no_missing_character() -> None:
    """Controls and directions are left out of a paper; joiners, selectors and soft hyphens need no letter."""
    for text in ("甲\x08\x9b\u202e", "甲\u200b\u200d", "葛\U000e0100", "a\u00adb", "\u3164"):
        assert pdf("closures", {**DATA, "rows": [["1", text]]}).startswith(b"%PDF-")


def test_a_template_that_is_not_there_is_an_error_of_its_own() -> None:
    with pytest.raises(FileNotFoundError):
        pdf("no_such_form", {})


def test_a_paper_is_set_wherever_the_program_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = pdf("closures", DATA)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the folder was imported')", "utf-8")
    assert pdf("closures", DATA) == wanted
    assert json.loads("1") == 1
    assert os.fspath(tmp_path) == str(Path.cwd())
