"""Clusters of waiting comments: the same or nearly the same text, and bursts by one author or in one thread."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from db.stores.raids import Waiting

LEAST_SIMILAR: Final = 5
"""Waiting comments that make a cluster of like texts."""
LEAST_BURST: Final = 20
"""Waiting comments that make a burst."""
BURST_WITHIN: Final = timedelta(minutes=10)
"""The time within which they were written, or came in where that is not known."""
SAMPLES: Final = 5
"""Comments shown beside the representative."""
_COVERED = 0.9
"""A burst of which so large a part is in one other cluster is that cluster, told twice."""


class Kind(StrEnum):
    """What the comments of a cluster share."""

    TEXT = "text"
    AUTHOR = "author"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Waiting comments that belong together. `ids` may be decided in bulk; the rest is only counted."""

    kind: Kind
    key: str
    """Names the cluster from one look to the next, and holds no text."""
    shared: str
    """The author or thread of a burst; empty for like texts."""
    ids: tuple[int, ...]
    """Oldest first."""
    left_out: int
    """Waiting comments of the cluster that are decided one by one: blind, escalated, suggested or golden."""
    representative: int
    """Of like texts the commonest one's first comment, of a burst its first comment."""
    identical: tuple[int, ...]
    """Those of `ids` with exactly the representative's text, itself included."""
    others: tuple[int, ...]
    """One comment of each other text, oldest first."""
    first_at: datetime
    last_at: datetime
    authors: int
    threads: int
    sources: int

    @property
    def texts(self) -> int:
        """How many different texts the comments have."""
        return 1 + len(self.others)

    def samples(self, turn: int = 0) -> tuple[int, ...]:
        """Up to SAMPLES comments of other texts than the representative's, spread over time; others each turn."""
        if len(self.others) <= SAMPLES:
            return self.others
        many = len(self.others)
        return tuple(sorted({self.others[(k * many // SAMPLES + turn) % many] for k in range(SAMPLES)}))


def find_clusters(waiting: Sequence[Waiting], leader: Mapping[str, str]) -> list[Cluster]:
    """Every cluster among the comments, the largest first. `leader` has the text_hash of each (core.raid_likeness)."""
    like = _clusters(Kind.TEXT, _groups(waiting, lambda one: leader[one.digest]), LEAST_SIMILAR)
    bursts = [
        *_clusters(Kind.AUTHOR, _bursts(waiting, lambda one: one.author), LEAST_BURST),
        *_clusters(Kind.THREAD, _bursts(waiting, lambda one: one.thread), LEAST_BURST),
    ]
    found, told = list(like), _Told()
    told.add(like)
    for burst in bursts:
        if not told.has(burst):
            found.append(burst)
            told.add([burst])
    return sorted(found, key=lambda cluster: (-len(cluster.ids), cluster.key))


def _groups(waiting: Sequence[Waiting], of: Callable[[Waiting], str]) -> Iterator[tuple[str, str, list[Waiting]]]:
    groups: dict[str, list[Waiting]] = defaultdict(list)
    for one in waiting:
        groups[of(one)].append(one)
    return ((key, "", group) for key, group in groups.items())


def _bursts(
    waiting: Sequence[Waiting], of: Callable[[Waiting], str | None]
) -> Iterator[tuple[str, str, list[Waiting]]]:
    """Runs of comments of one author or thread: each of them within BURST_WITHIN of LEAST_BURST - 1 others."""
    groups: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for one in waiting:
        if one.timed and (name := of(one)):
            groups[one.source, name].append(one)
    for (source, name), group in groups.items():
        if len(group) < LEAST_BURST:
            continue
        group.sort(key=lambda one: (one.at, one.comment_id))
        for run in _runs(group):
            named = blake2b(f"{source}\0{name}\0{run[0].comment_id}".encode(), digest_size=16).hexdigest()
            yield named, name, run


def _runs(group: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Windows of LEAST_BURST comments within BURST_WITHIN, those that overlap joined."""
    start = end = -1
    for first in range(len(group) - LEAST_BURST + 1):
        last = first + LEAST_BURST - 1
        if group[last].at - group[first].at > BURST_WITHIN:
            continue
        if first > end:
            if end >= 0:
                yield list(group[start : end + 1])
            start = first
        end = last
    if end >= 0:
        yield list(group[start : end + 1])


def _clusters(kind: Kind, groups: Iterable[tuple[str, str, list[Waiting]]], least: int) -> list[Cluster]:
    found = []
    for key, shared, group in groups:
        free = sorted((one for one in group if one.bulk), key=lambda one: (one.at, one.comment_id))
        if len(free) >= least:
            found.append(_cluster(kind, f"{kind.value}-{key}", shared, free, len(group) - len(free)))
    return found


def _cluster(kind: Kind, key: str, shared: str, free: Sequence[Waiting], left_out: int) -> Cluster:
    counts = Counter(one.digest for one in free)
    digest = counts.most_common(1)[0][0] if kind is Kind.TEXT else free[0].digest
    firsts: dict[str, int] = {}
    for one in free:
        firsts.setdefault(one.digest, one.comment_id)
    return Cluster(
        kind=kind,
        key=key,
        shared=shared,
        ids=tuple(one.comment_id for one in free),
        left_out=left_out,
        representative=firsts.pop(digest),
        identical=tuple(one.comment_id for one in free if one.digest == digest),
        others=tuple(firsts.values()),
        first_at=free[0].at,
        last_at=free[-1].at,
        authors=len({(one.source, one.author) for one in free if one.author}),
        threads=len({(one.source, one.thread) for one in free if one.thread}),
        sources=len({one.source for one in free}),
    )


class _Told:
    """Which clusters are listed already, by comment."""

    def __init__(self) -> None:
        self._keys: dict[int, list[str]] = defaultdict(list)

    def add(self, clusters: Iterable[Cluster]) -> None:
        for cluster in clusters:
            for comment_id in cluster.ids:
                self._keys[comment_id].append(cluster.key)

    def has(self, burst: Cluster) -> bool:
        """Whether nearly all of it is in one of them."""
        inside = Counter(key for comment_id in burst.ids for key in self._keys.get(comment_id, ()))
        return bool(inside) and inside.most_common(1)[0][1] >= _COVERED * len(burst.ids)
