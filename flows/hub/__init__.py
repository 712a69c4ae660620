"""The folder of a study: where it lies, its room on the disk, and whether it still holds."""
