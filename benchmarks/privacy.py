"""A long audit trail: appending, searching, verifying. A large author: erasing, and how long others wait meanwhile."""

import json
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import insert

from core.accounts import local_person
from core.audit_trail import What, record
from core.domain import NewComment, now
from core.services import build_services
from core.settings import Settings
from core.trail import EVERYTHING, TrailFilter
from db.people_models import AuditEventRow
from db.stores.audit import AuditEvent, chain_hash

EVENTS = 1_000_000
COMMENTS = 100_000
AUTHORS = 20
_PART = 50_000


def main() -> None:
    """Prints one JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        print(json.dumps({"benchmark": "privacy", **trail(services), **erasure(services)}))
        services.close()


def trail(services) -> dict:
    """Seconds on a trail of EVENTS events."""
    fill(services)
    ada, found = local_person("Ada"), {"events": EVENTS}
    found["verify_all_s"] = timed(lambda: services.trail.verify(full=True))
    found["verify_from_checkpoint_ms"] = 1000 * timed(lambda: services.trail.verify(full=False))
    search = services.trail.search
    found["newest_ms"] = 1000 * timed(lambda: search(EVERYTHING, by=ada))
    found["rare_subject_ms"] = 1000 * timed(lambda: search(TrailFilter(subject="nothing has this"), by=ada))
    found["person_ms"] = 1000 * timed(lambda: search(TrailFilter(person="person 7"), by=ada))

    def append() -> None:
        with services.sessions.begin() as session:
            record(session, ada, What.KEY_CREATED, "one more")

    found["append_ms"] = 1000 * min(timed(append) for _ in range(20))
    return {name: round(value, 2) for name, value in found.items()}


def fill(services) -> None:
    """Write the events in bulk, with their hashes."""
    previous, at = "", now()
    for start in range(1, EVENTS + 1, _PART):
        rows = []
        for number in range(start, min(EVENTS, start + _PART - 1) + 1):
            said = {"scopes": ["analyze"], "number": number}
            event = AuditEvent(number, at, f"person {number % 50}", "key.created", f"key {number}", said, "")
            previous = chain_hash(previous, event)
            rows.append({name: getattr(event, name) for name in event.__slots__} | {"hash": previous})
        with services.sessions.begin() as session:
            session.execute(insert(AuditEventRow), rows)


def erasure(services) -> dict:
    """Seconds to erase one author of COMMENTS comments, and the longest that another writer waited meanwhile."""
    words = "the road to the market is closed since friday and nobody says why "
    texts = (NewComment(words * 3 + str(n), "site", str(n), author=f"a{n % AUTHORS}") for n in range(COMMENTS))
    services.intake.add(list(texts))
    services.search_index.catch_up()
    ada, waits, stop = local_person("Ada"), [], threading.Event()

    def write() -> None:
        while not stop.wait(0.05):
            waits.append(timed(lambda: services.site_settings.put("benchmark", len(waits), by=ada)))

    writer = threading.Thread(target=write)
    begun = services.privacy.erase_author("a1", by=ada)
    writer.start()
    seconds = timed(lambda: services.privacy.finish(begun.id))
    stop.set()
    writer.join()
    done = services.privacy.list_erasures()[0]
    waits.sort()
    return {
        "comments": COMMENTS,
        "erased": done.erased,
        "erase_s": round(seconds, 2),
        "writer_p95_ms": round(1000 * waits[int(0.95 * len(waits))], 1),
        "writer_max_ms": round(1000 * waits[-1], 1),
    }


def timed(act) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
