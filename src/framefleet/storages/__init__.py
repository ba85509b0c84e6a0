"""Where artifact bytes lie: one module per storage.

Each implements `interfaces.Storage` and passes its contract suite.
"""
