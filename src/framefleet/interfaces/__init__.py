"""The edges as Protocols: where bytes lie and where tasks run; and what their users share.

Each docstring is a contract that every implementation is tested against.
"""
