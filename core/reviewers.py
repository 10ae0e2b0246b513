"""Who may review: to whom work can be given."""

from datetime import datetime, timedelta
from typing import Final

from core.accounts import MAY, PROGRAM, Action
from core.people import roles_of
from db.session import Session
from db.stores.accounts import AccountStore
from db.stores.claims import ClaimStore
from db.stores.second_opinions import SecondOpinionStore

LATELY: Final = timedelta(days=30)
"""Without accounts, whoever decided anything within this time."""


def reviewers(session: Session, at: datetime) -> list[str]:
    """Names of those who may review, in order: active accounts; where there is none, who reviews or did lately."""
    accounts = AccountStore(session).list_all()
    if accounts:
        able = [one for one in accounts if one.disabled_at is None]
        return sorted(one.name for one in able if any(Action.REVIEW in MAY[role] for role in roles_of(one.roles)))
    names = SecondOpinionStore(session).people_since(at - LATELY) | ClaimStore(session).people()
    return sorted(name for name in names if not name.startswith(PROGRAM))
