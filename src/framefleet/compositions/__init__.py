"""Open a composition: serve its site, read what it offers, drive it to a frame and film that.

One module per kind of composition; leaves what becomes of the pictures to `rendering`.
"""
