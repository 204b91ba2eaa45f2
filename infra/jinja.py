"""Template environments, one a language. HTML is escaped always; an undefined name is an error and never a blank."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from infra.i18n import translations


@cache
def environment(language: str) -> Environment:
    made = Environment(
        loader=PackageLoader("templates", "."),
        autoescape=select_autoescape(("html", "svg"), default=False),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # templates change with the program; each page would ask the disk about each of its parts
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # by the extension
    made.globals["language"] = language
    return made


def render(language: str, template: str, **values: Any) -> str:
    return environment(language).get_template(template).render(**values)
