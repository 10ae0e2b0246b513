"""Ask whether any pinned package is known to be vulnerable, and say so plainly where nobody can be asked.

    python .ci/audit.py [--strict]

pip-audit passes over packages that its service does not answer for, and then reports "no known vulnerabilities". So it
is first asked about a release that is known to be vulnerable: if that is not reported, nothing was checked. Without
an answer the exit status is 0, with --strict 1; with a vulnerable package it is 1 always.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KNOWN_BAD = "jinja2==2.10"
"""CVE-2019-10906 and others. Never installed: it is asked about."""
PINS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")


def pins() -> list[str]:
    """Every package as name==version, without extras and options."""
    lines = [line.split("#")[0].strip() for name in PINS for line in (ROOT / name).read_text().splitlines()]
    found = {line.split("[")[0].split("==")[0].lower(): line.split("==")[1] for line in lines if "==" in line}
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def ask(packages: list[str]) -> tuple[dict[str, list[str]], list[str], str]:
    """Known vulnerabilities by package, packages that nothing was said about, and what went wrong if anything did."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(packages) + "\n")
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "-r", file.name, "--no-deps", "--disable-pip", "-f", "json"]
        done = subprocess.run([*command, "--progress-spinner", "off"], capture_output=True, text=True, check=False)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return {}, packages, (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    bad = {
        f"{one['name']} {one['version']}": list(map(_words, one["vulns"])) for one in dependencies if one.get("vulns")
    }
    return bad, skipped, ""


def _words(found: dict) -> str:
    return f"{found['id']} (mended in {', '.join(found['fix_versions']) or 'no release yet'})"


def main() -> int:
    """Ask, tell, and return the exit status."""
    strict = "--strict" in sys.argv[1:]
    proof, _, problem = ask([KNOWN_BAD])
    if not proof:
        print(
            f"NOT CHECKED: no package was checked for known vulnerabilities. The service does not report {KNOWN_BAD}, "
            f"which is known to be vulnerable{f' ({problem})' if problem else ''}. Run `make audit` where "
            "the package index's own service answers.",
            file=sys.stderr,
        )
        return int(strict)
    packages = pins()
    bad, skipped, problem = ask(packages)
    for package, which in bad.items():
        print(f"VULNERABLE: {package}: {'; '.join(which)}", file=sys.stderr)
    if skipped or problem:
        print(f"NOT CHECKED: {', '.join(skipped)}{f' ({problem})' if problem else ''}", file=sys.stderr)
    print(f"{len(packages) - len(skipped)} of {len(packages)} packages checked, {len(bad)} known to be vulnerable.")
    return int(bool(bad) or (strict and bool(skipped)))


if __name__ == "__main__":
    raise SystemExit(main())
