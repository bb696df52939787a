"""Tests about the project itself: its layers, its face, its files, its documentation."""
