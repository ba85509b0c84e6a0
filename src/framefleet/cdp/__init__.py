"""DevTools wire: one connection over Chromium's pipe, sessions, calls and events.

Knows the protocol's framing, not what any command is for.
"""
