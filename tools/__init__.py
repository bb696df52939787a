"""What builds and keeps the project; no part of the package."""
