"""The sync facade: the loop thread, written by hand, and wrappers that ``tools/sync.py`` generates."""
