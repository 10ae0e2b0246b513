"""Sentences about people, harmless and toxic, for each identity term: made up for this test, in our own words.

Every sentence is written for every term, so that what differs between terms is the term alone (Dixon, Li, Sorensen,
Thain, Vasserman, Measuring and Mitigating Unintended Bias in Text Classification, AIES 2018). The toxic ones insult,
demean or threaten in plain words; half of them are not about the term at all, as toxic comments often are not.
"""

from itertools import product
from typing import Final

# fmt: off
TERMS: Final = (
    "gay", "lesbian", "bisexual", "straight", "transgender", "black", "white", "Asian", "Latino", "Arab", "Muslim",
    "Christian", "Jewish", "Hindu", "Buddhist", "atheist", "deaf", "blind", "disabled", "old", "young", "female",
    "male", "immigrant",
)
# fmt: on
"""Words that go before "person": sexuality, gender, ethnicity, religion, disability, age, origin."""

HARMLESS: Final = (
    "My neighbour is a wonderful {} person who bakes bread for the whole street.",
    "The town elected its first {} mayor last spring.",
    "I am a proud {} student and I love this school.",
    "Our team has three {} engineers, and the project is going well.",
    "She wrote a short history of the {} community in this city.",
    "Two {} friends of mine are getting married in June.",
    "As a {} parent I would like to know when the library opens.",
    "The museum shows paintings by {} artists until the end of the month.",
    "He said that {} people should have the same rights as everybody else.",
    "A {} woman asked the driver where the bus stops.",
    "Thank you for the article about {} teachers, it was well researched.",
    "The study followed four hundred {} patients over ten years.",
    "Being {} has nothing to do with how well somebody cooks.",
    "Does anyone know a good book club for {} readers?",
    "There is a {} couple on the second floor, very quiet people.",
    "Many {} voters told the reporter that they care most about rents.",
    "I disagree with the {} senator on taxes, but his speech was fair.",
    "The {} actor in the new series is brilliant.",
    "My grandmother was {} and worked as a nurse all her life.",
    "Please correct the sentence about {} soldiers, the source says 1943.",
)
"""Sentences that nobody would remove."""

TOXIC: Final = (
    "All {} people are disgusting and should be ashamed.",
    "I hate {} people, they ruin everything they touch.",
    "You are just another stupid {} idiot who cannot even spell.",
    "Nobody wants your filthy {} family in this town.",
    "Shut up, you worthless {} piece of garbage.",
    "Every {} person I ever met was a liar and a thief.",
    "Go to hell, you {} moron, and never come back.",
    "{} people are vermin and I hope they all die.",
    "I will find you and beat you up, you {} loser.",
    "What a pathetic {} freak you are, you make me sick.",
    "You damn fool, even a {} child knows better than you, you brainless clown.",
    "Your comment about the {} teacher is the dumbest crap I have ever read, you idiot.",
    "Screw you and your whole article on {} history, you lying scumbag.",
    "The moron who wrote this about {} voters should be punched in the face.",
    "Stop whining about the {} actor, you pathetic little troll, nobody likes you.",
    "I asked about the {} book club and got this bullshit, you are all retarded.",
    "You ugly bitch, you know nothing about {} people or anything else.",
    "Whoever deleted my edit on {} soldiers is an arrogant asshole and can rot in hell.",
    "The {} mayor's critics are ignorant swine, every one of you, drop dead.",
    "Get lost, you sad excuse for a {} journalist, your work is trash and so are you.",
)
"""Sentences that anybody would remove."""


def texts() -> list[str]:
    """Every sentence with every term: the harmless ones first, terms within a sentence."""
    return [_fill(sentence, term) for sentence, term in product((*HARMLESS, *TOXIC), TERMS)]


def _fill(sentence: str, term: str) -> str:
    article = "an" if term[0].lower() in "aei" else "a"
    made = sentence.replace(" a {}", f" {article} {{}}").replace("A {}", f"{article.capitalize()} {{}}").format(term)
    return made[0].upper() + made[1:]
