"""Requests as bytes: pages and forms as they are found, with something odd about them. Chance decides what; the same seed
decides the same for the same visitors."""

import re
from collections.abc import Callable
from random import Random
from urllib.parse import quote_plus

from tests.experiments.odd_values import CHARSETS, COOKIES, HEADERS, KINDS, METHODS, NO_TEXTS, PATHS, TEXTS
from tests.experiments.visitors import Visitor
from tests.web.reading import PageForm
from web.access import ROUTES
from workflow.procedures import PROCEDURES

COMMANDS = tuple(sorted({step.command.__name__ for procedure in PROCEDURES.values() for step in procedure.steps}))
QUERIES = (
    "lang",
    "show",
    "after",
    "number",
    "year",
    "unit",
    "month",
    "scheme",
    "done",
    "page",
    "kind",
    "as_of",
    "on",
    "profile",
)
BOUNDARY = b"xxBoundaryxx"
Fields = list[tuple[str, bytes]]


def odd_request(chance: Random, visitor: Visitor) -> bytes:
    """A whole request, after which the connection ends."""
    kind: Callable[[Random, Visitor], bytes] = chance.choices(
        (_odd_form, _odd_address, _odd_headers, _odd_method, _odd_query), (40, 20, 15, 10, 15)
    )[0]
    return kind(chance, visitor)


def _odd_form(chance: Random, visitor: Visitor) -> bytes:
    if not visitor.forms:
        return _odd_address(chance, visitor)
    form = chance.choice(visitor.forms)
    fields = _mutated(chance, _filled(chance, form))
    if form.method != "post":
        return _assembled("GET", f"{form.action}?{_urlencoded(fields).decode()}", visitor.cookie)
    kind, body = chance.choices((_as_url, _as_multipart, _as_something), (50, 40, 10))[0](chance, fields)
    return _assembled("POST", form.action, visitor.cookie, (("Content-Type", kind),), body)


def _odd_address(chance: Random, visitor: Visitor) -> bytes:
    if chance.random() < 0.3:
        return _assembled("GET", chance.choice(PATHS), visitor.cookie)
    route = chance.choice([*ROUTES.values()])

    def value(name: re.Match[str]) -> str:
        if name[1] == "command" and chance.random() < 0.7:
            return chance.choice(COMMANDS)
        return quote_plus(chance.choice(TEXTS))[: chance.choice((8, 200, 6_000))]

    return _assembled(route.method, re.sub(r"{(\w+)}", value, route.path), visitor.cookie)


def _odd_query(chance: Random, visitor: Visitor) -> bytes:
    fields = [(chance.choice(QUERIES), _value(chance)) for _ in range(chance.randint(1, 4))]
    page = chance.choice(visitor.pages).partition("?")[0]
    return _assembled(chance.choice(("GET", "HEAD")), f"{page}?{_urlencoded(fields).decode()}", visitor.cookie)


def _odd_headers(chance: Random, visitor: Visitor) -> bytes:
    odd = [(name, chance.choice(values)) for name, values in chance.sample(HEADERS, chance.randint(1, 3))]
    cookie = chance.choice(COOKIES) if chance.random() < 0.3 else visitor.cookie
    posts = [form for form in visitor.forms if form.method == "post"]
    if posts and chance.random() < 0.4:
        form = chance.choice(posts)
        kind, body = _as_url(chance, _filled(chance, form))
        return _assembled("POST", form.action, cookie, (("Content-Type", kind), *odd), body)
    return _assembled("GET", chance.choice((*visitor.pages, "/static/huiyin.css")), cookie, odd)


def _odd_method(chance: Random, visitor: Visitor) -> bytes:
    where = chance.choice((*visitor.pages, *PATHS, "/static/huiyin.css", *(form.action for form in visitor.forms)))
    body = b"x" * chance.choice((0, 0, 10, 3_000_000))
    return _assembled(chance.choice(METHODS), where, visitor.cookie, (), body)


# -- fields -----------------------------------------------------------------------------------------------------------


def _filled(chance: Random, form: PageForm) -> Fields:
    """As somebody might fill it in who is in a hurry: what was there, and words where there was nothing."""
    made = [(name, value.encode()) for name, values in form.values.items() for value in values]
    return [(name, value or b"1" if chance.random() < 0.5 else value) for name, value in made]


def _mutated(chance: Random, fields: Fields) -> Fields:
    """Some values odd, and now and then a field twice, less, or more."""
    plain = ("form_token", "form_id", "version")
    rate = chance.choice((0.1, 0.3, 0.8))
    made = [
        (name, _value(chance) if chance.random() < (rate / 10 if name in plain else rate) else value) for name, value in fields
    ]  # fmt: skip
    match chance.randint(0, 9):
        case 0 if made:
            made.append((chance.choice(made)[0], _value(chance)))
        case 1 if made:
            made.pop(chance.randrange(len(made)))
        case 2:
            made.append((chance.choice(TEXTS)[:200], _value(chance)))
        case 3:
            made += [(f"x{place}", b"x") for place in range(chance.choice((3, 300)))]
    return made


def _value(chance: Random) -> bytes:
    return chance.choice(NO_TEXTS) if chance.random() < 0.1 else chance.choice(TEXTS).encode("utf-8", "surrogatepass")


# -- bytes ------------------------------------------------------------------------------------------------------------


def _urlencoded(fields: Fields) -> bytes:
    pairs = (f"{quote_plus(name.encode('utf-8', 'surrogatepass'))}={quote_plus(value)}" for name, value in fields)
    return "&".join(pairs).encode()


def _as_url(_chance: Random, fields: Fields) -> tuple[str, bytes]:
    return "application/x-www-form-urlencoded", _urlencoded(fields)


def _as_multipart(chance: Random, fields: Fields) -> tuple[str, bytes]:
    charset = f"; charset={chance.choice(CHARSETS)}" if chance.random() < 0.7 else ""
    extra = chance.choices((b"", b'; filename="x.txt"', b"; filename*=utf-8''%ff", b'; name="y"'), (90, 4, 3, 3))[0]
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (BOUNDARY, name.encode("utf-8", "surrogatepass"), extra, value)
        for name, value in fields
    ]
    end = chance.choices((b"--" + BOUNDARY + b"--\r\n", b"", b"--" + BOUNDARY), (90, 5, 5))[0]
    return f"multipart/form-data; boundary={BOUNDARY.decode()}{charset}", b"".join(parts) + end


def _as_something(chance: Random, fields: Fields) -> tuple[str, bytes]:
    kind = chance.choice(KINDS)
    return kind, chance.choice(
        (_urlencoded(fields), b"", b"\0" * 100, b"--x\r\n\r\n", b"{", b"=&=&", b"%", b"\xff" * 1_000)
    )


def _assembled(
    method: str, target: str, cookie: str, headers: tuple[tuple[str, str], ...] | list[tuple[str, str]] = (), body: bytes = b""
) -> bytes:  # fmt: skip
    """What is sent. Headers that are given stand in place of the usual ones of that name."""
    given = {name.lower() for name, _ in headers}
    usual = [("Host", "127.0.0.1"), ("Cookie", cookie), ("Connection", "close"), ("Content-Length", str(len(body)))]
    lines = [*headers, *(one for one in usual if one[0].lower() not in given)]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace") + body
