"""One store a table family. A store speaks in domain words, takes a Session, and never commits."""
