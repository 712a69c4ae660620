"""What runs a stage: child processes, the cache, the lock of a hub, and events on the way."""
