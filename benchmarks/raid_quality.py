"""How well clusters of like texts are found: recall and precision of pairs against their true Jaccard similarity.

Each of 400 real comments is varied 24 times, by the words that are changed; the other 90,000 are other people's. A pair
of a text and its original is alike if the sets of their shingles have a Jaccard similarity of SIMILAR_FROM.
"""

import random
import time

import numpy as np

from benchmarks.common import comment_texts, machine, report
from core.raid_likeness import SIMILAR_FROM, Likeness, shingles
from core.text import text_hash

ORIGINALS, VARIANTS, OTHERS = 400, 24, 90_000
SHARES = (0.02, 0.05, 0.08, 0.12, 0.16, 0.2)
"""Of a text's words, how many are changed."""
WORDS = ["".join(random.Random(k).choices("abcdefghijklmnopqrstuvwxyz", k=6)) for k in range(2_000)]


def varied(text: str, share: float, draw: random.Random) -> str:
    """The text with some of its words changed for others."""
    return " ".join(draw.choice(WORDS) if draw.random() < share else word for word in text.split())


def jaccard(one: str, other: str) -> float:
    """Of the sets of shingles."""
    first, second = set(shingles(one).tolist()), set(shingles(other).tolist())
    return len(first & second) / len(first | second)


def world() -> tuple[list[tuple[str, str]], list[str]]:
    """(original, variant) pairs, and all texts: originals first, so that they lead, then the rest mixed."""
    draw = random.Random(11)
    real = [text for text in dict.fromkeys(comment_texts(ORIGINALS + OTHERS)) if len(text) >= 60]
    originals, others = real[:ORIGINALS], real[ORIGINALS:]
    pairs = [(text, varied(text, SHARES[k % len(SHARES)], draw)) for text in originals for k in range(VARIANTS)]
    rest = [variant for _, variant in pairs] + others
    draw.shuffle(rest)
    return pairs, originals + rest


def main() -> None:
    """Prints one JSON line."""
    pairs, texts = world()
    by_hash = {text_hash(text): text for text in texts}
    likeness, started = Likeness(), time.perf_counter()
    likeness.learn(list(by_hash.items()))
    leader = likeness.leaders(by_hash)
    seconds = time.perf_counter() - started
    true = np.array([jaccard(*pair) for pair in pairs])
    found = np.array([leader[text_hash(one)] == text_hash(first) for first, one in pairs])
    led = [(by_hash[one], by_hash[other]) for one, other in leader.items() if one != other]
    precise = np.array([jaccard(*pair) for pair in led])
    recall = {f"recall_from_{low:.1f}": round(float(found[(true >= low) & (true < low + 0.1)].mean()), 3)
              for low in (0.6, 0.7, 0.8)}  # fmt: skip
    report(
        "raid_quality", round(float(found[true >= SIMILAR_FROM].mean()), 4), "recall of pairs at 0.6 and over",
        floor=0.9, target=0.95, **recall, false_at_0_5=round(float((precise < 0.5).mean()), 4),
        precision_at_0_6=round(float((precise >= SIMILAR_FROM).mean()), 4), pairs=int((true >= SIMILAR_FROM).sum()),
        led=len(led), texts=len(by_hash), seconds=round(seconds, 1), machine=machine(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
