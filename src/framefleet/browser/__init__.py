"""Chromium: find it, start it, lend it, open a page, step its frames, photograph them.

Knows nothing of what a page shows or who drives it.
"""
