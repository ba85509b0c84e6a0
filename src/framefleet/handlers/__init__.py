"""Entry points that others start: a worker process here, cloud functions later.

Each reads its orders, builds the objects and hands over; no decisions.
"""
