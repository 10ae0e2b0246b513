"""Alerts in words: what was seen, and what to do now."""

from datetime import date, timedelta

from core.drift.judge import Kind
from core.labels import LABEL_TITLES
from core.routing import band_titles
from db.stores.drift import Alert

_EPOCH = date(1970, 1, 1)


def day_words(day: int) -> str:
    """A day since 1970 as people write it."""
    at = _EPOCH + timedelta(days=day)
    return f"{at.day} {at:%b %Y}"


def subject_words(alert: Alert) -> str:
    """What it is about, in a few words for a line that names several."""
    label = LABEL_TITLES.get(alert.subject, alert.subject)
    words = {
        Kind.SCORES: f"scores of {label}",
        Kind.SHIFT: f"mean score of {label}",
        Kind.FLAGS: f"flag rate of {label}",
        Kind.VOLUME: "number of comments",
        Kind.NEW_WORDS: "new words",
        Kind.BAND: f"score band {_band(alert.subject)}",
    }
    return words[Kind(alert.kind)]


def sentence(alert: Alert) -> str:
    """What was seen, with the number and the limit that it passed."""
    label, value, limit = LABEL_TITLES.get(alert.subject, ""), alert.value, alert.limit
    match Kind(alert.kind):
        case Kind.SCORES:
            seen = f"The scores of {label} are spread unlike the reference's: index {value:.2f}, limit {limit:.2f}"
        case Kind.SHIFT:
            way = "up" if value > 0 else "down"
            seen = f"The scores of {label} moved {way} by {abs(value):.2f} logits on average, limit {abs(limit):.2f}"
        case Kind.FLAGS:
            seen = f"{label} is flagged in {value:.2%} of comments, limit {limit:.2%}"
        case Kind.VOLUME:
            way = "More" if value > limit else "Fewer"
            seen = f"{way} comments than on any usual day: {value:,.0f}, limit {limit:,.0f}"
        case Kind.NEW_WORDS:
            seen = f"{value:.1%} of the words are new, limit {limit:.1%}"
        case Kind.BAND:
            seen = (
                f"The score band {_band(alert.subject)} is not what it was ({value:.2f}, limit {limit:.2f}); its audit "
                f"rate is multiplied by {alert.boost:.1f} while this holds"
            )
    return f"{seen}. Since {day_words(alert.day)}."


def advice(alert: Alert) -> str:
    """What to do now."""
    return _ADVICE[Kind(alert.kind)]


_ADVICE = {
    Kind.SCORES: (
        "See on Browse what came in on these days. If the comments changed, a threshold may now flag too much or too "
        "little: decide audit items first, then look at Metrics for these days, then at the threshold on Policy. If "
        "the comments look as ever, ask who changed the model or what is sent to it."
    ),
    Kind.SHIFT: (
        "Decide audit items of these days first: they say whether the comments got worse or the model only says so. "
        "A threshold that flags too much or too little until then is moved on Policy."
    ),
    Kind.FLAGS: (
        "More flags mean more hours: see the queue's length on Metrics, and whether the flags are right by deciding "
        "some. Right: plan the hours. Wrong: raise the threshold on Policy, and export what was decided to retrain. "
        "Fewer flags than usual may be misses: decide audit items."
    ),
    Kind.VOLUME: (
        "Many: look on Browse for one thread, author or text that repeats; identical texts can be settled with one "
        "key. Few or none: see that the import or the program that sends comments still runs."
    ),
    Kind.NEW_WORDS: (
        "New slang, a new topic, another language, or a spam wave. Read a page of today's comments on Browse; words "
        "that the model has never seen it cannot score. Decide audit items, and retrain when a few hundred are decided."
    ),
    Kind.BAND: (
        "Nothing at once: more of this band is audited by itself until it is over. Decide these audit items first, "
        "since they tell whether the model is still right there."
    ),
}


def _band(subject: str) -> str:
    titles = band_titles()
    return titles[int(subject)] if subject.isdigit() and int(subject) < len(titles) else subject
