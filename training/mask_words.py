"""Find candidates for core/wellbeing/words.txt: words that people, not a model, marked as what makes a text toxic.

    python -m training.mask_words --spans tsd_train.csv --spans tsd_trial.csv --labelled train.csv.gz

Prints one word a line. A word is a candidate if at least half of its occurrences lie within what people marked (texts
of SemEval-2021 task 5, as offsets), or if nearly all labelled texts that hold it are toxic by people's labels. The list
that ships was gone through by hand: names of groups of people and chance finds are not on it, slurs that the data has
too rarely and words of violence were added.
"""

import argparse
import ast
import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from core.scoring.normalize import normalize, normalize_with_offsets
from core.wellbeing.words import WORD
from training.data import LabelledRows, read_rows

MARKED_TIMES: Final = 3
MARKED_SHARE: Final = 0.5
"""Of the word's occurrences, how many people marked."""
LONGEST_MARK: Final = 60
"""Code points; whoever marks more marks sentences, which says nothing of single words."""
TOXIC_TIMES: Final = 5
TOXIC_SHARE: Final = 0.85
"""Of the weight of texts with the word, how much is labelled toxic."""


def marked_words(posts: Iterable[tuple[str, frozenset[int]]]) -> set[str]:
    """Words that people marked, from texts with the code points that they marked."""
    seen: Counter[str] = Counter()
    marked: Counter[str] = Counter()
    for text, on in posts:
        if len(on) > LONGEST_MARK:
            continue
        normal, origin = normalize_with_offsets(text)
        for match in WORD.finditer(normal):
            seen[match[0]] += 1
            marked[match[0]] += all(origin[at] in on for at in range(match.start(), match.end()))
    return {word for word, times in marked.items() if times >= MARKED_TIMES and times >= MARKED_SHARE * seen[word]}


def toxic_words(rows: LabelledRows) -> set[str]:
    """Words of which nearly every labelled text is toxic."""
    times: Counter[str] = Counter()
    toxic: defaultdict[str, float] = defaultdict(float)
    weight: defaultdict[str, float] = defaultdict(float)
    for text, labels, weighs in zip(rows.texts, rows.labels, rows.weights, strict=True):
        for word in set(WORD.findall(normalize(text))):
            weight[word] += float(weighs)
            if labels[0]:
                times[word] += 1
                toxic[word] += float(weighs)
    return {word for word, many in times.items() if many >= TOXIC_TIMES and toxic[word] >= TOXIC_SHARE * weight[word]}


def main() -> None:
    """Print the candidates."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--spans", type=Path, action="append", default=[], help="CSV with columns spans and text")
    parser.add_argument("--labelled", type=Path, help="labelled comments, as for training")
    options = parser.parse_args()
    found: set[str] = set()
    for path in options.spans:
        with path.open(encoding="utf-8", newline="") as lines:
            posts = ((row["text"], frozenset(ast.literal_eval(row["spans"]))) for row in csv.DictReader(lines))
            found |= marked_words(posts)
    if options.labelled:
        found |= toxic_words(read_rows(options.labelled))
    print("\n".join(sorted(found)))


if __name__ == "__main__":
    main()
