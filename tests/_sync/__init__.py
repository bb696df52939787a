# Made by tools/sync.py from tests/_async/__init__.py; edit that file, then run: python tools/sync.py
"""Tests of the client; ``tools/sync.py`` makes ``tests/_sync`` from them."""
