"""Values and rules: timing, compositions, output options, plans, sound, events.

Leaves everything with a side effect to the rooms above.
"""
