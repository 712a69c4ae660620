"""What runs a stage: its process, the cache, the lock of a hub, and events on the way."""
