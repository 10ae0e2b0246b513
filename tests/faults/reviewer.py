"""A moderator in a process of its own: decides whatever waits, and says which decisions were acknowledged."""

import sys
import time
from uuid import uuid4

from core.accounts import local_person
from core.domain import Outcome
from core.errors import ModeratoError
from core.services import build_services
from core.verdict import Verdict


def main(name: str) -> None:
    """Claim and decide until killed; print `CLIENT_ID COMMENT_ID` after each decision that came back."""
    review, person = build_services().review, local_person(name)
    while True:
        try:
            items = review.claim(person, 5)
            for item in items:
                client_id = uuid4()
                review.decide(Verdict(client_id, item.comment.id, Outcome.REMOVE, seconds=0.1), by=person)
                print(client_id, item.comment.id, flush=True)
        except ModeratoError:
            items = []
        time.sleep(0.02 if items else 0.1)


if __name__ == "__main__":
    main(sys.argv[1])
