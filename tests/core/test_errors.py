"""What errors say: as words of the catalogue with their values, and the same without a catalogue."""

import pickle

from core.errors import BadInput


def test_words_and_values_stay_apart_for_translation():
    error = BadInput("There is no label {name!r}; there are {many:,}.", name="rude", many=1_006)
    assert (str(error), error.words) == (
        "There is no label 'rude'; there are 1,006.",
        "There is no label {name!r}; there are {many:,}.",
    )


def test_words_without_values_are_taken_as_they_are():
    assert str(BadInput("Write {id} where the number goes.")) == "Write {id} where the number goes."


def test_values_are_not_read_as_words_again():
    assert str(BadInput("There is no {name}.", name="{name}")) == "There is no {name}."


def test_an_error_survives_the_way_between_processes():
    sent = pickle.loads(pickle.dumps(BadInput("There is no {name}.", name="{x}")))
    assert str(sent) == "There is no {x}."
