"""The `moderato` command. Each function is one command: parse, call core or training, print."""

import getpass
import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

import cli_keys
from core.accounts import Person, local_person
from core.domain import Lane, Outcome
from core.errors import ModeratoError
from core.files.kinds import Kind

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
def worker() -> None:
    """Score what waits, beside the dashboard or other workers, until told to stop (SIGTERM, Ctrl-C)."""
    import signal
    import threading

    from core.services import build_services

    services, stop = build_services(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    made = services.build_worker()
    typer.echo(f"Scoring as “{made.name}”.")
    services.search_index.start()
    made.run(stop)
    services.search_index.stop()
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
        by=_this_user(),
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
def doctor() -> None:
    """List every setting with its value, and say what is wrong and what to do. Exit status 1 if anything fails."""
    from core.doctor import Grade, examine, list_settings
    from core.settings import Settings

    settings = Settings()
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


def _this_user() -> Person:
    """Who types the command, for the records."""
    return local_person(getpass.getuser())


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
    datasets, options = build_services().datasets, {"by": _this_user(), "filters": filters}
    if out == "-":
        snapshot = datasets.export_into("exports", kind, purpose=require_purpose(purpose), **options)
        with datasets.require_file(snapshot).open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    else:
        snapshot = datasets.export(Path(out), purpose=require_purpose(purpose), **options)
    typer.echo(f"{snapshot.rows:,} rows, snapshot {snapshot.id}, SHA-256 {snapshot.sha256}", err=out == "-")


@app.command()
def models() -> None:
    """List the model versions, the live one marked with *."""
    from core.figures_text import models_text
    from core.services import build_services

    typer.echo(models_text(build_services().registry.list_models()))


@app.command()
def promote(
    name: Annotated[str, typer.Argument(help="A version that `moderato models` lists.")],
    data: Annotated[Path | None, typer.Option(help="Labelled file for the frozen test; else the base data.")] = None,
    reason: Annotated[str, typer.Option(help="Kept with the promotion.")] = "",
    override: Annotated[bool, typer.Option("--override", help="Promote although the gate refuses.")] = False,
) -> None:
    """Compare a version with the live model and make it live if it is not worse."""
    from core.figures_text import report_text
    from core.services import build_services
    from training.compare import examine

    services = build_services()
    report, _ = examine(services, name, data=data)
    typer.echo(report_text(report))
    services.registry.promote(name, by=_this_user(), report=report, reason=reason, override=override)
    typer.echo(f"{name} is live. Workers take it up within seconds.")


@app.command()
def rollback() -> None:
    """Put the former live model back."""
    from core.services import build_services

    version = build_services().registry.rollback(by=_this_user())
    typer.echo(f"{version.name} is live again.")


@app.command()
def train(
    preset: Annotated[str, typer.Argument(help="What to train: starter, llama2-7b, ... (docs/models.md).")],
    data: Annotated[Path, typer.Option(help="Labelled file: comment_text, six labels, optional weight.")],
    name: Annotated[str, typer.Option(help="The version's name; else made from the time.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the folder here and do not register it.")] = None,
    base: Annotated[str, typer.Option(help="Another base than the preset's: a folder, or a hub id.")] = "",
    max_rows: Annotated[int | None, typer.Option(help="Training rows at most, rare labels first.", min=1)] = None,
    snapshot: Annotated[int | None, typer.Option(help="Mix in the corrections of this training snapshot.")] = None,
    go_live: Annotated[bool, typer.Option("--promote", help="Put it live if the gate lets it pass.")] = False,
) -> None:
    """Train a model from labelled data and register it as a challenger."""
    from core.console import Teller
    from core.figures_text import metrics_text
    from core.runs import stop_on_signals
    from core.services import build_services
    from training.data import read_rows
    from training.train import Taught, configure, read_taught, together, train_folder, train_new

    config = configure(preset, base=base, max_rows=max_rows)
    stop_on_signals()
    with together(preset) as is_main:
        if not is_main:
            return
        if out:
            taught = Taught(read_rows(data)) if snapshot is None else read_taught(build_services(), data, snapshot)
            typer.echo(metrics_text(train_folder(taught, out, config=config, say=Teller())))
            return
        options = {"name": name, "config": config, "snapshot_id": snapshot, "say": Teller()}
        version = train_new(build_services(), data, by=_this_user(), **options)
    if go_live:
        promote(version.name, data=data)
        return
    typer.echo(f"{version.name} is a challenger now. `moderato promote {version.name} --data {data}` puts it live.")


@app.command()
def retrain(
    preset: Annotated[str, typer.Argument(help="What to retrain: starter, llama2-7b, ...")] = "starter",
    data: Annotated[Path | None, typer.Option(help="Base data to mix in; else MODERATO_BASE_DATA.")] = None,
    name: Annotated[str, typer.Option(help="The challenger's name; else made from the time.")] = "",
    base: Annotated[str, typer.Option(help="Another base; else that of the preset's newest version.")] = "",
    max_rows: Annotated[int | None, typer.Option(help="Training rows at most, corrections first.", min=1)] = None,
    snapshot: Annotated[int | None, typer.Option(help="A recorded training snapshot; else a new one is made.")] = None,
    run: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Teach the live model what moderators decided: a challenger with its figures beside the live model's."""
    from core.console import Teller
    from core.figures_text import version_text
    from core.runs import stop_on_signals
    from core.services import build_services
    from training.retrain import RetrainConfig
    from training.retrain import retrain as make
    from training.train import configure, together

    stop_on_signals()
    with together(preset) as is_main:
        if not is_main:
            return
        services = build_services()
        transformer = configure(preset, base=base, max_rows=max_rows, services=services)
        begun = services.runs.require(run) if run else None
        person = local_person(begun.person) if begun else _this_user()
        config = RetrainConfig(data, name, transformer=transformer, snapshot_id=snapshot)
        version = make(services, by=person, config=config, run=begun, say=None if begun else Teller())
    typer.echo(version_text(version))


_NEW = typer.Option("--name", help="The new version's name.")
_ROWS = typer.Option("--data", help="The labelled file that the models were trained on.")


@app.command()
def compress(
    model: Annotated[str, typer.Argument(help="An encoder: a transformer version such as minilm.")],
    name: Annotated[str, _NEW],
    data: Annotated[Path, _ROWS],
) -> None:
    """Make an int8 version of an encoder: a quarter of the size, quicker on a CPU, served without torch."""
    from core.console import Teller
    from core.figures_text import metrics_text
    from core.services import build_services
    from training.compose import compress_version

    version = compress_version(build_services(), model, new=name, data=data, by=_this_user(), say=Teller())
    typer.echo(metrics_text(version.metrics["test"]))


@app.command()
def blend(
    first: Annotated[str, typer.Argument(help="A version, such as a transformer.")],
    second: Annotated[str, typer.Argument(help="Another, such as starter.")],
    name: Annotated[str, _NEW],
    data: Annotated[Path, _ROWS],
    mode: Annotated[Literal["logit", "rank"], typer.Option(help="What is averaged.")] = "logit",
) -> None:
    """Average two versions label by label, calibrated, as a new version: it costs what the slower one does."""
    from core.console import Teller
    from core.figures_text import metrics_text
    from core.services import build_services
    from training.compose import blend_versions

    services = build_services()
    version = blend_versions(services, (first, second), new=name, data=data, by=_this_user(), say=Teller(), mode=mode)
    typer.echo(metrics_text(version.metrics["test"]))


@app.command()
def cascade(
    quick: Annotated[str, typer.Argument(help="The version that scores everything, such as starter.")],
    careful: Annotated[str, typer.Argument(help="The one that is asked where the first is unsure.")],
    name: Annotated[str, _NEW],
    data: Annotated[Path, _ROWS],
    loss: Annotated[float, typer.Option(min=0, max=0.1, help="Mean AUC that may be lost by asking less.")] = 0.0005,
) -> None:
    """Ask a careful version only where a quick one is unsure, as a new version; says what that saves."""
    from core.console import Teller
    from core.figures_text import metrics_text
    from core.services import build_services
    from training.compose import cascade_versions, saving_text

    services = build_services()
    names = (quick, careful)
    version = cascade_versions(services, names, new=name, data=data, by=_this_user(), say=Teller(), loss=loss)
    typer.echo(f"{saving_text(version)}\n{metrics_text(version.metrics['test'])}")


@app.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="A version that `moderato models` lists.")],
    data: Annotated[Path, typer.Option(help="Labelled file: comment_text, six labels, optional weight.")],
) -> None:
    """Measure a version on labelled data: on all rows, and on the part that no training has seen."""
    from core.figures_text import metrics_text
    from core.services import build_services
    from training.train import evaluate_version

    for title, metrics in evaluate_version(build_services(), name, data).items():
        typer.echo(f"{title}, {metrics['rows']:,} rows\n{metrics_text(metrics)}\n")


app.add_typer(cli_keys.app, name="keys")


def main() -> None:
    """Run the command; an error that a person can act on is one line, exit status 1."""
    try:
        app()
    except ModeratoError as error:
        typer.secho(f"moderato: {error}", err=True, fg="red")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
