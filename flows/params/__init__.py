"""What a person chooses, in the form or on the command line, and what follows from it."""
