"""Everything that can go wrong in a way that a person can act on. Each message names the thing and the next step."""


class ModeratoError(Exception):
    """The root: pages show its text, the command prints it and exits with 1.

    `words` are a key of the catalogue of words, with {names} for the values: pages say them in the reader's language.
    """

    def __init__(self, words: str, **values: object) -> None:
        super().__init__(words.format(**values) if values else words)
        self.words = words
        self.values = values


class BadInput(ModeratoError):
    """What was given cannot be used as it is."""


class NotAllowed(ModeratoError):
    """The person's role does not permit the action."""


class NotFound(ModeratoError):
    """The named thing does not exist."""


class Conflict(ModeratoError):
    """Somebody or something else got there first."""


class DatabaseTrouble(ModeratoError):
    """The database is away, full, locked or damaged. What was asked may be asked again: no answer was given."""


class ModelUnavailable(ModeratoError):
    """No live model, or its files cannot be read."""
