"""`moderato report`: the transparency report of a period as a file."""

import hashlib
import os
from pathlib import Path
from typing import Annotated

import typer

from cli_models import this_user


def report(
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD, in UTC.")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD, in UTC.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .html, .csv, or .zip with both.")],
) -> None:
    """Write the transparency report of a period: decisions, times, reversals, accuracy. No texts and no names."""
    from core.errors import BadInput
    from core.services import build_services
    from core.transparency import Period, parse_day
    from core.transparency.files import ENDINGS, as_file

    ending = out.suffix.lower()
    if ending not in ENDINGS:
        raise BadInput(f"A report is written as .html, .csv or .zip, not as {out.name[:60]!r}. Change the file's name.")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {out.absolute().parent}. Make it, or give another place.")
    period = Period(parse_day(first), parse_day(last))
    services = build_services()
    made = services.transparency.report(period, by=this_user())
    services.close()
    content = as_file(made, ending)
    part = out.with_name(f".{out.name}.part")  # whoever reads the file sees the old one or the whole new one
    part.write_bytes(content)
    os.replace(part, out)
    digest = hashlib.sha256(content).hexdigest()
    typer.echo(f"{out}: {period.title}, {made.ledger.decisions:,} decisions, SHA-256 {digest}")
    if not made.closed:
        typer.echo("The period is not over: its numbers will still change.", err=True)
