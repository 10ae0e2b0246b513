"""`moderato doctor`, `backup` and `restore`."""

import typer

app = typer.Typer()
