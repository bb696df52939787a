"""The handlers of the HTTP protocol, one module a family: decode, call a store, encode."""
