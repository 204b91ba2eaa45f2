"""How long whatever goes out is tried: mails, short messages and webhooks alike."""

from datetime import datetime, timedelta

#: A round takes up nothing further after so long; what it has claimed and not begun waits for the next one. The lease
#: outlasts a round and the longest mail after it.
ROUND_SECONDS = 300.0
LEASE = timedelta(minutes=15)
#: Minutes until the next try after the first, second, ... failure; then hourly.
BACKOFF_MINUTES = (1, 2, 4, 8, 15, 30, 60)
GIVE_UP_AFTER = timedelta(hours=72)


def backoff(attempts: int) -> timedelta:
    """The pause after so many failed tries: 1, 2, 4, 8, 15, 30 minutes, then an hour."""
    return timedelta(minutes=BACKOFF_MINUTES[min(attempts, len(BACKOFF_MINUTES)) - 1])


def tried_enough(since: datetime, attempts: int, *, now: datetime) -> bool:
    """Three days old and tried as often as the pauses say: a program that stood still for days has not tried."""
    return now - since > GIVE_UP_AFTER and attempts > len(BACKOFF_MINUTES)
