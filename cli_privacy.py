"""`moderato privacy` and `moderato trail`: erasing, keeping for so long, handing over, and proving what was done."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.accounts import Person, local_person
from core.errors import BadInput, ModeratoError

app = typer.Typer(no_args_is_help=True, help="Erase texts, keep them for so long, hand over what is held on an author.")
trail_app = typer.Typer(no_args_is_help=True, help="The audit trail: prove that it is whole, take it out.")


def _by() -> Person:
    return local_person(getpass.getuser())


@app.command()
def erase(
    author: Annotated[str, typer.Option(help="Every comment of this author.")] = "",
    comment: Annotated[int, typer.Option(help="One comment, by its number.")] = 0,
    source: Annotated[str, typer.Option(help="Of the author only what came from this source.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase texts for good, here and now. What is counted of them stays; they do not come back by import."""
    from core.services import build_services

    if bool(author) == bool(comment):
        raise BadInput("Say what to erase: --author NAME or --comment NUMBER.")
    services, by = build_services(), _by()
    many = services.privacy.census_of_author(author, by=by, source=source or None).comments if author else 1
    if not yes:
        typer.confirm(f"Erase {_comments(many)} for good? This cannot be undone", abort=True)
    if author:
        begun = services.privacy.erase_author(author, by=by, source=source or None)
    else:
        begun = services.privacy.erase_comment(comment, by=by)
    done = services.privacy.finish(begun.id)
    outside = services.privacy.written_outside()
    services.close()
    if done.state != "done":
        raise ModeratoError(f"{done.problem or 'It stopped.'} `moderato run` and `moderato worker` go on with it.")
    typer.echo(f"{_comments(done.erased)} erased, {done.files:,} exports in the data folder rewritten.")
    if outside:
        typer.echo("Not reached: backups, trained models, and these exports outside the data folder:", err=True)
        typer.echo("\n".join(f"    {path}" for path in outside[:20]), err=True)


@app.command()
def retention(
    days: Annotated[int | None, typer.Option(min=0, help="Keep texts for so many days; 0: for ever.")] = None,
    source: Annotated[str, typer.Option(help="Set it for this source alone; 0: as the others.")] = "",
    erase_golden: Annotated[bool, typer.Option("--erase-golden", help="Comments with known answers too.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Erase what is too old now.")] = False,
) -> None:
    """Show or set for how long texts are kept, with how many are older; workers erase those once a day."""
    from dataclasses import replace

    from core.services import build_services

    services, by = build_services(), _by()
    held = services.privacy.retention()
    if days is not None:
        if source:
            others = {name: kept for name, kept in held.sources.items() if name != source}
            held = replace(held, sources=others | ({source: days} if days else {}))
        else:
            held = replace(held, days=days or None)
        services.privacy.set_retention(replace(held, spare_golden=not erase_golden), by=by)
        held = services.privacy.retention()
    typer.echo(f"Texts are kept {_days(held.days)}." + ("" if held.spare_golden else " Golden ones too."))
    for name, kept in held.sources.items():
        typer.echo(f"    from {name}: {_days(kept)}")
    older = services.privacy.preview_retention(held, by=by)
    typer.echo(
        f"{_comments(older.comments)} older than that: {older.decided:,} decided, {older.waiting:,} waiting, "
        f"{older.golden:,} golden."
    )
    if apply and (begun := services.privacy.apply_retention(by=by)):
        done = services.privacy.finish(begun.id)
        typer.echo(f"{_comments(done.erased)} erased." if done.state == "done" else f"{done.problem}")
    services.close()


@app.command("export-author")
def export_author(
    author: Annotated[str, typer.Argument(help="The author's name as the comments have it.")],
    out: Annotated[Path, typer.Argument(help="ZIP file to write.")],
    source: Annotated[str, typer.Option(help="Only what came from this source.")] = "",
) -> None:
    """Write all that is held on an author: comments, scores, decisions; without moderators' names."""
    from core.services import build_services

    services = build_services()
    try:
        with out.open("xb") as file:
            many = services.author_exports.write(file, author, by=_by(), source=source or None)
    except FileExistsError:
        raise BadInput(f"{out} exists. Give another name, or remove it.") from None
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}. Choose another place.") from error
    except ModeratoError:
        out.unlink(missing_ok=True)
        raise
    services.close()
    typer.echo(f"{_comments(many)} in {out}. Keep it where only the right people can read it.")


@app.command()
def pseudonyms(
    on: Annotated[bool, typer.Option("--on/--off", help="On: also converts the authors that are stored, for good.")],
) -> None:
    """Store authors as keyed hashes from now on: the same author still groups, nobody sees who it is."""
    from core.services import build_services

    services = build_services()
    begun = services.privacy.set_pseudonyms(on, by=_by())
    if begun:
        done = services.privacy.finish(begun.id)
        typer.echo(f"Authors of {_comments(done.erased)} converted.")
    services.close()
    typer.echo(f"Authors are stored {'by pseudonym' if on else 'by name'} from now on.")


@app.command()
def compact() -> None:
    """Write SQLite's file anew without what was deleted (nobody can write meanwhile); on PostgreSQL, VACUUM."""
    from core.services import build_services

    services = build_services()
    services.privacy.compact(by=_by())
    services.close()
    typer.echo("Done.")


@trail_app.command()
def verify(
    expect: Annotated[str, typer.Option(help="NUMBER:HASH that was noted outside before.")] = "",
) -> None:
    """Walk the whole chain: find what was changed, taken out, put in or cut off. Exit status 1 if anything was."""
    from core.services import build_services
    from core.trail import parse_noted

    services = build_services()
    noted = parse_noted(expect) if expect else None
    proof = services.trail.verify(full=True, expect=noted, progress=_progress)
    services.close()
    _progress(None)
    if proof.problem:
        raise ModeratoError(proof.problem)
    typer.echo(f"{proof.checked:,} events, the chain is whole. Note outside:")
    typer.echo(f"{proof.last}:{proof.hash}")


@trail_app.command("export")
def export_(out: Annotated[Path, typer.Argument(help="File to write: .csv or .jsonl.")]) -> None:
    """Write the whole audit trail to a file, the newest first."""
    from core.services import build_services
    from core.trail import EVERYTHING, write_to

    services = build_services()
    many = write_to(out, services.trail, EVERYTHING, by=_by())
    services.close()
    typer.echo(f"{many:,} events in {out}.")


def _progress(number: int | None) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + ("" if number is None else f"event {number:,}"))
        sys.stderr.flush()


def _comments(many: int) -> str:
    return "1 comment" if many == 1 else f"{many:,} comments"


def _days(days: int | None) -> str:
    return "for ever" if days is None else f"for {days:,} days after they came in"
