"""Scorers: everything that turns texts into six probabilities."""
