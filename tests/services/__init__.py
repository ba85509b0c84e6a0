"""Servers that tests talk to instead of clouds, and a proxy that breaks things on the way to them.

What is stored and how is up to the tests; `fixtures.py` offers the servers to all of them.
"""
