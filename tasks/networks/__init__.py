"""The networks: one architecture, one physics, shared by training and prediction (Keras 3)."""
