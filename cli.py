"""The `moderato` command. Each function is one command: parse, call core or training, print."""

import os
import sys

import typer

from core.errors import ModeratoError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.command()
def run() -> None:
    """Serve the dashboard on MODERATO_HOST:MODERATO_PORT."""
    from core.settings import ROOT, Settings

    settings = Settings()
    if not settings.is_loopback:
        raise ModeratoError(
            f"Without accounts Moderato serves this machine alone, not {settings.host}. Set MODERATO_HOST=127.0.0.1."
        )
    os.chdir(ROOT)  # where Streamlit looks for .streamlit/config.toml
    options = {
        "server.address": settings.host,
        "server.port": settings.port,
        "server.maxUploadSize": settings.max_upload_mb,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    typer.echo(f"Moderato: http://{settings.host}:{settings.port}")
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", "app.py", *flags])


@app.command()
def doctor() -> None:
    """List every setting with its value, and say what is wrong and what to do."""


def main() -> None:
    """Run the command; an error that a person can act on is one line, exit status 1."""
    try:
        app()
    except ModeratoError as error:
        typer.secho(f"moderato: {error}", err=True, fg="red")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
