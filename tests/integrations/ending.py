"""What Ray leaves behind when it has ended its processes."""

from __future__ import annotations

import gc
import warnings

__all__ = ["forget_processes"]


def forget_processes() -> None:
    """Let go of processes that Ray ended without asking how: else Python warns of them in the midst of another test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
