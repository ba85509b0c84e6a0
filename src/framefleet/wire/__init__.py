"""The reference's serverless payloads: what its clients write and read, as our values.

How they travel, and what is done about them, is the business of other rooms.
"""
