"""All of a data folder in one file: made while the server works, and made a folder again."""

from __future__ import annotations
