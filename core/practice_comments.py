"""The comments of the practice, written for Moderato: nobody posted them. With what a moderator might answer, and why.

Plain taste: as hurtful as it must be to be practised on, and no slur. The words are keys of the catalogue.
"""

from dataclasses import dataclass
from typing import Final

from core.domain import LabelFlags, Lane, Outcome
from core.labels import LABELS
from core.wording import later

Hint = tuple[str, str]
"""What must have been done for the hint to go ("" for the last one), and its words; {act} stands for an act's key."""


@dataclass(frozen=True, slots=True)
class Example:
    """One comment to practise on."""

    key: str
    """What its answer is kept under."""
    text: str
    scores: tuple[float, ...]
    """As a model might score it, in LABELS order."""
    outcome: Outcome
    labels: LabelFlags
    why: str
    """Why the example answer is what it is."""
    hints: tuple[Hint, ...]
    lane: Lane = Lane.FLAGGED
    marks: tuple[tuple[str, str, float], ...] = ()
    """Stretches of the text that a model would mark: words, label, strength."""
    parent: tuple[str, str] | None = None
    """Author and text of the comment that it answers."""
    identical: int = 1


def _labels(*names: str) -> LabelFlags:
    a, b, c, d, e, f = (label in names for label in LABELS)
    return a, b, c, d, e, f


EXAMPLES: Final = (
    Example(
        key="harmless",
        text="Could somebody explain what the council voted on last night? The article killed me, I gave up half way.",
        scores=(0.56, 0.01, 0.04, 0.22, 0.05, 0.01),
        outcome=Outcome.APPROVE,
        labels=_labels(),
        why=later(
            "It asks a question, and “killed me” is a figure of speech. The model saw the word, not the sentence."
        ),
        hints=(
            (
                "",
                later(
                    "Read it first. The model has set Toxic, and it is mistaken. {none} clears the labels and approves."
                ),
            ),
        ),
        marks=(("killed me", "toxic", 0.8),),
    ),
    Example(
        key="insult",
        text="You did not read past the headline, did you? What a clown. Leave the talking to the grown-ups.",
        scores=(0.81, 0.02, 0.09, 0.02, 0.44, 0.02),
        outcome=Outcome.REMOVE,
        labels=_labels("toxic", "insult"),
        why=later(
            "It calls a person names instead of answering: an insult, if a mild one. Criticism of "
            "what somebody wrote would not be."
        ),
        hints=(
            ("label", later("Toxic is set. The model was not sure about Insult; you can be. {insult} toggles Insult.")),
            ("", later("{submit} does what the large button says: with labels it removes, without any it approves.")),
        ),
        marks=(("clown", "insult", 0.7),),
    ),
    Example(
        key="friendly",
        text="That second goal was fucking brilliant. I love you absolute maniacs, see you all on Saturday.",
        scores=(0.93, 0.05, 0.95, 0.03, 0.38, 0.02),
        outcome=Outcome.APPROVE,
        labels=_labels("obscene"),
        why=later(
            "The word is obscene, so the label is true; nobody is attacked, so the comment may stay. "
            "Labels say what it is, the outcome says what happens."
        ),
        hints=(
            (
                "undo",
                later(
                    "Once, to see that nothing is final: {undo} takes your last step back. Decide that "
                    "comment again afterwards."
                ),
            ),
            (
                "flip",
                later("Obscene, but friendly. Take off {toxic}, keep Obscene, and turn the outcome round with {flip}."),
            ),
            ("", later("The button says Approve although a label is set: that is meant. {submit} submits.")),
        ),
        marks=(("fucking", "obscene", 1.0), ("absolute maniacs", "toxic", 0.4)),
    ),
    Example(
        key="quoted",
        text="“A waste of skin”? You say that to a nurse after a night shift and nobody takes it down?",
        scores=(0.77, 0.04, 0.12, 0.03, 0.68, 0.01),
        outcome=Outcome.APPROVE,
        labels=_labels(),
        why=later(
            "It repeats an insult to object to it. What somebody quotes is not what they say; the "
            "comment above is the one to remove."
        ),
        hints=(
            ("context", later("Who is insulted here, and by whom? {context} unfolds what it answers.")),
            (
                "",
                later("Decide on this comment alone: toggle what is wrong, then {submit}, or {none} for none of them."),
            ),
        ),
        marks=(("waste of skin", "insult", 0.9),),
        parent=("hardtruths", "Nurses complaining again. You are a waste of skin, all of you, find a real job."),
    ),
    Example(
        key="severe",
        text="Crawl back into your hole, you worthless piece of filth. We would all be glad to see you gone.",
        scores=(0.99, 0.71, 0.62, 0.19, 0.94, 0.05),
        outcome=Outcome.REMOVE,
        labels=_labels("toxic", "severe_toxic", "insult"),
        why=later(
            "It denies a person any worth and wishes them gone: severe, and an insult. No obscene "
            "word is needed for that."
        ),
        hints=(
            (
                "reveal",
                later(
                    "The text is masked because the model thinks that it is severe. You may decide by the "
                    "scores alone; {reveal} shows more of it, step by step, and then hides it again."
                ),
            ),
            ("", later("Obscene is set, and no word of it is. {obscene} takes it off, {submit} removes the comment.")),
        ),
        marks=(("worthless piece of filth", "insult", 1.0), ("glad to see you gone", "severe_toxic", 0.6)),
    ),
    Example(
        key="threat",
        text="I know which tram you take home. Thursday evening you will find out what happens to people who talk.",
        scores=(0.66, 0.09, 0.03, 0.83, 0.08, 0.02),
        outcome=Outcome.REMOVE,
        labels=_labels("toxic", "threat"),
        why=later("It announces harm to somebody, with a place and a day. A threat needs no rude word."),
        hints=(
            ("hold", later("Not ready to decide? {hold} sets it aside for a day, for you alone. Try it.")),
            ("", later("Masked again: {reveal} shows more. Then the labels, and {submit}.")),
        ),
        marks=(("you will find out what happens", "threat", 0.9),),
    ),
    Example(
        key="unclear",
        text="The hill people always find the money when it is for themselves. Ask anybody here what they did in 2009.",
        scores=(0.58, 0.02, 0.02, 0.03, 0.21, 0.34),
        outcome=Outcome.ESCALATE,
        labels=_labels(),
        why=later(
            "Whether it attacks a group or tells of an old affair, only somebody who knows the place "
            "can say. Passing it on is a good answer, not a failure."
        ),
        hints=(
            ("resume", later("{resume} brings back the comment that you hold. Decide it, and this one comes again.")),
            (
                "note",
                later(
                    "Hard to tell from here. Somebody who knows the place should: {note} writes a note about "
                    "what you are unsure of."
                ),
            ),
            ("", later("{escalate} passes it on, with your note. In the queue you can also ask a lead first.")),
        ),
    ),
    Example(
        key="identity",
        text="People of that faith do not belong in our town. They are vermin and should be driven out like vermin.",
        scores=(0.92, 0.31, 0.14, 0.28, 0.49, 0.9),
        outcome=Outcome.REMOVE,
        labels=_labels("toxic", "identity_hate"),
        why=later(
            "It denies a group, for its faith, the right to be there, and calls its members vermin. "
            "That is identity hate without a single slur."
        ),
        hints=(
            (
                "guidelines",
                later("What counts as hate here? {guidelines} unfolds your team's guideline under each label."),
            ),
            (
                "",
                later(
                    "Masked, as whatever the model takes for hate, threats or severe. If you need to look: "
                    "{reveal}. Then the labels and {submit}."
                ),
            ),
        ),
        marks=(("do not belong in our town", "identity_hate", 0.7), ("vermin", "identity_hate", 1.0)),
    ),
    Example(
        key="blind",
        text="Shut up for once. Nobody wants to hear from you, and nobody ever did.",
        scores=(0.84, 0.03, 0.06, 0.02, 0.52, 0.01),
        outcome=Outcome.REMOVE,
        labels=_labels("toxic", "insult"),
        why=later(
            "It tells a person that they are worth nothing to anybody. You found that by yourself: "
            "such answers measure how good the model is."
        ),
        hints=(
            (
                "",
                later(
                    "A blind one: no scores, no marks, no labels set. Only your own reading counts. Toggle "
                    "what holds from {toxic} to {identity}, then {submit}."
                ),
            ),
        ),
        lane=Lane.AUDIT,
    ),
    Example(
        key="identical",
        text="Whoever votes for the bridge is a traitor and an idiot. Copy this and pass it on!",
        scores=(0.9, 0.03, 0.11, 0.05, 0.83, 0.07),
        outcome=Outcome.REMOVE,
        labels=_labels("toxic", "insult"),
        why=later(
            "It insults whoever is of another opinion. Four people posted it word for word, and one "
            "look is enough for all four."
        ),
        hints=(
            (
                "",
                later(
                    "Four identical copies wait. If the labels are right, {identical} settles all of them in "
                    "one step; {undo} would take all four back."
                ),
            ),
        ),
        marks=(("traitor", "insult", 0.8), ("idiot", "insult", 1.0)),
        identical=4,
    ),
)
"""In the order in which they come."""
