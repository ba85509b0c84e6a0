"""The benchmark suite: framefleet beside Remotion's renderer and HyperFrames, on the same pages.

Ratios within one run are what it is for; the mixer alone is measured by `sound.py`.
"""
