"""Well-being: what a person wants to see of hard texts, when to rest, and what they have seen. For them alone."""
