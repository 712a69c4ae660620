"""Files of a hub: how they are written, read and named."""
