"""framefleet turns web pages into video, exactly and fast, on one machine or on a fleet."""
