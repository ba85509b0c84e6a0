"""Remotion's official clients against a fleet of ours, which lives as long as this package."""
