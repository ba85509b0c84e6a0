"""JavaScript put into the page: frozen clock, seeded random, media elements.

Only sources and how they are put together; `compositions` decides when they run.
"""
