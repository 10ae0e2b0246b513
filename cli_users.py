"""`moderato users`: accounts from the shell, also for an administrator who cannot get in."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from core.accounts import Person, Role, parse_roles

if TYPE_CHECKING:
    from core.services import Services

app = typer.Typer(no_args_is_help=True, help="People who sign in: list, create, invite, roles, disable, enable, reset.")
Name = Annotated[str, typer.Argument(help="The name that the ledger has.")]
Roles = Annotated[list[str], typer.Option("--role", help="moderator, lead, analyst or admin; may be repeated.")]


@app.command("list")
def list_() -> None:
    """List the accounts with their roles, and when they last signed in."""
    services = _services()
    accounts, decided = services.people.list_accounts(), services.people.decided()
    services.close()
    for account in accounts:
        roles = ", ".join(sorted(account.roles)) or "no role"
        state = f"disabled {account.disabled_at:%Y-%m-%d %H:%M} UTC" if account.disabled_at else "enabled"
        last = f"last signed in {account.last_sign_in_at:%Y-%m-%d %H:%M} UTC" if account.last_sign_in_at else "never in"
        how = "company" if account.is_company else "password" if account.has_password else "no password yet"
        typer.echo(f"{account.name}  {roles}; {how}; {state}, {last}; {decided.get(account.name, 0):,} decisions")
    if not accounts:
        typer.echo("There is no account yet. `moderato users create NAME --role admin` makes the first.")


@app.command()
def create(name: Name, role: Roles) -> None:
    """Make an account and print the link that sets its password. The first one is an administrator's."""
    services = _services()
    account, secret = services.people.create(name, parse_roles(role), by=_me())
    many = services.people.decided([account.name]).get(account.name, 0)
    if many:
        typer.echo(f"The ledger has {many:,} decisions under this name: they are {account.name}'s now.", err=True)
    _print_link(services, account.name, secret)


@app.command()
def invite(name: Name) -> None:
    """Print a new link that sets the person's password; earlier ones end, the password holds till then."""
    services = _services()
    _print_link(services, name, services.people.invite(name, by=_me()))


@app.command("reset-password")
def reset_password(name: Name) -> None:
    """End the person's password and browsers, and print a link that sets a new one."""
    services = _services()
    _print_link(services, name, services.people.reset_password(name, by=_me()))


@app.command()
def roles(name: Name, role: Roles) -> None:
    """Give exactly these roles. The person signs in again."""
    services = _services()
    account = services.people.set_roles(name, parse_roles(role), by=_me())
    services.close()
    typer.echo(f"{account.name}: {', '.join(sorted(account.roles))}.")


@app.command()
def disable(name: Name) -> None:
    """Let the person in no more; every open tab closes within 10 seconds."""
    services = _services()
    account = services.people.disable(name, by=_me())
    services.close()
    typer.echo(f"{account.name} is disabled.")


@app.command()
def enable(name: Name) -> None:
    """Let the person in again."""
    services = _services()
    account = services.people.enable(name, by=_me())
    services.close()
    typer.echo(f"{account.name} may sign in again.")


@app.command("sign-out")
def sign_out(name: Name) -> None:
    """Sign every browser of the person out."""
    services = _services()
    many = services.people.sign_out(name, by=_me())
    services.close()
    typer.echo(f"{many:,} browsers of {name} are signed out.")


def _services() -> "Services":
    from core.services import build_services

    return build_services()


def _me() -> Person:
    """Whoever has the shell has the database: every role, under a name that no account can have."""
    return Person(f"shell:{getpass.getuser()}", frozenset(Role))


def _print_link(services: "Services", name: str, secret: str) -> None:
    days, base = services.settings.link_days, services.settings.base_url
    services.close()
    typer.echo(f"Give {name} this link. It works once, for {days:g} days:", err=True)
    typer.echo(f"{base}/welcome?link={secret}")
