"""What is checked of the evidence of a hub, a module a kind of check."""
