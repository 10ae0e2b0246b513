"""Run every benchmark and write the table of docs/benchmarks.md.

    python -m benchmarks [--only NAME ...] [--quick]

Each script prints one JSON line last. Rows of scripts that did not run now are kept.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common import machine
from core.settings import ROOT

TABLE = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench`. Each row is one script in `benchmarks/`; floor is what must hold, target what is aimed at.

| name | value | unit | floor | target | verdict | date | machine | command |
|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Run, write the table, exit with 1 if a script failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="+", choices=names(), metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that the scripts work; no table")
    options = parser.parse_args()
    rows, failed = read_rows(), []
    for name in options.only or names():
        line = run(name, quick=options.quick)
        if line is None:
            failed.append(name)
        elif not options.quick:
            rows[name] = row_of(line)
            write(rows)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def names() -> list[str]:
    """Scripts of the folder that report something and need nothing that is not here."""
    sources = {file.stem: file.read_text() for file in sorted(Path(__file__).parent.glob("[!_]*.py"))}
    return [
        name
        for name, source in sources.items()
        if '__name__ == "__main__"' in source and "NEEDS_A_MODEL = True" not in source
    ]


def run(name: str, *, quick: bool) -> dict | None:
    """Run one script; its JSON line, or None if it failed."""
    source = (Path(__file__).parent / f"{name}.py").read_text()
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    if quick and '"--quick"' in source:
        command.append("--quick")
    print(f"== {name}", flush=True)
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    print(f"{lines[-1] if lines else '(nothing)'}\n   {time.monotonic() - started:.0f} s", flush=True)
    try:
        return json.loads(lines[-1]) if done.returncode == 0 and lines else None
    except json.JSONDecodeError:
        return None


def verdict(line: dict) -> str:
    """Whether the value is at or beyond its floor; the floor lies on the worse side of the target."""
    value, floor, target = (line.get(key) for key in ("value", "floor", "target"))
    if value is None or floor is None:
        return ""
    lower_is_better = target < floor if target not in (None, floor) else line["unit"] in {"s", "ms", "MB"}
    good = value <= floor if lower_is_better else value >= floor
    return "pass" if good else "**short**"


def row_of(line: dict) -> str:
    """The table's row of a JSON line."""
    cells = [line["name"], line["value"], line["unit"], line.get("floor", ""), line.get("target", ""), verdict(line)]
    cells += [f"{datetime.now(UTC):%Y-%m-%d}", machine(), f"`python -m benchmarks.{line['name']}`"]
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"


def read_rows() -> dict[str, str]:
    """The rows that the table has, by name."""
    text = TABLE.read_text() if TABLE.exists() else ""
    return {
        found[1]: found[0] for found in re.finditer(r"^\| (\w+) \| .*\|$", text, re.MULTILINE) if found[1] != "name"
    }


def write(rows: dict[str, str]) -> None:
    """Write the table, all of it or nothing."""
    TABLE.parent.mkdir(exist_ok=True)
    new = TABLE.with_suffix(".new")
    new.write_text(HEAD + "".join(f"{rows[name]}\n" for name in sorted(rows)))
    os.replace(new, TABLE)


if __name__ == "__main__":
    main()
