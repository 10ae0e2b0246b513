"""Honest metrics: a fold over the ledger, and estimates with intervals from its histograms."""
