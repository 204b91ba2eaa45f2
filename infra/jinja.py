"""Template environments, one a language. HTML is escaped always; an undefined name is an error and never a blank; no text
turns a line around, on a page or in a mail."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from infra.i18n import translations
from infra.steering import without_steering


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
    return made


def _straight(value: Any) -> Any:
    """A value as it is printed. What templates have made is Markup and stays so."""
    if not isinstance(value, str):
        return value
    straight = without_steering(value)
    return Markup(straight) if isinstance(value, Markup) else straight  # noqa: S704 (it was Markup before)


def render(language: str, template: str, **values: Any) -> str:
    return environment(language).get_template(template).render(**values)
