"""What uploads hold in this process's memory, for the limit in api/limits.py."""

from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager


def held(session: str) -> tuple[frozenset[str], int]:
    """Ids of the session's files, and the bytes of all sessions'. Before the first page was opened there are none."""
    manager = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    if not isinstance(manager, MemoryUploadedFileManager):
        return frozenset(), 0
    files = list(manager.file_storage.values())  # a snapshot: other threads add and remove
    everything = sum(len(file.data) for some in files for file in list(some.values()))
    return frozenset(manager.file_storage.get(session, {})), everything
