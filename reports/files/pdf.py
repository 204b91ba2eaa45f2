"""Papers as PDF: a template of `templates/forms` and plain data make the same bytes on every machine.

`pdf("closures", data)` sets `templates/forms/closures.typ`. The data reach the template as JSON, which it reads with

    #let d = json(bytes(sys.inputs.data))

so that what people wrote is text there and never markup: `#read("/etc/passwd")` is printed as it stands. Every word of a
paper comes with the data, already in the reader's language; a template holds only the layout. Values are what JSON has:
text, whole numbers, true, false, lists and objects; days and amounts are texts that were written by the caller.

What a template must know:

- The font is Noto Sans CJK SC, regular. It has no bold: `#show strong: it => text(stroke: 0.03em, it.body)`. What it lacks,
  the compiler takes from the fonts of `templates/fonts`: scripts in which names of the country are written.
- `#set document(date: none)`: a paper that was made twice is the same file, so that its hash can be compared.
- It reads no files and no packages; the compiler's root is the folder of the forms.

Each paper is set in a process of its own, which costs a third of a second: the compiler keeps what it has seen, 200 MB
for a list of 2,000 rows, and would keep it as long as the server runs.

A box where a letter should stand is no paper. The compiler prints one without a warning, except where a standard forbids
it: so before the paper its texts are set once under PDF/UA, which names the first character that no font has.

Errors: `PaperIsFaulty`, for any error and any warning of the compiler, < `CharactersAreMissing`.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import as_file, files
from typing import Any

from infra.steering import without_steering

FORMS, FONTS = files("templates") / "forms", files("templates") / "fonts"
LONGEST_SECONDS = 120
#: The exit code of a process that could not print all characters; it names them on stderr.
MISSING = 3
#: So many are named at once.
NAMED = 20
PROOF = """
#set document(title: "proof", date: none)
#set text(font: "Noto Sans CJK SC")
#for one in json(bytes(sys.inputs.data)) [#one #parbreak()]
"""
#: How the compiler names what it cannot print, between the quotes of a Rust string.
_NOT_PRINTED = re.compile(r'the text (?:contains the disallowed codepoint )?`"(.+?)"`')
_RUST_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")
#: Characters that the font has: they need no proof, and most texts have no others.
_SURE = re.compile(r"[\n\x20-\x7e\u4e00-\u9fa5\u3000-\u3002\uff01-\uff5e·—“”]*")


class PaperIsFaulty(Exception):
    """The template and its data do not make a paper that may be handed out. The message is the compiler's."""


class CharactersAreMissing(PaperIsFaulty):
    """No font that ships with the program has these characters. `texts` are those of the data that hold one."""

    def __init__(self, characters: Sequence[str], texts: Sequence[str]) -> None:
        super().__init__("no font has " + ", ".join(map(_code_points, characters)))  # of names, only what is lacking
        self.characters, self.texts = tuple(characters), tuple(texts)

    @property
    def named(self) -> str:
        """“བཀྲ”: བ (U+0F56), ཀ (U+0F40): where they stand and which they are."""
        where = ", ".join(f"“{text}”" for text in self.texts[:NAMED])
        return f"{where}: " + ", ".join(f"{one} ({_code_points(one)})" for one in self.characters)


def pdf(template_name: str, data: Mapping[str, Any], *, tagged: bool = True) -> bytes:
    """The paper as the bytes of a PDF file; `tagged` for people who have it read out (2.5 kB for each row of a table).

    Raises `PaperIsFaulty`, `CharactersAreMissing`, `FileNotFoundError` for an unknown template.
    """
    said = _without_steering(data)
    texts = sorted(set(_texts(said)))
    order = {
        "template": (FORMS / f"{template_name}.typ").read_text("utf-8"),
        "data": json.dumps(said, ensure_ascii=False),
        "proof": [text for text in texts if not _SURE.fullmatch(text)],
        "tagged": tagged,
    }
    # The same packages as here, however this process found them; -P: and nothing of the folder it happens to be in.
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(folder or "." for folder in sys.path)}
    try:
        done = subprocess.run(  # our own module, no shell, the data by stdin
            [sys.executable, "-P", "-m", "reports.files.pdf"], input=json.dumps(order).encode(), env=found,
            capture_output=True, timeout=LONGEST_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PaperIsFaulty(f"{template_name}: not set within {LONGEST_SECONDS} seconds") from None
    if done.returncode == MISSING:
        missing = json.loads(done.stderr)
        raise CharactersAreMissing(missing, [text for text in texts if any(one in text for one in missing)])
    if done.returncode:
        raise PaperIsFaulty(f"{template_name}: {done.stderr.decode('utf-8', 'replace').strip()}")
    return done.stdout


def _without_steering(value: Any) -> Any:
    """The data as they may be printed, whatever is nested in them."""
    match value:
        case str():
            return without_steering(value)
        case Mapping():
            return {name: _without_steering(one) for name, one in value.items()}
        case list() | tuple():
            return [_without_steering(one) for one in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)


def _code_points(text: str) -> str:
    return " ".join(f"U+{ord(one):04X}" for one in text)


# -- in the process that sets one paper -------------------------------------------------------------------------------


class _Printer:
    """The compiler with the fonts of a paper and no other: a paper looks the same everywhere."""

    def __init__(self) -> None:
        import noto_cjk_sans_otc  # here: only the process that sets papers needs the compiler and 20 MB of font
        import typst

        self._typst = typst
        with as_file(FONTS) as own:
            self._fonts = typst.Fonts(
                include_system_fonts=False,
                include_embedded_fonts=False,
                font_paths=[str(noto_cjk_sans_otc.FONT_PATH.parent), str(own)],
            )

    def missing(self, texts: Sequence[str]) -> list[str]:
        """What in these texts no font has: one after the other, as the compiler names the first."""
        found: list[str] = []
        while texts and len(found) < NAMED and (one := self._first_missing(texts)):
            found.append(one)
            texts = [text.replace(one, "") for text in texts]
        return found

    def _first_missing(self, texts: Sequence[str]) -> str | None:
        try:
            self._typst.compile(
                PROOF.encode(), font_paths=self._fonts, sys_inputs={"data": json.dumps(texts)}, timestamp=0,
                pdf_standards=["ua-1"],
            )  # fmt: skip
        except self._typst.TypstError as error:
            named = _NOT_PRINTED.search(error.message)
            if named is None:
                raise
            return _RUST_ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else one[2], named[1])
        return None

    def typeset(self, order: Mapping[str, Any]) -> bytes:
        with as_file(FORMS) as root:
            made, warnings = self._typst.compile_with_warnings(
                order["template"].encode(), root=str(root), font_paths=self._fonts, sys_inputs={"data": order["data"]},
                timestamp=0, pdf_tags=order["tagged"],
            )  # fmt: skip
        if warnings:
            raise PaperIsFaulty("; ".join(warning.message for warning in warnings))
        assert isinstance(made, bytes), "a PDF is one file, however many pages it has"
        return made


def main() -> None:
    """The process that sets one paper: the order on stdin, the file on stdout, what is wrong on stderr."""
    from typst import TypstError

    order, printer = json.load(sys.stdin.buffer), _Printer()
    try:
        if missing := printer.missing(order["proof"]):
            sys.stderr.write(json.dumps(missing))
            sys.exit(MISSING)
        sys.stdout.buffer.write(printer.typeset(order))
    except (PaperIsFaulty, TypstError) as error:
        sys.exit(error.message if isinstance(error, TypstError) else str(error))


if __name__ == "__main__":
    main()
