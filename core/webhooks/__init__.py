"""Delivering decisions to addresses that an administrator sets, as Standard Webhooks says (docs/webhooks.md)."""
