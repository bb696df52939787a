"""Several servers that share a catalog."""
