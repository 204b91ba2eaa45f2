"""Errors as answers, the one place where an exception becomes a status: pages for people, problems for programs.

PleaseSignIn                303 to the sign-in page; where a form was sent, 403 with what was typed, to be taken along
MustFirst                   303 to the code of the second factor, to setting one up, or to as whom one acts
NoSuchPage, CaseNotFound    404, the same page for what is not there and for what is not yours
FormIsStale                 403, with what was typed and the way back
BrowserKeepsNothing         403, and what to allow or to set
FormIsMalformed             400
FormWasUsed                 409, where no page keeps the text
RequestValidationError      404, an address that none of our pages gives
Problem                     what it says itself; of programs only
NoOffice                    503, run `huiyin init`
KeyIs...                    503, what needs a key of the office waits until its file is here
TalliesCatchUp              503, how far they are; the page asks again by itself
ClockIsInDoubt              503, nothing is dated by it; the page keeps what was typed
WaitedTooLong               503, somebody else is writing; when to try again; the page keeps what was typed
OperationalError,           503, the database cannot be written to or reached now; the same
  TimeoutError of its pool
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cases.clock_watch import ClockIsInDoubt
from cases.execute import CaseNotFound
from cases.office import NoOffice
from cases.repeats import FormWasUsed
from cases.tally import TalliesCatchUp
from infra.jinja import environment
from infra.keys import KeyIsExposed, KeyIsUnreadable
from infra.line import WaitedTooLong
from people.office_keys import KeyIsNotPinned
from web.context import MustFirst, NoSuchPage, PleaseSignIn, page_language, site_of
from web.posted import BrowserKeepsNothing, FormIsMalformed, FormIsStale, posted_without_database
from web.problems import Problem, is_of_a_program, language_of, problem
from words import Words

log = logging.getLogger(__name__)

#: Seconds after which a form that could not be taken may be sent again.
TRY_AGAIN_SECONDS = 5
#: Fields of forms that are not given back: they are typed again sooner than left on a screen.
SECRETS = frozenset({"password", "code"})
Fields = Mapping[str, Sequence[str]]


def install(app: FastAPI) -> None:
    app.add_exception_handler(PleaseSignIn, _sign_in)
    app.add_exception_handler(FormIsStale, _stale)
    app.add_exception_handler(MustFirst, _first)
    for error, status, code in (
        (NoSuchPage, 404, "error.not_found"),
        (CaseNotFound, 404, "error.not_found"),
        (RequestValidationError, 404, "error.not_found"),
        (BrowserKeepsNothing, 403, "error.no_cookies"),
        (FormIsMalformed, 400, "error.malformed"),
        (FormWasUsed, 409, "error.form_was_used"),
        (NoOffice, 503, "error.no_office"),
        (KeyIsNotPinned, 503, "error.key"),
        (KeyIsExposed, 503, "error.key"),
        (KeyIsUnreadable, 503, "error.key"),
    ):
        app.add_exception_handler(error, _page(status, code))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(TalliesCatchUp, _tallies)
    app.add_exception_handler(WaitedTooLong, _try_again("error.saving"))
    app.add_exception_handler(ClockIsInDoubt, _try_again("error.clock"))
    app.add_exception_handler(OperationalError, _try_again("error.database"))
    app.add_exception_handler(NoConnectionInTime, _try_again("error.database"))
    app.add_exception_handler(HTTPException, _http)
    # Starlette's own place for this is outside every middleware: the page would go out without the strict headers.
    app.add_middleware(ServerErrorMiddleware, handler=_unexpected)


async def _sign_in(request: Request, error: Exception) -> Response:  # noqa: ARG001 (the framework's signature)
    """A session has run out, often over a long text: that is shown once more, for whoever signs in again."""
    if typed := await _typed(request):
        return plain_page(request, 403, "error.signed_out", typed=typed)
    return RedirectResponse("/signin", status_code=303)


async def _stale(request: Request, error: Exception) -> Response:  # noqa: ARG001 (the framework's signature)
    return plain_page(request, 403, "error.stale_form", typed=await _typed(request))


async def _typed(request: Request) -> Fields | None:
    """What a person typed into one of our forms that this browser was given; no password, no code."""
    posted = await posted_without_database(request) if request.method == "POST" else None
    typed = {name: values for name, values in posted.fields().items() if any(values)} if posted else {}
    return typed if typed and not SECRETS & typed.keys() else None


def _first(request: Request, error: Exception) -> Response:  # noqa: ARG001 (the framework's signature)
    assert isinstance(error, MustFirst)
    return RedirectResponse(error.path, status_code=303)


def _page(status: int, code: str) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        if status >= 500:
            log.error("request failed", extra={"status": status, "error": type(error).__name__})
        return plain_page(request, status, code)

    return answer


def _try_again(code: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Nothing was written. The form that was sent stands on the page, to be sent again as it is."""

    async def answer(request: Request, error: Exception) -> Response:
        log.error("request failed", extra={"status": 503, "error": type(error).__name__})
        posted = await posted_without_database(request) if request.method == "POST" else None
        kept = posted.values if posted and not SECRETS & posted.values.keys() else None
        page = plain_page(request, 503, code, kept=kept)
        page.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
        return page

    return answer


def _tallies(request: Request, error: Exception) -> Response:
    """How far the tallies are. A page asks again by itself; what was sent is sent again by whoever sent it."""
    assert isinstance(error, TalliesCatchUp)
    page = plain_page(request, 503, "error.tallies", done=f"{error.done:,}", all=f"{error.total:,}")
    page.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    if request.method != "POST":
        page.headers["Refresh"] = str(TRY_AGAIN_SECONDS)
    return page


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem(
        language_of(request, site_of(request).settings.language), error.status, f"problem.{error.code}",
        reasons=error.reasons, beside=error.beside, headers=error.headers, values=error.values,
    )  # fmt: skip


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "error.not_found", 405: "error.not_found", 413: "error.too_large"}.get(error.status_code)
    page = plain_page(request, error.status_code, code or "error.malformed")
    page.headers.update(error.headers or {})  # such as Allow, which a 405 must name
    return page


def _unexpected(request: Request, error: Exception) -> Response:
    log.exception("request failed unexpectedly", exc_info=error)
    return plain_page(request, 500, "error.unexpected")


def plain_page(
    request: Request, status: int, code: str, *, kept: Fields | None = None, typed: Fields | None = None, **values: str
) -> Response:
    """A page that needs no database: it says what is wrong and what to do, in words that name `values`. `kept` are the fields
    of the form that was sent to this address, to be sent again from here; `typed` what of it can only be taken along. For a
    program the same as a problem."""
    if is_of_a_program(request):
        return problem(language_of(request, site_of(request).settings.language), status, code, values=values)
    language = page_language(request)
    template = environment(language).get_template("pages/error.html")
    url = request.url
    address = f"{url.path}?{url.query}" if url.query else url.path
    html = template.render(
        t=Words(language), code=code, status=status, kept=kept, typed=typed, address=address, values=values
    )
    return HTMLResponse(html, status_code=status)
