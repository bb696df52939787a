"""What several test folders share: a real server process, polling, plain HTTP."""
