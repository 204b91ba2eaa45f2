"""What may be a password: long enough, and not what somebody would try first.

Sources: OWASP ASVS 5.0 §6.2 (at least eight characters, no rules of composition, none that is common or about the place);
NIST SP 800-63B §3.1.1. How easily one is guessed is estimated by zxcvbn, which knows the usual passwords, names, rows of
keys and dates.
"""

from collections.abc import Iterable

from zxcvbn import zxcvbn

from infra.identifiers import half_width

MIN_PASSWORD, MAX_PASSWORD = 10, 200
#: Guesses, as a power of ten, that somebody with a list needs at least.
LEAST_GUESSES = 8
#: More of a password is not looked at: by then it is safe.
LOOKED_AT = 72
#: What stands for us everywhere.
OURS = ("huiyin", "admin", "password")


def fault_of_password(password: str, *, about: Iterable[str]) -> str | None:
    """The code of what is wrong with it; None if it may be chosen. `about`: names of the person, the unit, the office."""
    if len(password) < MIN_PASSWORD:
        return "password.too_short"
    if len(password) > MAX_PASSWORD:
        return "password.too_long"
    words = [word for one in (*OURS, *about) for word in (one, *one.split("@")[:1]) if word]
    found = zxcvbn(half_width(password)[:LOOKED_AT], user_inputs=words)
    return None if found["guesses_log10"] >= LEAST_GUESSES else "password.too_easy"
