"""One task end to end: open the site, run the step, publish its artifacts, report.

Leaves where tasks come from, and how often they are tried, to others.
"""
