"""Installing what a test needs from Debian, where that is possible."""

import os
import shutil
import subprocess


def install(package: str) -> bool:
    """Install the package if this is root on a Debian system; say whether it worked."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=False, env=environment, **quiet)
    done = subprocess.run(["apt-get", "install", "-y", "-q", package], check=False, env=environment, **quiet)
    return done.returncode == 0
