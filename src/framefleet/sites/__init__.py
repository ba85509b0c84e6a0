"""Sites in a bucket: bundles a project, uploads what changed, lists and deletes.

It is given a `Storage`; which bucket that is, and who may use it, is decided above.
"""
