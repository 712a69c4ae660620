"""How far a run is, for the person who watches it."""
