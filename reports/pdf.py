"""Papers as PDF: a template of `templates/forms` and plain data make the same bytes on every machine.

`pdf("closures", data)` sets `templates/forms/closures.typ`. The data reach the template as JSON, which it reads with

    #let d = json(bytes(sys.inputs.data))

so that what people wrote is text there and never markup: `#read("/etc/passwd")` is printed as it stands. Every word of a
paper comes with the data, already in the reader's language; a template holds only the layout. Values are what JSON has:
text, whole numbers, true, false, lists and objects; days and amounts are texts that were written by the caller.

What a template must know:

- The one font is Noto Sans CJK SC, regular. It has no bold: `#show strong: it => text(stroke: 0.03em, it.body)`.
- `#set document(date: none)`: a paper that was made twice is the same file, so that its hash can be compared.
- It reads no files and no packages; the compiler's root is the folder of the forms.

Each paper is set in a process of its own, which costs a third of a second: the compiler keeps what it has seen, 200 MB
for a list of 2,000 rows, and would keep it as long as the server runs.

Errors: `PaperIsFaulty`, for any error and any warning of the compiler (a missing glyph or font is only a warning there).
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import as_file, files
from typing import Any

FORMS = files("templates") / "forms"
LONGEST_SECONDS = 120


class PaperIsFaulty(Exception):
    """The template and its data do not make a paper that may be handed out. The message is the compiler's."""


def pdf(template_name: str, data: Mapping[str, Any], *, tagged: bool = True) -> bytes:
    """The paper as the bytes of a PDF file; `tagged` for people who have it read out (2.5 kB for each row of a table).

    Raises `PaperIsFaulty`, `FileNotFoundError` for an unknown template.
    """
    order = {
        "template": (FORMS / f"{template_name}.typ").read_text("utf-8"),
        "data": json.dumps(data, ensure_ascii=False),
        "tagged": tagged,
    }
    # The same packages as here, however this process found them; -P: and nothing of the folder it happens to be in.
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(folder or "." for folder in sys.path)}
    try:
        done = subprocess.run(  # our own module, no shell, the data by stdin
            [sys.executable, "-P", "-m", "reports.pdf"], input=json.dumps(order).encode(), env=found,
            capture_output=True, timeout=LONGEST_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PaperIsFaulty(f"{template_name}: not set within {LONGEST_SECONDS} seconds") from None
    if done.returncode:
        raise PaperIsFaulty(f"{template_name}: {done.stderr.decode('utf-8', 'replace').strip()}")
    return done.stdout


def _typeset(order: Mapping[str, Any]) -> bytes:
    import noto_cjk_sans_otc  # here: only the process that sets papers needs the compiler and 20 MB of font
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(noto_cjk_sans_otc.FONT_PATH.parent)],  # no other: a paper looks the same everywhere
    )
    with as_file(FORMS) as root:
        made, warnings = typst.compile_with_warnings(
            order["template"].encode(), root=str(root), font_paths=fonts, sys_inputs={"data": order["data"]},
            timestamp=0, pdf_tags=order["tagged"],
        )  # fmt: skip
    if warnings:
        raise PaperIsFaulty("; ".join(warning.message for warning in warnings))
    assert isinstance(made, bytes), "a PDF is one file, however many pages it has"
    return made


def main() -> None:
    """The process that sets one paper: the order on stdin, the file on stdout, what is wrong on stderr."""
    from typst import TypstError

    try:
        sys.stdout.buffer.write(_typeset(json.load(sys.stdin.buffer)))
    except (PaperIsFaulty, TypstError) as error:
        sys.exit(error.message if isinstance(error, TypstError) else str(error))


if __name__ == "__main__":
    main()
