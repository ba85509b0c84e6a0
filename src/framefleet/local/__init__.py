"""Renders on this machine: a session with a site, a video, a still.

What the public functions hand over to; leaves reading their options to `aio`.
"""
