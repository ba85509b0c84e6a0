"""What a function of ours does when it is called: one module for each kind of payload.

Payload in, answer out; which platform called, and how bytes travel, is the business of `handlers`.
"""
