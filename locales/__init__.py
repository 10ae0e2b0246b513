"""What people read, by language. `make words` keeps the catalogues up to date: see docs/translating.md."""
