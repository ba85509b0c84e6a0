"""Objects in Google Cloud Storage, and the buckets they lie in.

Leaves to others: where credentials come from (`settings`), and which bucket is meant.
"""
