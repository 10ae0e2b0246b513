"""Installing what a test needs from Debian, where that is possible."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def install(package: str) -> bool:
    """Install the package if this is root on a Debian system; say whether it worked. One at a time."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with (Path(tempfile.gettempdir()) / "moderato-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["apt-get", "update", "-q"], check=False, env=environment, **quiet)
        done = subprocess.run(["apt-get", "install", "-y", "-q", package], check=False, env=environment, **quiet)
    return done.returncode == 0
