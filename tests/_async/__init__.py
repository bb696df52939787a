"""Tests of the client; ``tools/sync.py`` makes ``tests/_sync`` from them."""
