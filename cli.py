"""The `moderato` command. Each function is one command: parse, call core or training, print."""

import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

import cli_keys
import cli_move
import cli_ops
import cli_privacy
import cli_report
import cli_users
import cli_webhooks
from cli_models import app as model_commands
from cli_models import shadow_app, this_user
from core.domain import Lane, Outcome
from core.errors import ModeratoError
from core.files.kinds import Kind
from core.logs import set_up_logs
from core.settings import ROOT, Settings, in_one_line

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.command()
def run() -> None:
    """Serve the dashboard on MODERATO_HOST:MODERATO_PORT."""
    from core.reach import check_before_run, server_options
    from core.webhooks.addresses import networks_setting

    settings = Settings()
    for warning in check_before_run(settings):
        typer.secho(warning, err=True, fg="yellow")
    networks_setting(settings.webhook_private)
    if settings.database_url:  # a server that is away is one line here, and a stack trace from within the dashboard
        from core.services import build_services

        build_services(settings).close()
    os.chdir(ROOT)  # where Streamlit looks for .streamlit/config.toml
    os.environ["FORWARDED_ALLOW_IPS"] = settings.trusted_proxies  # whose X-Forwarded-For uvicorn believes
    flags = [f"--{name}={value}" for name, value in server_options(settings).items()]
    typer.echo(f"Moderato: {settings.base_url}")
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", "app.py", *flags])  # nosec B606 # no shell, and the arguments are settings


@app.command()
def worker() -> None:
    """Score what waits, beside the dashboard or other workers, until told to stop (SIGTERM, Ctrl-C)."""
    import signal
    import threading

    from core.services import build_services

    set_up_logs(Settings())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # first: whoever is told to stop while it starts stops as well
        signal.signal(number, lambda *_: stop.set())
    services = build_services()
    made = services.build_worker()
    typer.echo(f"Scoring as “{made.name}”.")
    services.start_beside()
    made.run(stop)
    services.stop_beside()
    services.close()


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="CSV, TSV, JSONL or Parquet, also .gz; - for a CSV on standard input.")],
    source: Annotated[str, typer.Option(help="Where the comments come from; else the file's name.")] = "",
    text_column: Annotated[str, typer.Option(help="Column with the text; else comment_text, text or body.")] = "",
    id_column: Annotated[str, typer.Option(help="Column with the ids; else external_id or id.")] = "",
    golden: Annotated[bool, typer.Option(help="Take the six labels in as known answers, for evaluation only.")] = False,
) -> None:
    """Add a file's comments. Run it again at any time: nothing is added twice."""
    from core.services import build_services

    services = build_services()
    summary = services.intake.import_file(
        file,
        by=this_user(),
        source=source or None,
        columns={role: name for role, name in (("text", text_column), ("external_id", id_column)) if name},
        golden=golden,
        progress=lambda run: _progress(f"{run.read:,} rows, {run.share:.0%}"),
    )
    _progress("making the texts searchable")
    services.search_index.catch_up()
    services.close()
    run = summary.run
    _progress("")
    typer.echo(f"{run.added:,} added, {run.known:,} known before, {run.bad:,} left out (source “{run.source}”).")
    for note in (f"What was left out, and why: {summary.report}" if summary.report else "", *summary.notes):
        typer.echo(note) if note else None
    if run.problem:
        raise ModeratoError(run.problem)


@app.command()
def score(
    file: Annotated[str, typer.Argument(help="CSV, TSV, JSONL or Parquet, also .gz; - for standard input.")],
    out: Annotated[str, typer.Option("--out", "-o", help="File to write, its ending says how; - for standard output.")],
    model: Annotated[str, typer.Option(help="Name of a model version; else the live one.")] = "",
    text_column: Annotated[str, typer.Option(help="Column with the text; else comment_text, text or body.")] = "",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads that the model may use.")] = 2,
    kind: Annotated[Kind, typer.Option("--format", help="What standard input and output are.")] = Kind.CSV,
) -> None:
    """Add p_toxic ... p_identity_hate to a table; its own columns and values stay as they are, formulas too."""
    from core.score_files import Order, score_file
    from core.scoring.load import load_scorer
    from core.services import build_services

    registry = build_services().registry
    scorer = load_scorer(registry.require(model) if model else registry.require_live(), threads=threads)
    order = Order(file, out, text_column or None, kind)
    done = score_file(order, scorer, progress=lambda done: _progress(f"{done.rows:,} rows, {done.share:.0%}"))
    _progress("")
    typer.echo(f"{done.rows:,} rows scored by {scorer.name}, of which {done.unscored:,} have no text.", err=True)
    for bad in done.examples:
        typer.echo(f"left out: line {bad.line}: {bad.reason}", err=True)
    if done.left_out > len(done.examples):
        typer.echo(f"left out: {done.left_out:,} lines in all", err=True)
    if done.problem:
        raise ModeratoError(done.problem)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Checks alone, as JSON.")] = False) -> None:
    """List every setting with its value, and say what is wrong and what to do. Exit status 1 if anything fails."""
    from core.doctor import Grade, examine, list_settings

    settings = Settings()
    if as_json:
        raise typer.Exit(cli_ops.print_checks(examine(settings)))
    for line in list_settings(settings):
        typer.echo(f"{line.variable}={line.value}\n    {line.meaning}")
    typer.echo("")
    failed = False
    for check in examine(settings):
        typer.secho(f"{check.grade:5}", fg={"OK": "green", "WARN": "yellow", "FAIL": "red"}[check.grade], nl=False)
        typer.echo(f"{check.name}: {check.found}" + (f"\n     -> {check.todo}" if check.todo else ""))
        failed = failed or check.grade == Grade.FAIL
    if failed:
        raise typer.Exit(1)


def _progress(text: str) -> None:
    """One line on a terminal's standard error, written over the last one."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


@app.command()
def export(
    out: Annotated[str, typer.Argument(help="File to write (.csv, .tsv, .jsonl, .parquet, also .gz), or - .")],
    purpose: Annotated[str, typer.Option(help="records, or training (never audit or golden items).")] = "records",
    kind: Annotated[Kind, typer.Option("--format", help="Kind of table on standard output.")] = Kind.CSV,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the decision.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the decision.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only with this label; may be repeated.")] = None,
    source: Annotated[str, typer.Option(help="Only from this source.")] = "",
    moderator: Annotated[str, typer.Option(help="Only decided by this person.")] = "",
    lane: Annotated[Lane | None, typer.Option(help="Only decided in this lane.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only with this outcome.")] = None,
) -> None:
    """Write corrected labels to a file, and record a snapshot with its hash and data card."""
    from core.datasets import Filters, label_mask, require_purpose
    from core.services import build_services

    days = (since and since.date(), until and until.date())
    filters = Filters(*days, label_mask(label or []), source, moderator, lane, outcome)
    datasets, options = build_services().datasets, {"by": this_user(), "filters": filters}
    if out == "-":
        snapshot = datasets.export_into("exports", kind, purpose=require_purpose(purpose), **options)
        with datasets.require_file(snapshot).open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    else:
        snapshot = datasets.export(Path(out), purpose=require_purpose(purpose), **options)
    typer.echo(f"{snapshot.rows:,} rows, snapshot {snapshot.id}, SHA-256 {snapshot.sha256}", err=out == "-")


for commands in (model_commands, cli_ops.app, cli_move.app):
    app.registered_commands += commands.registered_commands
app.add_typer(shadow_app, name="shadow", help="A challenger that scores all traffic without routing it.")
app.add_typer(cli_keys.app, name="keys")
app.add_typer(cli_users.app, name="users")
app.add_typer(cli_webhooks.app, name="webhooks")
app.add_typer(cli_privacy.app, name="privacy")
app.add_typer(cli_privacy.trail_app, name="trail")
app.command()(cli_report.report)


def main() -> None:
    """Run the command; an error that a person can act on is one line, exit status 1."""
    try:
        set_up_logs(Settings(), brief=True)
        app()
    except ModeratoError as error:
        _end(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _end(f"{in_one_line(error)} (docs/operating.md)")


def _end(words: str) -> NoReturn:
    typer.secho(f"moderato: {words}", err=True, fg="red")
    raise SystemExit(1)


if __name__ == "__main__":
    main()
