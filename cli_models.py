"""The commands about models: what there is, training, measuring, and the switch of what is live."""

import getpass
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.accounts import Person, local_person

app = typer.Typer()
"""The `moderato` command takes these over as its own."""


def this_user() -> Person:
    """Who types the command, for the records."""
    return local_person(getpass.getuser())


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
    html: Annotated[Path | None, typer.Option(help="Write the report to this HTML file too.")] = None,
) -> None:
    """Compare a version with the live model and make it live if it is not worse."""
    from core.domain import now
    from core.figures_text import report_text
    from core.gate.page import report_html
    from core.services import build_services
    from training.compare import run_gate

    services = build_services()
    person = this_user()
    report, _ = run_gate(services, name, by=person, data=data)
    typer.echo(report_text(report))
    if html:
        html.write_text(report_html(report, now()), encoding="utf-8")
        typer.echo(f"The report is in {html}.")
    services.registry.promote(name, by=person, report=report, reason=reason, override=override)
    typer.echo(f"{name} is live. Workers take it up within seconds.")


@app.command()
def rollback() -> None:
    """Put the former live model back."""
    from core.services import build_services

    version = build_services().registry.rollback(by=this_user())
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
        version = train_new(build_services(), data, by=this_user(), **options)
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
    anew: Annotated[bool, typer.Option("--anew", help="Fresh weights, not those of the preset's version.")] = False,
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
        person = local_person(begun.person) if begun else this_user()
        config = RetrainConfig(data, name, transformer=transformer, anew=anew, snapshot_id=snapshot)
        version = make(services, by=person, config=config, run=begun, say=None if begun else Teller())
    typer.echo(version_text(version))


@app.command("label-errors")
def label_errors(
    data: Annotated[Path | None, typer.Option(help="Labelled data to look at too; else MODERATO_BASE_DATA.")] = None,
    top: Annotated[int, typer.Option(help="Items to list, the surest first.", min=1, max=2000)] = 500,
    csv: Annotated[Path | None, typer.Option(help="Write the list, with texts, to this file.")] = None,
    base_only: Annotated[bool, typer.Option("--base-only", help="Look at the labelled data alone.")] = False,
    run: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """List comments whose human labels look wrong, for the Label errors page; changes no label by itself."""
    from core.console import Teller
    from core.runs import stop_on_signals
    from core.services import build_services
    from training.label_errors import find_label_errors, summary_text, write_list

    stop_on_signals()
    services = build_services()
    begun = services.runs.require(run) if run else None
    person = local_person(begun.person) if begun else this_user()
    options = {"data": data, "base_only": base_only, "top": top}
    found = find_label_errors(services, by=person, run=begun, say=None if begun else Teller(), **options)
    if csv:
        write_list(csv, found, services.label_errors.texts(found.items))
    typer.echo(summary_text(found))


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

    version = compress_version(build_services(), model, new=name, data=data, by=this_user(), say=Teller())
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
    version = blend_versions(services, (first, second), new=name, data=data, by=this_user(), say=Teller(), mode=mode)
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
    version = cascade_versions(services, names, new=name, data=data, by=this_user(), say=Teller(), loss=loss)
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


shadow_app = typer.Typer(no_args_is_help=True)
"""`moderato shadow ...`."""


@shadow_app.command("start")
def shadow_start(
    name: Annotated[str, typer.Argument(help="A challenger that `moderato models` lists.")],
    rate: Annotated[float, typer.Option(help="Share of the disagreements that is drawn for people.")] = 0.05,
) -> None:
    """Let a challenger score all new comments beside the live model, without routing any."""
    from core.services import build_services

    shadow = build_services().shadows.start(name, by=this_user(), rate=rate)
    typer.echo(f"{shadow.model} scores all comments that come in from now on, while no live work waits.")


@shadow_app.command("stop")
def shadow_stop() -> None:
    """End the shadow that runs; what it found stays."""
    from core.services import build_services

    typer.echo(f"{build_services().shadows.stop(by=this_user()).model} has left the shadow.")


@shadow_app.command("status")
def shadow_status() -> None:
    """Say how far the shadow is, where it and the live model part, and who was right."""
    from core.services import build_services
    from core.shadow_text import shadow_text

    shadows = build_services().shadows
    latest = shadows.latest()
    typer.echo(shadow_text(shadows.report(latest)) if latest else "No model was ever in the shadow.")
