"""Whether a scan fits as it is stated, or better turned: shared by the stages that ask."""
