"""Wrong positions of a measured scan: finding them, and the choice between them and the file's."""
