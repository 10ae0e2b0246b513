"""`moderato webhooks`: where decisions are delivered, from the command line."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from core.accounts import Person, local_person
from core.errors import ModeratoError

if TYPE_CHECKING:
    from core.webhooks.service import Webhook, Webhooks

app = typer.Typer(no_args_is_help=True, help="Addresses that decisions are delivered to: list, create, test, resend.")
Name = Annotated[str, typer.Argument(help="A webhook that `moderato webhooks list` lists.")]
Events = Annotated[
    list[str] | None,
    typer.Option("--event", help="decision.created, decision.revoked or comment.removed; repeated; else all."),
]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only comments of this source; may be repeated.")]


@app.command("list")
def list_() -> None:
    """List the webhooks with how their deliveries go."""
    with _webhooks() as (webhooks, person):
        found = webhooks.list_webhooks(by=person)
    for hook, counts in found:
        typer.echo(f"{hook.name}  {hook.url}  {_state(hook)}")
        told = f"{', '.join(sorted(hook.events))}; sources: {', '.join(hook.sources) or 'all'}"
        typer.echo(f"    {told}; {'with' if hook.with_person else 'without'} the moderator's name")
        sums = f"{counts.waiting:,} waiting, {counts.failed:,} failed, {counts.delivered:,} delivered in 7 days"
        typer.echo(f"    {sums}; made by {hook.created_by}")
        if hook.problem:
            typer.echo(f"    last failure: {hook.problem}")
    if not found:
        typer.echo("There is no webhook yet. `moderato webhooks create NAME URL` makes one.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What lists and the audit trail call it.")],
    url: Annotated[str, typer.Argument(help="Where to, as https://example.org/moderation.")],
    event: Events = None,
    source: Sources = None,
    person: Annotated[bool, typer.Option("--with-person", help="Send the moderator's name too.")] = False,
) -> None:
    """Make a webhook and print its secret, which is shown this once."""
    from core.webhooks.service import Wishes, parse_events

    with _webhooks() as (webhooks, admin):
        wishes = Wishes(parse_events(event or []), source or [], person)
        made, secret = webhooks.create(name, url, wishes, by=admin)
    typer.echo(f"Webhook {made.name} ({', '.join(sorted(made.events))}). Its secret is shown this once:", err=True)
    typer.echo(secret)


@app.command()
def change(
    name: Name,
    url: Annotated[str, typer.Option(help="The new address; else the one it has.")] = "",
    event: Events = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help='Only comments of this source; repeated; "" for all.')
    ] = None,
    person: Annotated[
        bool | None, typer.Option("--with-person/--without-person", help="Whether to send the moderator's name.")
    ] = None,
) -> None:
    """Give a webhook another address or other wishes; what is not named stays as it is."""
    from core.webhooks.service import Wishes, parse_events

    with _webhooks() as (webhooks, admin):
        hook = next((hook for hook, _ in webhooks.list_webhooks(by=admin) if hook.name == name), None)
        events = parse_events(event or (sorted(hook.events) if hook else []))
        sources = source if source is not None else list(hook.sources if hook else [])
        with_person = person if person is not None else bool(hook and hook.with_person)
        webhooks.change(name, url or (hook.url if hook else ""), Wishes(events, sources, with_person), by=admin)
    typer.echo(f"The webhook {name} is changed.")


@app.command()
def disable(name: Name) -> None:
    """Send nothing more until it is enabled again; what happens meanwhile waits."""
    with _webhooks() as (webhooks, admin):
        webhooks.disable(name, by=admin)
    typer.echo(f"The webhook {name} is disabled. What happens meanwhile waits for `moderato webhooks enable {name}`.")


@app.command()
def enable(name: Name) -> None:
    """Send again, from where it stopped."""
    with _webhooks() as (webhooks, admin):
        webhooks.enable(name, by=admin)
    typer.echo(f"The webhook {name} is enabled.")


@app.command()
def delete(name: Name) -> None:
    """Remove a webhook for good, with what waits and what failed."""
    with _webhooks() as (webhooks, admin):
        webhooks.delete(name, by=admin)
    typer.echo(f"The webhook {name} is deleted.")


@app.command()
def rotate(
    name: Name,
    at_once: Annotated[bool, typer.Option("--at-once", help="The former secret ends now, not in a day.")] = False,
) -> None:
    """Make a new secret and print it, this once; the former one signs too for a day."""
    with _webhooks() as (webhooks, admin):
        secret = webhooks.rotate(name, by=admin, at_once=at_once)
    former = "does not sign any more" if at_once else "signs too for a day"
    typer.echo(f"New secret of {name}, shown this once; the former one {former}:", err=True)
    typer.echo(secret)


@app.command()
def failures(name: Name, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100) -> None:
    """List messages that were given up, the latest first."""
    with _webhooks() as (webhooks, admin):
        found = webhooks.failures(name, by=admin, limit=limit)
    for failure in found:
        called = repr(failure.external_id) if failure.external_id else "erased"
        what = f"{failure.event} of comment {failure.comment_id} ({called})"
        typer.echo(f"{failure.id}  {failure.ended_at:%Y-%m-%d %H:%M} UTC  {what}, {failure.tries} attempts")
        typer.echo(f"    {failure.problem}")
    typer.echo(f"`moderato webhooks resend {name}` sends them again." if found else f"Nothing of {name} failed.")


@app.command()
def resend(
    name: Name,
    number: Annotated[list[int] | None, typer.Argument(help="As `failures` lists them; else all.")] = None,
) -> None:
    """Send failed messages again."""
    with _webhooks() as (webhooks, admin):
        many = webhooks.resend(name, number or None, by=admin)
    typer.echo(f"{many:,} {'message waits' if many == 1 else 'messages wait'} to be sent again.")


@app.command()
def test(name: Name) -> None:
    """Send a message of type webhook.test now, and say how it went."""
    with _webhooks() as (webhooks, admin):
        answer = webhooks.test(name, by=admin)
    if answer.problem:
        raise ModeratoError(f"The webhook {name} does not work. {answer.problem}")
    typer.echo(f"The webhook {name} works: it answered {answer.status}.")


def _state(hook: "Webhook") -> str:
    if not hook.enabled:
        return f"disabled: {hook.disabled_why}"
    return f"failing since {hook.failing_since:%Y-%m-%d %H:%M} UTC" if hook.failing_since else "enabled"


@contextmanager
def _webhooks() -> "Iterator[tuple[Webhooks, Person]]":
    from core.services import build_services

    services = build_services()
    try:
        yield services.webhooks, local_person(getpass.getuser())
    finally:
        services.close()
