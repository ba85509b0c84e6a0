"""What renders leave in buckets: uploads outputs, keeps records, downloads and deletes.

It is given a `Storage`; which bucket that is, and where in it, is decided above.
"""
