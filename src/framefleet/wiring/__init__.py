"""Settings to objects; the only room that knows executors and storages by name."""
