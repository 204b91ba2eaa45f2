"""No file is longer than a person reads in one go, and no body of a function either, unless a reason stands here."""

import ast
from collections.abc import Iterator

from gates.packages import ROOT, packages

MOST_LINES, MOST_BODY = 350, 40
#: A body that is longer, and why it is one thing all the same.
REASONS = {
    "gates/checks.py codes": "a list of every code, one line each",
    "reports/years/closing.py close_year": "the closing of a year in the order in which it has to happen, in one transaction",
    "web/presenters/case_page.py show_case": "the page, field by field; what is worked out stands in functions of its own",
}


def too_long() -> Iterator[str]:
    """What is longer, one line each; and reasons that nothing needs any more."""
    needed = set()
    for path in sorted(
        path for package in packages(but_not=("migrations",)) for path in (ROOT / package).rglob("*.py")
    ):
        text, name = path.read_text("utf-8"), path.relative_to(ROOT).as_posix()
        if (lines := len(text.splitlines())) > MOST_LINES:
            yield f"{name}: {lines} lines, {MOST_LINES} at most"
        for function, length in _bodies(ast.parse(text)):
            if length > MOST_BODY and f"{name} {function}" in REASONS:
                needed.add(f"{name} {function}")
            elif length > MOST_BODY:
                yield f"{name}: {function} has {length} lines, {MOST_BODY} at most"
    yield from (f"{one}: no longer longer than the others" for one in sorted(REASONS.keys() - needed))


def _bodies(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Each function with the lines of its body, without its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1
