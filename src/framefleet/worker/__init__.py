"""One task end to end: open the site, run the step, publish its artifacts, report.

Run as a module it is a worker process that obeys its standard input.
"""
