"""Template environments, one a language. HTML is escaped always; an undefined name is an error and never a blank; no text
turns a line around, on a page or in a mail."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from infra.i18n import translations
from infra.steering import without_steering

#: Parts of pages that are kept drawn, in each language: every field of every form, and room for as many again.
MOST_KEPT = 2_000


@cache
def environment(language: str) -> Environment:
    made = Environment(
        loader=PackageLoader("templates", "."),
        autoescape=select_autoescape(("html", "svg"), default=False),
        undefined=StrictUndefined,
        finalize=_straight,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # templates change with the program; each page would ask the disk about each of its parts
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # by the extension
    made.globals["language"] = language
    made.globals["once"] = _once()
    return made


def _straight(value: Any) -> Any:
    """A value as it is printed. What templates have made is Markup and stays so."""
    if not isinstance(value, str):
        return value
    straight = without_steering(value)
    return Markup(straight) if isinstance(value, Markup) else straight  # noqa: S704 (it was Markup before)


def render(language: str, template: str, **values: Any) -> str:
    return environment(language).get_template(template).render(**values)


def _once() -> Callable[..., Any]:
    """A function for templates: `once(key, macro, ...)` is what the macro makes of the rest, made once for each key. The key has to
    say everything that the macro looks at; there is one such function a language."""
    kept: dict[Any, Any] = {}

    def once(key: Any, macro: Callable[..., Any], *given: Any) -> Any:
        if key in kept:
            return kept[key]
        made = macro(*given)
        if len(kept) < MOST_KEPT:
            kept[key] = made
        return made

    return once
