"""A sampling profiler for a server started meanwhile: no package, no change to the product.

A `sitecustomize` on PYTHONPATH starts a thread that looks at every thread's stack a hundred times a second.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SITE = """
import os, sys, threading, time
from collections import Counter

def _watch(out):
    lines, stacks, began, saved = Counter(), Counter(), time.monotonic(), 0.0
    own = threading.get_ident()
    while True:
        time.sleep(0.01)
        names = {t.ident: t.name.split("_")[0][:18] for t in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident == own:
                continue
            chain, top = [], frame
            while frame and len(chain) < 60:
                file = frame.f_code.co_filename.split("site-packages/")[-1]
                chain.append(f"{file.replace(os.getcwd() + '/', '')}:{frame.f_code.co_name}")
                frame = frame.f_back
            if top.f_code.co_name in ("wait", "select", "_worker", "accept", "get", "poll"):
                continue
            ours = next((c for c in chain if c.startswith(("core/", "db/", "pages/", "api/"))), "-")
            lines[names.get(ident, "?") + " | " + chain[0] + ":" + str(top.f_lineno) + " <- " + ours] += 1
            for c in set(chain):
                stacks[names.get(ident, "?") + " | " + c] += 1
        if time.monotonic() - saved > 5:
            saved = time.monotonic()
            with open(out, "w") as file:
                file.write(f"samples over {saved - began:.0f} s\\n")
                for title, found in (("itself", lines), ("with what it calls", stacks)):
                    file.write(f"-- {title}\\n")
                    file.writelines(f"{many:6} {what}\\n" for what, many in found.most_common(70))

if "streamlit" in " ".join(sys.orig_argv):
    threading.Thread(target=_watch, args=(os.environ["MODERATO_PROFILE_TO"],), daemon=True).start()
"""


@contextmanager
def sampling(out: Path, *, on: bool) -> Iterator[None]:
    """While this lasts, Streamlit servers that are started write what they do to the file, every five seconds."""
    if not on:
        yield
        return
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(_SITE)
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, before.get("PYTHONPATH", "")])
        os.environ["MODERATO_PROFILE_TO"] = str(out)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
