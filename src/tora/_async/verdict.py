"""What an answer to a batch means: stored, later, never, or smaller."""

from __future__ import annotations

from typing import Final

from tenacity import RetryCallState, wait_exponential, wait_random

from tora._async.http import Answer, refusal

__all__ = ["RefusedError", "TooLargeError", "UnavailableError", "failure", "judge", "patience"]

_backoff: Final = wait_exponential(multiplier=0.1, max=30) + wait_random(0, 0.5)


class UnavailableError(Exception):
    """The server cannot take the batch now; sending it again later may work."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RefusedError(Exception):
    """The server will not take the batch; sending it again at once cannot work."""


class TooLargeError(Exception):
    """The server wants smaller batches."""


def judge(answer: Answer) -> None:
    """Return where the answer is any 2xx.

    Raises:
        TooLargeError: Send less at once.
        UnavailableError: Send it again later.
        RefusedError: Do not send it again.
    """
    if answer.ok:
        return
    reason = str(refusal(answer))
    if answer.status == 413:
        raise TooLargeError(reason)
    if answer.may_pass:
        raise UnavailableError(reason, answer.retry_after)
    raise RefusedError(reason)


def failure(state: RetryCallState) -> BaseException | None:
    """Return why a try failed."""
    return state.outcome.exception() if state.outcome is not None else None


def patience(state: RetryCallState) -> float:
    """Return how many seconds to wait before the next try: what the server asked for, else longer each time."""
    reason = failure(state)
    asked = reason.retry_after if isinstance(reason, UnavailableError) else None
    return _backoff(state) if asked is None else asked
