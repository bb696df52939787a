"""The server program, over HTTP."""
