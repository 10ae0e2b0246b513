"""`moderato keys`: programs' keys from the command line."""

import getpass
from typing import Annotated

import typer

from core.accounts import local_person

app = typer.Typer(no_args_is_help=True, help="Keys of programs that call the API: list, create, revoke.")


@app.command("list")
def list_() -> None:
    """List the keys, revoked ones too, with what they may do and when they were last used."""
    from core.services import build_services

    services = build_services()
    keys, used = services.keys.list_keys(), services.keys.used_lately()
    services.close()
    for key in keys:
        state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else "holds"
        last = f"last used {key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never used"
        rate = "no rate limit" if key.rate is None else f"{key.rate:g} requests/s"
        daily = "no daily quota" if key.daily is None else f"{key.daily:,} requests/day"
        typer.echo(f"{key.name}  {key.prefix}…  {state}, {last}, {used.get(key.id, 0):,} requests in 30 days")
        typer.echo(f"    {', '.join(sorted(key.scopes))}; {rate}, {daily}; made by {key.created_by}")
    if not keys:
        typer.echo("There is no key yet. `moderato keys create NAME --scope analyze` makes one.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the ledger and the lists call the program.")],
    scope: Annotated[
        list[str], typer.Option(help="analyze, suggest, trusted, ingest, read, metrics; may be repeated.")
    ],
    rate: Annotated[float, typer.Option(min=0, help="Requests a second; 0 for no limit.")] = 100,
    daily: Annotated[int, typer.Option(min=0, help="Requests a day; 0 for no limit.")] = 0,
) -> None:
    """Make a key and print its secret, which is shown this once."""
    from core.keys import parse_scopes
    from core.services import build_services

    services = build_services()
    key, secret = services.keys.create(
        name, parse_scopes(scope), by=local_person(getpass.getuser()), rate=rate or None, daily=daily or None
    )
    services.close()
    typer.echo(f"Key {key.name} ({', '.join(sorted(key.scopes))}). Its secret is shown this once:", err=True)
    typer.echo(secret)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="A key that `moderato keys list` lists.")]) -> None:
    """End a key: no request with it is answered from now on."""
    from core.services import build_services

    services = build_services()
    key = services.keys.revoke(name, by=local_person(getpass.getuser()))
    services.close()
    typer.echo(f"The key {key.name} is revoked.")
