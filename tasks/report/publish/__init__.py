"""The last step: reports, artifacts and the research object."""
