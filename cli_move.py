"""`moderato move`: to another database, verified."""

import time
from typing import Annotated

import typer

from cli_models import this_user

app = typer.Typer()


@app.command()
def move(
    to: Annotated[str, typer.Argument(metavar="URL", help="An empty database: postgresql+psycopg://... or sqlite:///")],
    force: Annotated[bool, typer.Option(help="Even while somebody is at work; what they then write stays.")] = False,
) -> None:
    """Copy everything to an empty database, and verify counts and hashes of every table before it is kept."""
    from cli import _progress
    from core.moving import move
    from core.settings import Settings

    started = time.monotonic()

    def tell(what: str, table: str, rows: int, total: int) -> None:
        _progress(f"{what} {table}: {rows:,} of {total:,}" if total else f"{what} {table}")

    moved = move(Settings(), to, by=this_user(), force=force, progress=tell)
    _progress("")
    for table in moved.tables:
        typer.echo(f"{table.rows:12,}  {table.table:20}  {table.sha256[:16]}")
    seconds = time.monotonic() - started
    typer.echo(f"{moved.rows:,} rows moved and verified in {seconds:,.0f} s. The old database is as it was.")
    typer.echo("Now set MODERATO_DATABASE_URL to the new one, keep the data folder, and start. Check with the doctor.")
