"""Several servers behind one address: they share a catalog in PostgreSQL, and tell each other what it does not hold.

A server that is alone loads nothing of this package.
"""
