"""`moderato backup` and `moderato restore`."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli_models import this_user
from core.checkup import Check

app = typer.Typer()


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; one that ends in .gz or .tgz is compressed.")],
    files: Annotated[bool, typer.Option("--files", help="Snapshots and exports too.")] = False,
    force: Annotated[bool, typer.Option(help="Replace a file of that name.")] = False,
) -> None:
    """Write database and trained models into one file, as of one moment, while Moderato runs."""
    from core.backup import Backups
    from core.runs import stop_on_signals
    from core.settings import Settings
    from db.session import Sessions, build_engine

    stop_on_signals()
    settings = Settings()
    engine = build_engine(settings.url)
    made = Backups(Sessions(engine), settings).make(file, by=this_user(), say=_say, files=files, force=force)
    engine.dispose()
    _clear()
    counts = made.manifest.counts
    typer.echo(
        f"{made.path}: {made.bytes / 1e6:,.1f} MB, {counts.get('comment', 0):,} comments, "
        f"{counts.get('decision', 0):,} decisions, {sum(bool(m.folder) for m in made.manifest.models)} trained models, "
        f"{len(made.manifest.files):,} files, checked."
    )
    for note in made.notes:
        typer.secho(f"left out: {note}", err=True, fg="yellow")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `moderato backup` wrote.")]) -> None:
    """Put a backup back. What is there now is moved aside, never deleted; refuses while Moderato runs."""
    from core.restore import restore as put_back
    from core.settings import Settings

    done = put_back(file, Settings(), by=this_user(), say=_say)
    _clear()
    counts = done.manifest.counts
    typer.echo(
        f"Restored the backup of {done.manifest.made_at}: {counts.get('comment', 0):,} comments, "
        f"{counts.get('decision', 0):,} decisions."
    )
    for place in done.aside:
        typer.echo(f"What was there before: {place}. Delete it when you do not need it any more.")
    for note in done.notes:
        typer.echo(note)


def print_checks(checks: Iterable[Check]) -> int:
    """Print the doctor's checks as one JSON document; the exit status, 1 if any fails."""
    found = [asdict(check) for check in checks]
    failed = any(check["grade"] == "FAIL" for check in found)
    typer.echo(json.dumps({"ok": not failed, "checks": found}, indent=1))
    return int(failed)


def _say(what: str, share: float) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{what} {share:.0%}")
        sys.stderr.flush()


def _clear() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
