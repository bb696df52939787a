"""One module a peer; `drive.py` loads it by its file, inside the environment of that peer.

Each has ``init(folder)``, ``log(name, value, step)``, ``finish()`` and ``count(folder)``, which returns how many
metrics the peer's own means read back, in this process or a later one. ``recover(folder)``, where there is one, is what
the peer's documentation says to run after a process was killed. ``PACKAGE`` is what is imported. None imports Tora's
code but those that measure it.
"""

from __future__ import annotations
