"""Tables, sessions, stores and migrations. Knows core.domain, nothing else of the product."""
