"""The edges as Protocols: where bytes lie and where tasks run.

Each docstring is a contract that every implementation is tested against.
"""
