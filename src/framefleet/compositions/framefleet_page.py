"""Filming a framefleet page: being written."""
