"""Frameworks that report to Tora: one module each, imported by whoever uses the framework.

They use Tora's public API alone, and `import tora` imports none of them.
"""
