"""S3 and every store that speaks its protocol: objects of a bucket, and the buckets of an account.

What is put there, and under which keys, is for others to say.
"""
