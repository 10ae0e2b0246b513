"""Alerts in words: what was seen, and what to do now."""

from datetime import date, timedelta

from core.drift.judge import Kind
from core.labels import LABEL_TITLES
from core.routing import BAND_EDGES
from core.wording import Sentence
from db.stores.drift import Alert

_EPOCH = date(1970, 1, 1)


def day_words(day: int) -> Sentence:
    """A day since 1970 as people write it."""
    return Sentence("{day:%d %b %Y}", day=_EPOCH + timedelta(days=day))


def subject_words(alert: Alert) -> Sentence:
    """What it is about, in a few words for a line that names several."""
    words = {
        Kind.SCORES: Sentence("scores of {label}", label=_label(alert)),
        Kind.SHIFT: Sentence("mean score of {label}", label=_label(alert)),
        Kind.FLAGS: Sentence("flag rate of {label}", label=_label(alert)),
        Kind.VOLUME: Sentence("number of comments"),
        Kind.NEW_WORDS: Sentence("new words"),
        Kind.BAND: Sentence("score band {band}", band=_band(alert.subject)),
    }
    return words[Kind(alert.kind)]


def sentence(alert: Alert) -> Sentence:
    """What was seen, with the number and the limit that it passed."""
    return Sentence("{seen}. Since {day}.", seen=_seen(alert), day=day_words(alert.day))


def _seen(alert: Alert) -> Sentence:
    label, value, limit = _label(alert), alert.value, alert.limit
    match Kind(alert.kind):
        case Kind.SCORES:
            return Sentence(
                "The scores of {label} are spread unlike the reference's: index {value:.2f}, limit {limit:.2f}",
                label=label,
                value=value,
                limit=limit,
            )
        case Kind.SHIFT if value > 0:
            return Sentence(
                "The scores of {label} moved up by {value:.2f} logits on average, limit {limit:.2f}",
                label=label,
                value=value,
                limit=abs(limit),
            )
        case Kind.SHIFT:
            return Sentence(
                "The scores of {label} moved down by {value:.2f} logits on average, limit {limit:.2f}",
                label=label,
                value=-value,
                limit=abs(limit),
            )
        case Kind.FLAGS:
            return Sentence(
                "{label} is flagged in {value:.2%} of comments, limit {limit:.2%}",
                label=label,
                value=value,
                limit=limit,
            )
        case Kind.VOLUME if value > limit:
            return Sentence(
                "More comments than on any usual day: {value:,.0f}, limit {limit:,.0f}", value=value, limit=limit
            )
        case Kind.VOLUME:
            return Sentence(
                "Fewer comments than on any usual day: {value:,.0f}, limit {limit:,.0f}", value=value, limit=limit
            )
        case Kind.NEW_WORDS:
            return Sentence("{value:.1%} of the words are new, limit {limit:.1%}", value=value, limit=limit)
        case Kind.BAND:
            return Sentence(
                "The score band {band} is not what it was ({value:.2f}, limit {limit:.2f}); its audit rate is "
                "multiplied by {boost:.1f} while this holds",
                band=_band(alert.subject),
                value=value,
                limit=limit,
                boost=alert.boost,
            )


def advice(alert: Alert) -> Sentence:
    """What to do now."""
    return _ADVICE[Kind(alert.kind)]


_ADVICE = {
    Kind.SCORES: Sentence(
        "See on Browse what came in on these days. If the comments changed, a threshold may now flag too much or too "
        "little: decide audit items first, then look at Metrics for these days, then at the threshold on Policy. If "
        "the comments look as ever, ask who changed the model or what is sent to it."
    ),
    Kind.SHIFT: Sentence(
        "Decide audit items of these days first: they say whether the comments got worse or the model only says so. "
        "A threshold that flags too much or too little until then is moved on Policy."
    ),
    Kind.FLAGS: Sentence(
        "More flags mean more hours: see the queue's length on Metrics, and whether the flags are right by deciding "
        "some. Right: plan the hours. Wrong: raise the threshold on Policy, and export what was decided to retrain. "
        "Fewer flags than usual may be misses: decide audit items."
    ),
    Kind.VOLUME: Sentence(
        "Many: look on Browse for one thread, author or text that repeats; identical texts can be settled with one "
        "key. Few or none: see that the import or the program that sends comments still runs."
    ),
    Kind.NEW_WORDS: Sentence(
        "New slang, a new topic, another language, or a spam wave. Read a page of today's comments on Browse; words "
        "that the model has never seen it cannot score. Decide audit items, and retrain when a few hundred are decided."
    ),
    Kind.BAND: Sentence(
        "Nothing at once: more of this band is audited by itself until it is over. Decide these audit items first, "
        "since they tell whether the model is still right there."
    ),
}


def _label(alert: Alert) -> Sentence:
    return Sentence(LABEL_TITLES.get(alert.subject, alert.subject))


def _band(subject: str) -> str | Sentence:
    edges = (0.0, *BAND_EDGES, 1.0)
    if not subject.isdigit() or int(subject) >= len(edges) - 1:
        return subject
    return Sentence("{low:g} to {high:g}", low=edges[int(subject)], high=edges[int(subject) + 1])
