"""The headers that every answer carries, whatever it answers and whoever gives it."""

from infra.settings import Settings

#: What the state of a request says whose page runs our script.
WITH_SCRIPT = "with_script"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: Of a page that asks for a passkey: only there may a browser run a script, and only one of our own files.
POLICY_WITH_SCRIPT = f"{POLICY}; script-src 'self'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing for other sites. "no-referrer" would take the origin from our own forms too: browsers then post "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
#: For all but the files that are no secret.
NOT_KEPT = {"Cache-Control": "no-store"}


def strict_headers(settings: Settings, *, with_script: bool = False) -> dict[str, str]:
    """Without what a cache may do, which is another for a file than for a page. `with_script`: it asks for a passkey."""
    https = {"Strict-Transport-Security": "max-age=31536000"} if settings.secure_cookies else {}
    policy = {"Content-Security-Policy": POLICY_WITH_SCRIPT} if with_script else {}
    return {**HEADERS, **https, **policy}


def as_sent(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
