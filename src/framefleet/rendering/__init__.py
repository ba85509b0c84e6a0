"""The three pure steps over local paths: plan, chunk, assemble; and a still, for one frame.

They know nothing of stores, executors or clouds.
"""
