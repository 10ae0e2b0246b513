"""The guidelines that ship: version 1 of each topic, to begin with and to be rewritten.

The definitions are those that Perspective publishes for its attributes, which Jigsaw's labels go by
(https://developers.perspectiveapi.com/s/about-the-api-attributes-and-languages); the rest is ours.
"""

from collections.abc import Mapping
from typing import Final

from core.guideline_text import blocks, written

_SHIPPED: Final = {
    "general": (
        "Judge the words as a reader meets them in this thread: not the opinion, not the author, not the score.",
        """\
# How to decide
- Read the comment as somebody would who meets it in the discussion. What was meant counts less than how it lands.
- An opinion is no reason. A wrong, unpopular or badly written comment without any of the six labels stays.
- Give every label that holds, also where one follows from another: a severe comment is toxic too.
- Quoting somebody's words to object to them is not saying them. Quoting them to repeat them is.
- Irony and jokes count as what most readers would take them for.
- Spelling tricks do not change what a word is.

# When you are not sure
- Look at the thread above it, and at similar comments that were decided before.
- If two readings are equally likely, take the milder one and write a note.
- If it may hurt somebody soon, escalate. Nobody is blamed for asking.

# What is not for you to weigh
- Who wrote it, and what they wrote elsewhere, unless this comment refers to it.
- What the model says. It is often right, and it is what you are here to check.
""",
    ),
    "toxic": (
        "Rude, disrespectful or unreasonable enough that people would likely leave the discussion.",
        """\
A rude, disrespectful or unreasonable comment that is likely to make people leave a discussion.

# Counts
- Contempt, mockery or hostility towards others in the discussion, whatever words it uses.
- Abuse of a group or of somebody absent, if it sours the discussion for those who are there.
- Anything to which one of the other five labels applies for its hostility.

# Does not count
- Sharp but fair disagreement, also with strong feeling.
- A single coarse word that is aimed at nobody. That may be Obscene alone.
- Harsh criticism of a text, a decision or a product, not of people.

# Example
One person tells another that nobody wants them here and that they should stop writing: toxic. One person tells
another that the argument is nonsense and says why: not toxic.
""",
    ),
    "severe_toxic": (
        "Very hateful, aggressive or disrespectful: would very likely make somebody leave or fall silent.",
        """\
A very hateful, aggressive or disrespectful comment, or one that is otherwise very likely to make somebody leave a
discussion or give up on sharing their view.

# Counts
- Several kinds of abuse at once, or one carried to an extreme: at length, repeated, dehumanising.
- Wishing somebody death or grave suffering.
- Abuse that most readers would find shocking even in a rough discussion.

# Does not count
- Mild rudeness, and coarse words that are friendly or aimed at nobody, however many.
- What is toxic but ordinary: most insults are not severe.

# Example
A long tirade that denies a group every human worth: severe. One short insult in a quarrel: toxic and an insult, not
severe.
""",
    ),
    "obscene": (
        "Swear words, curse words, or other obscene or profane language: about the words, not the intent.",
        """\
Swear words, curse words, or other obscene or profane language.

# Counts
- Profanity, also where it is masked by signs or spelt to slip through.
- Crude sexual or scatological language, also without a swear word.
- The words themselves, whether they are aimed at somebody or not.

# Does not count
- Medical, legal or factual language about the body or sex.
- Mild exclamations that a newspaper would print.
- Words that are coarse in one sense and are used in another.

# Example
A delighted comment with a strong swear word in it: obscene, and nothing else. A comment that names a disease: not
obscene.
""",
    ),
    "threat": (
        "States an intention, or a wish to be acted on, to inflict pain, injury or violence on somebody.",
        """\
Describes an intention to inflict pain, injury or violence against a person or a group.

# Counts
- Saying that one will hurt somebody, their family, their property or themselves in revenge.
- Calling on others to do it, or naming where and when somebody can be found so that they might.
- A threat under a condition, and one that is dressed as a joke or a warning.

# Does not count
- Reporting, quoting or fearing somebody else's violence.
- Announcing an allowed consequence: a complaint, a block, a court.
- Figures of speech that nobody takes literally. A wish that harm may befall somebody is severe rather than a
threat, unless it asks for somebody to do it.

# Example
Somebody writes that they know the street where another lives and will come: a threat. Somebody writes that the team
will be slaughtered in the match: not a threat.

Escalate whatever may be about to happen: do not only remove it.
""",
    ),
    "insult": (
        "Insulting, inflammatory or negative towards a person or a group: it attacks them, not what they said.",
        """\
An insulting, inflammatory or negative comment towards a person or a group of people.

# Counts
- Calling somebody stupid, worthless, ugly, mad, or by a name meant to hurt.
- Insults of somebody who does not take part: public figures, the moderators, a group.
- Insults by comparison, by question or with a smile, if readers would see them as one.

# Does not count
- Saying that a claim is false, a text is bad or an act was wrong.
- Insulting oneself in jest.
- An insult that is aimed at a group for who they are is an insult and Identity hate.

# Example
Answering an argument by calling the writer an animal: an insult. Answering it by calling the argument lazy: not an
insult.
""",
    ),
    "identity_hate": (
        "Negative or hateful towards somebody because of who they are: origin, faith, gender, disability ...",
        """\
Negative or hateful comments that target somebody because of their identity: origin, colour, nationality, religion,
gender, sexual orientation, disability, age, or another thing that they are rather than do.

# Counts
- Slurs, also where they are not aimed at anybody present.
- Saying that a group is inferior, dangerous or not wanted, or that its members all share a fault.
- Attacking one person by way of the group that they belong to, or are taken to belong to.

# Does not count
- Naming an identity, one's own or another's, as a fact: such words alone are never a reason.
- Criticism of a belief, a government or an organisation without contempt for its people.
- Members of a group using a reclaimed word of themselves, where the thread shows it.

# Example
A comment says that people of one faith cannot be trusted: identity hate. A comment says that its writer has that
faith and disagrees with one of its rules: not identity hate.
""",
    ),
}
SHIPPED: Final[Mapping[str, tuple[str, str]]] = {
    topic: (line, written(blocks(text))) for topic, (line, text) in _SHIPPED.items()
}
"""By topic: the line for the card, and the text, without the line breaks above."""
