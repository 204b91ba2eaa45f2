"""What a browser posted: text fields only, checked for the form token before anything looks at them."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from web.context import BROWSER_COOKIE, Context, context, cookie_of, is_sealed
from workflow.unseen import has_lone_surrogate

TOKEN, REQUEST, VERSION = "form_token", "form_id", "version"
AGAIN = "sent_again"  #: the same is meant once more
SEEN = "dates_seen"  #: which dates the person was shown before saying yes
_FORM_ID = re.compile(r"[0-9a-f]{32}")


class FormIsStale(Exception):
    """The form's token is not this browser's: it was opened before signing in or out, or it was forged."""


class BrowserKeepsNothing(Exception):
    """The browser brought no value of its own with the form: it takes no cookies from us."""


class FormIsMalformed(Exception):
    """The post was not sent by one of our forms."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form, in the order they were sent."""

    values: dict[str, list[str]]

    def one(self, name: str) -> str:
        return next(iter(self.values.get(name, ())), "")

    @property
    def form_id(self) -> str:
        """The id under which this form is taken once. Raises `FormIsMalformed` if it is not one that we issue."""
        found = self.one(REQUEST)
        if not _FORM_ID.fullmatch(found):
            raise FormIsMalformed
        return found

    @property
    def version(self) -> int:
        return self.figure(VERSION)

    def figure(self, name: str) -> int:
        """What the form itself carries as a figure. Raises `FormIsMalformed`."""
        return figure_from(self.one(name))

    def fields(self) -> dict[str, list[str]]:
        """What a person typed, without what the form itself carries."""
        return {
            name: values for name, values in self.values.items() if name not in (TOKEN, REQUEST, VERSION, SEEN, AGAIN)
        }


def figure_from(text: str) -> int:
    """A figure as our pages write it. Raises `FormIsMalformed`."""
    if not text.isdecimal() or len(text) > 9:
        raise FormIsMalformed
    return int(text)


async def posted(request: Request, ctx: Annotated[Context, Depends(context)]) -> Posted:
    return await _read(request, ctx, in_any_session=False)


async def posted_in_any_session(request: Request, ctx: Annotated[Context, Depends(context)]) -> Posted:
    return await _read(request, ctx, in_any_session=True)


async def posted_without_database(request: Request) -> Posted | None:
    """The form that this browser was given by us, whatever session it is in; None if it is none. For a page that gives it
    back."""
    try:
        found = await _fields(request)
    except (FormIsMalformed, HTTPException, ClientDisconnect):
        return None
    browser = cookie_of(request, BROWSER_COOKIE)
    return found if browser and is_sealed(browser, found.one(TOKEN)) else None


async def _read(request: Request, ctx: Context, *, in_any_session: bool) -> Posted:
    found = await _fields(request)
    if not cookie_of(request, BROWSER_COOKIE):
        raise BrowserKeepsNothing
    if not ctx.gave(found.one(TOKEN), in_any_session=in_any_session):
        raise FormIsStale
    return found


def _is_in_utf8(content_type: str) -> bool:
    """What browsers send for our pages, which are in UTF-8. Python knows "charsets" besides that raise, or expand."""
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8")
    return charset.lower() in (b"utf-8", b"utf8")


async def _fields(request: Request) -> Posted:
    """What was sent. Read once: whoever asks again is given the same."""
    if not _is_in_utf8(request.headers.get("content-type", "")):
        raise FormIsMalformed
    form = await request.form(max_files=0, max_fields=200)
    values: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) or has_lone_surrogate(name + value):
            raise FormIsMalformed
        values.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\0", ""))
    return Posted(values)


Form = Annotated[Posted, Depends(posted)]
#: A form that begins or ends a session. Of a double click the second post comes from the session that the first has begun or
#: ended, and what it asks for is right in either.
SessionForm = Annotated[Posted, Depends(posted_in_any_session)]
