"""How texts are masked for whoever looks: one rule for every page and for the card."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.accounts import Action, Person
from core.wellbeing.choices import SEE, Sight
from core.wellbeing.masking import Cover, Masking
from pages.shared import access
from pages.shared.resources import services


@dataclass(frozen=True, slots=True)
class Masks:
    """One person's rule, with the thresholds of the policy in force."""

    masking: Masking
    thresholds: Sequence[float]

    def cover(self, scores: Sequence[float] | None) -> Cover:
        """How a text begins: by six probabilities, None where none are shown."""
        return self.masking.cover(scores, self.thresholds)

    def cover_of_labels(self, labels: Sequence[bool]) -> Cover:
        """The same by labels that were given to it: each counts as a score at the threshold."""
        return self.cover([limit if on else 0.0 for limit, on in zip(self.thresholds, labels, strict=True)])


def sight_of(person: Person) -> Sight:
    """What the person chose to see."""
    return Sight.parse(services().preferences.get(person, SEE))


def masks() -> Masks:
    """The visitor's, read now: once a run is enough. As for everybody where nobody is known."""
    person = access.current_person()
    known = person is not None and person.may(Action.KEEP_PREFERENCES)
    masking = sight_of(person).masking if person and known else Masking()
    return Masks(masking, services().policies.active().thresholds)
