"""How much weighted mean AUC the shipped starter loses under spelling tricks, on frozen test rows it never saw."""

import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.labelled import SHIPPED, jigsaw
from core.scoring.starter import StarterScorer
from training.evaluate import evaluate

CYRILLIC = str.maketrans(
    "aceiopsxyABCEHIKMOPTXjh",
    "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443\u0410\u0412\u0421\u0415\u041d\u0406\u041a\u041c\u041e\u0420\u0422\u0425\u0458\u04bb",
)
GREEK = str.maketrans(
    "aoivnupkABEZHIKMNOPTYX",
    "\u03b1\u03bf\u03b9\u03bd\u03b7\u03c5\u03c1\u03ba\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
)
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
LEET = str.maketrans("aeiostAEIOST", "431057431057")
LEET_SIGNS = str.maketrans("aisAIS", "@!$@!$")
BOLD = {**{ord("a") + i: 0x1D41A + i for i in range(26)}, **{ord("A") + i: 0x1D400 + i for i in range(26)}}


def _words(change: Callable[[str], str], share: float = 1.0) -> Callable[[str], str]:
    """Change words of three letters or more, each with a probability that goes by the word and its text alone."""

    def trick(text: str) -> str:
        draw = random.Random(text)
        return re.sub(r"[A-Za-z]{3,}", lambda m: change(m[0]) if draw.random() < share else m[0], text)

    return trick


TRICKS: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "rAnDoM case": lambda text: "".join(c.upper() if i % 2 else c.lower() for i, c in enumerate(text)),
    "zero-width characters": lambda text: "\u200b".join(text),
    "soft hyphens in words": _words("\u00ad".join),
    "Cyrillic homoglyphs": lambda text: text.translate(CYRILLIC),
    "Greek homoglyphs": lambda text: text.translate(GREEK),
    "l e t t e r  s p a c i n g of words": lambda text: re.sub(
        r"\S+", lambda m: " ".join(m[0]), re.sub(r"\s+", "  ", text)
    ),
    "l e t t e r s p a c i n g w i t h o u t g a p s": lambda text: " ".join(re.sub(r"\s+", "", text)),
    "spacing of every other word": _words(" ".join, 0.5),
    "d.o.t.s in words": _words(".".join),
    "d-a-s-h-e-s in every other word": _words("-".join, 0.5),
    "leetspeak, digits": lambda text: text.translate(LEET),
    "leetspeak in every other word": _words(lambda word: word.translate(LEET), 0.5),
    "leetspeak, signs": _words(lambda word: word[0] + word[1:-1].translate(LEET_SIGNS) + word[-1]),
    "full-width forms": lambda text: text.translate(FULL_WIDTH),
    "mathematical bold": lambda text: text.translate(BOLD),
    "combining marks": lambda text: "".join(c + "\u0336" if c.isalpha() else c for c in text),
    "elongated vowels": _words(lambda word: re.sub(r"([aeiou])(?!.*[aeiou])", r"\1\1\1\1", word)),
}

HARDER: dict[str, Callable[[str], str]] = {
    "one letter swapped in every other word": _words(lambda word: word[1] + word[0] + word[2:], 0.5),
    "one letter starred in every other word": _words(lambda word: f"{word[0]}*{word[2:]}", 0.5),
    "blanks taken out": lambda text: re.sub(r"\s+", "", text),
}
"""These cost a reader something; they are published, and not part of the goal."""


def main() -> None:
    rows = jigsaw()
    test = rows.take(rows.frozen_test())
    scorer = StarterScorer.load(SHIPPED, name="starter")
    plain = evaluate(scorer.score(test.texts), test.labels, test.weights).mean_auc
    print(f"plain: {plain:.4f} on {len(test)} rows")
    drops = {}
    for name, trick in {**TRICKS, **HARDER}.items():
        tricked = scorer.score([trick(text) for text in test.texts])
        drops[name] = round(plain - evaluate(tricked, test.labels, test.weights).mean_auc, 5)
        print(f"{name}: drop {drops[name]:.4f}", flush=True)
    harder = {name: drops.pop(name) for name in HARDER}
    result = {
        "name": "starter_robustness",
        "value": max(drops.values()),
        "unit": "largest drop of weighted mean ROC AUC",
    }
    print(
        json.dumps(
            {**result, "floor": 0.02, "target": 0.01, "plain": round(plain, 5), "drops": drops, "harder": harder}
        )
    )


if __name__ == "__main__":
    main()
