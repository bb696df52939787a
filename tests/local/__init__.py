"""The local server as its clients meet it: found, started, owned, revived."""
