"""The command line: one module per command, over the public API.

Owns options, progress display and exit codes; leaves every decision about a render to `aio`.
"""
