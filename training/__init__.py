"""Training and evaluation of model versions. May import core, nothing above it."""
