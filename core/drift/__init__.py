"""Drift: whether scores, flags, volume and words of a day are like those of a reference span."""
