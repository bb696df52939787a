"""The server: an HTTP program over a catalog and a store of points."""
