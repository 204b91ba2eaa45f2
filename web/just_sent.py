"""A matter that is sent once more from a form of another id: where a browser, gone back, asks for the form anew, the words
come again and the id does not.

The browser keeps, for an hour, what its last matter was: a hash of its words under the browser's own secret, and one of the
form's id. Neither gives the words or the id away, and nobody else's matter is compared. Whoever means to bring the same
once more says so (docs/decisions/0017).
"""

import hashlib
import hmac
import json

from starlette.responses import Response

from web.context import Context, cookie_name, cookie_of
from web.posted import AGAIN, Posted

COOKIE, KEPT_FOR = "huiyin_sent", 3600


def was_just_sent(ctx: Context, form: Posted) -> bool:
    """Whether this browser has just sent the same from another form, and its owner has not said that it is meant."""
    words, _, form_id = cookie_of(ctx.request, COOKIE).partition(".")
    same = hmac.compare_digest(words.encode(), _words(ctx, form).encode())
    return same and form_id != _form(form) and not form.one(AGAIN)


def remember_sent(ctx: Context, form: Posted, response: Response) -> Response:
    settings = ctx.site.settings
    response.set_cookie(
        cookie_name(COOKIE, settings), f"{_words(ctx, form)}.{_form(form)}", max_age=KEPT_FOR, path="/", httponly=True,
        samesite="strict", secure=settings.secure_cookies,
    )  # fmt: skip
    return response


def _words(ctx: Context, form: Posted) -> str:
    said = json.dumps([ctx.request.url.path, sorted(form.fields().items())], ensure_ascii=False)
    return hmac.new(ctx.browser.encode(), said.encode(), hashlib.sha256).hexdigest()


def _form(form: Posted) -> str:
    """Half of a hash: enough to know the form again, and none of the code that is made from its id."""
    return hashlib.sha256(b"huiyin sent\0" + form.form_id.encode()).hexdigest()[:32]
