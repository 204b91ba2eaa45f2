"""What a person sees of a page, and the forms on it, read from its HTML."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from starlette.testclient import TestClient


@dataclass
class PageForm:
    """A form as a browser would send it: where to, and what stands in its fields."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)

    def typed(self, **values: str | list[str]) -> dict[str, str | list[str]]:
        """The fields with these filled in."""
        return {**self.values, **values}


class _Reader(HTMLParser):
    SILENT = ("script", "style", "svg", "head")

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.words: list[str] = []
        self.title = ""
        self.ids: dict[str, str] = {}
        self.links: list[str] = []
        self._form: PageForm | None = None
        self._area: str | None = None
        self._select: str | None = None
        self._silent: list[str] = []
        self._in_title = self._in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if "id" in at:
            self.ids[at["id"]] = tag
        match tag:
            case "a":
                self.links.append(at.get("href", ""))
            case "form":
                self._form = PageForm(action=at.get("action", ""), method=at.get("method", "get"))
                self.forms.append(self._form)
            case "input":
                self._input(at)
            case "textarea":
                self._area = at["name"]
                self._put(at["name"], "")
            case "select":
                self._select = at["name"]
                self._name(at["name"])
            case "option" if self._select and "selected" in at:
                self._put(self._select, at.get("value", ""))
            case "button":
                self._in_button = True
            case "title" if "head" in self._silent:
                self._in_title = True
        if tag in self.SILENT:
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "textarea":
                if self._form and self._area:  # a newline right after the tag is not part of the text, as in a browser
                    self._form.values[self._area][-1] = self._form.values[self._area][-1].removeprefix("\n")
                self._area = None
            case "select":
                self._select = None
            case "button":
                self._in_button = False
            case "title":
                self._in_title = False
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        if self._area and self._form:
            self._form.values[self._area][-1] += data
        if self._in_button and self._form:
            self._form.buttons.append(data.strip())
        if not self._silent and data.strip():
            self.words.append(" ".join(data.split()))

    def _input(self, at: dict[str, str]) -> None:
        if at.get("type") in ("checkbox", "radio"):
            self._name(at["name"])
            if "checked" in at:
                self._put(at["name"], at["value"])
        else:
            self._put(at["name"], at.get("value", ""))

    def _put(self, name: str, value: str) -> None:
        self._name(name)
        if self._form:
            self._form.values.setdefault(name, []).append(value)

    def _name(self, name: str) -> None:
        if self._form and name not in self._form.names:
            self._form.names.append(name)


@dataclass(frozen=True)
class Page:
    """A page as it is read: title, visible words in order, forms, ids, links."""

    title: str
    words: tuple[str, ...]
    forms: tuple[PageForm, ...]
    ids: dict[str, str]
    links: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def form(self, ending: str) -> PageForm:
        """The form whose address ends so."""
        return next(form for form in self.forms if form.action.endswith(ending))

    def has_form(self, ending: str) -> bool:
        return any(form.action.endswith(ending) for form in self.forms)


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    return Page(
        title=" ".join(reader.title.split()),
        words=tuple(reader.words),
        forms=tuple(reader.forms),
        ids=reader.ids,
        links=tuple(reader.links),
    )


def page(browser: TestClient, address: str) -> Page:
    """The page at an address, which must be there."""
    answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return read(answer.text)
