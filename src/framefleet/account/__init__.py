"""What an account keeps in its buckets, by their names: sites, renders, single objects.

Opens the buckets with the credentials of this machine and closes them again; what is done in them
is the business of `sites` and `delivery`.
"""
