"""Slowed guessing: how often one address, and everybody together, may try a thing."""

from fastapi import Request
from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from web.context import site_of

#: What everybody together may do is so many times what one address may.
ALL_TOGETHER = 20
_limiter = SlidingWindowCounterRateLimiter(MemoryStorage())


def allowed(rule: RateLimitItem, *what: str | Request) -> bool:
    """Whether this try may go on. Give the request to count by address, any words to count by those."""
    words = [part for part in what if isinstance(part, str)]
    requests = [part for part in what if not isinstance(part, str)]
    together = type(rule)(rule.amount * ALL_TOGETHER, rule.multiples)
    if not _limiter.hit(together, *words):
        return False
    return (
        all(_limiter.hit(rule, *words, address_of(request)) for request in requests)
        if requests
        else _limiter.hit(rule, *words)
    )


def address_of(request: Request) -> str:
    forwarded = request.headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip()
    if forwarded and site_of(request).settings.trusted_proxy:
        return forwarded
    return request.client.host if request.client else ""
