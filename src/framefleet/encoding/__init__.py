"""Bitmaps to packets: encode, mux, join, mix sound, probe.
Which frames exist, and where files come from and go to, is decided by the rooms above."""
