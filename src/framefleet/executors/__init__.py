"""Where a task runs: one module per transport.

Each implements `interfaces.Executor` and passes its contract suite; none decides anything.
"""
