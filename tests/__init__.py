"""Tora's tests."""
