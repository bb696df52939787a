"""What a fork waits for: an import that is under way.

A child that is forked while another thread imports a module inherits that module's lock, which nobody
will ever release there, and hangs at its own import of the module. Tora imports what is heavy at the
first use, in whichever thread that is, so it does that while it holds `no_fork`.
"""

from __future__ import annotations

import os
import threading
from typing import Final

__all__ = ["no_fork"]

# Re-entrant: an import leads to others, and a signal handler may make the first use of something else.
no_fork: Final = threading.RLock()
"""Hold it for a moment in which this process must not be forked by another thread."""

if hasattr(os, "register_at_fork"):  # where there is no fork there is no hook for it
    os.register_at_fork(before=no_fork.acquire, after_in_parent=no_fork.release, after_in_child=no_fork.release)
