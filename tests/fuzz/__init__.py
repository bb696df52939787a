"""Generated requests to every call of a running server, made from its own description of itself."""
