"""The clients that are on PyPI already, run unchanged against this server."""
