"""``python -m tora`` is the command ``tora``."""

from __future__ import annotations

from tora.cli import main

if __name__ == "__main__":
    main()
