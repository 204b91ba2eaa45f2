"""The session's cookie, begun and ended; the cookie of a browser that somebody has signed in with."""

from starlette.responses import Response

from infra.db import transaction
from infra.settings import Settings
from people.known_browsers import KNOWN_FOR
from people.signin import end_session
from web.context import KNOWN_COOKIE, SESSION_COOKIE, Context, cookie_name, cookie_of


def start(response: Response, token: str, settings: Settings) -> Response:
    response.set_cookie(
        cookie_name(SESSION_COOKIE, settings), token, path="/", httponly=True, samesite="lax",
        secure=settings.secure_cookies,
    )  # fmt: skip
    return response


def make_known(response: Response, token: str, settings: Settings) -> Response:
    """It opens nothing: it only keeps this browser from being made to wait by guesses from elsewhere."""
    response.set_cookie(
        cookie_name(KNOWN_COOKIE, settings), token, max_age=int(KNOWN_FOR.total_seconds()), path="/", httponly=True, samesite="lax",
        secure=settings.secure_cookies,
    )  # fmt: skip
    return response


def end(ctx: Context, response: Response) -> Response:
    """Ends the session on the server too, so that a copied cookie is worth nothing."""
    token = cookie_of(ctx.request, SESSION_COOKIE)
    if token:
        with transaction(ctx.engine) as connection:
            end_session(connection, token)
    settings = ctx.site.settings
    response.delete_cookie(cookie_name(SESSION_COOKIE, settings), path="/", secure=settings.secure_cookies)
    return response
