"""Which task next: a state machine without I/O, and the runner that obeys it.

The only room that decides.
"""
