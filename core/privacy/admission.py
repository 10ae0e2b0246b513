"""What happens to comments on their way in: erased ones stay out, authors get pseudonyms where that is set."""

from collections.abc import Sequence
from typing import Final

from core.privacy.keyed import Keyed, keyed
from db.session import Session
from db.stores.comments import CommentStore, CommentValues
from db.stores.erased import ErasedStore
from db.stores.site_settings import SiteSettingStore

PSEUDONYMS: Final = "privacy.pseudonyms"
"""Name of the setting: whether authors are stored as a keyed hash."""


def admit(session: Session, values: Sequence[CommentValues]) -> list[CommentValues]:
    """Those that may be added, as they are to be stored. In the transaction that adds them.

    Holds off an erasure of comments of the same sources until then: what it takes out cannot slip back in.
    """
    settings, erased = SiteSettingStore(session), ErasedStore(session)
    settings.hold()
    CommentStore(session).lock_sources({value.source for value in values})
    pseudonyms, any_erased = bool(settings.get(PSEUDONYMS)), erased.has_any()
    if not values or not (pseudonyms or any_erased):
        return list(values)
    key = keyed(session)
    kept = _without_erased(erased, key, values) if any_erased else list(values)
    return [_named(value, key) for value in kept] if pseudonyms else kept


def _without_erased(store: ErasedStore, key: Keyed, values: Sequence[CommentValues]) -> list[CommentValues]:
    hashes = [key.comment(value.source, value.external_id) for value in values]
    known = store.known(hashes)
    return [value for value, hashed in zip(values, hashes, strict=True) if hashed not in known]


def _named(value: CommentValues, key: Keyed) -> CommentValues:
    return value if value.author is None else value._replace(author=key.pseudonym(value.author))
