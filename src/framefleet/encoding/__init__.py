"""Bitmaps to packets and back: encode, mux, join, mix sound, decode, probe.
Which frames exist, and where files come from and go to, is decided by the rooms above."""
