"""The stages of Phase G and what they share."""
