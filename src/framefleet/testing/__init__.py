"""What tests of renders need, ours and users': videos read back, and a Lambda on this machine.

Depends on nothing that makes videos, nor on the functions that the Lambda runs.
"""

__all__ = ["local_lambda", "picture_info", "pictures", "video"]
