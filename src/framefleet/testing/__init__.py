"""Assertions for tests of renders, ours and users'.

Reads videos back; depends on nothing that makes them.
"""
