"""What a training can read off the machine it runs on."""

import resource
import sys
from pathlib import Path
from typing import Final

from core.scoring.forward import peak_bytes

_STATUS: Final = Path("/proc/self/statm")


def peak_memory(device: str) -> int | None:
    """Bytes that the device held at most; where it does not say what the process holds now, or held at most where only
    that is known."""
    if most := peak_bytes(device):
        return most
    try:
        return int(_STATUS.read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
