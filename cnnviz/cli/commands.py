"""The commands and their options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import click

from cnnviz import __version__
from cnnviz.errors import CnnvizError

INTERRUPTED_EXIT_CODE = 130
"""Exit code after SIGINT, by the convention of shells (128 + 2)."""
FILE_PATH = click.Path(path_type=Path)


class OneSentenceErrors(click.Group):
    """Group of commands that report a CnnvizError in one sentence, with exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; a CnnvizError becomes click's error, SIGINT an exit code."""
        try:
            return super().invoke(ctx)
        except CnnvizError as error:
            raise click.ClickException(_printable_line(str(error))) from None
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED_EXIT_CODE)


@click.group(cls=OneSentenceErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cnnviz")
def main() -> None:
    """Train, check and export the nets that were designed with cnnviz.

    DESIGN is the design.json that the Design page saves. Exit codes: 0 done, 1 refused or failed (the reason is on the
    standard error), 2 the command line itself is wrong, 130 and 143 interrupted.
    """


@main.command()
@click.argument("design", type=FILE_PATH)
@click.option("--data", type=FILE_PATH, nargs=2, metavar="FEATS LABELS", help="Two .npy files: samples and labels.")
@click.option(
    "--channels", type=click.Choice(["first", "last"]), help="Where the channels of FEATS are, if that is in doubt."
)
@click.option("--dataset", metavar="NAME", help="A data set that comes with cnnviz: words, digits, …")
@click.option(
    "--config", type=FILE_PATH, metavar="CONFIG", help="A JSON file of settings; missing ones have their defaults."
)
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="One setting, which overrides the file: epochs=3."
)
@click.option("--device", default="cpu", show_default=True, metavar="NAME", help="cpu, cuda:0, …")
@click.option("--threads", type=click.IntRange(1, 1024), help="CPU threads.  [default: CNNVIZ_THREADS, or 1]")
@click.option("--out", type=FILE_PATH, required=True, metavar="DIR", help="The folder for the results.")
@click.option("--force", is_flag=True, help="Overwrite the results of an earlier training there.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    """Train a design, as the Train page does.

    The result is printed as JSON. SIGINT (Ctrl-C) and SIGTERM stop it with the weights of the best epoch so far.
    """
    if options["data"] and options["dataset"]:
        raise click.UsageError("Give --data or --dataset, not both.")
    for change in options["changes"]:
        if "=" not in change:
            raise click.UsageError(f"--set takes NAME=VALUE, such as epochs=3 (received {change[:60]!r}).")
    from cnnviz.cli.training import TrainOptions, run_training

    text, code = run_training(TrainOptions(**options))
    click.echo(text)
    ctx.exit(code)


@main.command()
@click.argument("design", type=FILE_PATH)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of Markdown.")
def shapes(design: Path, *, as_json: bool) -> None:
    """Print the table of layers: shapes, formulas, parameters, costs.

    If a layer does not fit, the table ends with it, and the standard error gives the reason and a fix.
    """
    from cnnviz.cli.designs import check_shapes, layer_table_json, read_design
    from cnnviz.table import to_markdown

    architecture = read_design(design)
    output = json.dumps(layer_table_json(architecture), indent=2) + "\n" if as_json else to_markdown(architecture)
    click.echo(output, nl=False)
    check_shapes(architecture)


@main.command()
@click.argument("design", type=FILE_PATH)
@click.option("--style", type=click.Choice(["class", "sequential"]), default="class", show_default=True)
@click.option("--out", type=FILE_PATH, metavar="FILE", help="Write to this file instead of the standard output.")
def code(design: Path, style: Literal["class", "sequential"], out: Path | None) -> None:
    """Write the net as PyTorch code."""
    from cnnviz.cli.designs import check_shapes, read_design
    from cnnviz.cli.files import write_file
    from cnnviz.source import to_code

    architecture = read_design(design)
    check_shapes(architecture)
    text = to_code(architecture, style)
    if out:
        write_file(out, text)
    else:
        click.echo(text, nl=False)


@main.command()
@click.argument("design", type=FILE_PATH)
@click.option("--out", type=FILE_PATH, required=True, metavar="FILE", help="The .onnx file.")
@click.option(
    "--weights", type=FILE_PATH, metavar="FILE", help="The weights.safetensors of a training; else untrained."
)
def export(design: Path, out: Path, weights: Path | None) -> None:
    """Write the net as an ONNX file."""
    from cnnviz.cli.designs import check_shapes, read_design
    from cnnviz.cli.files import write_file
    from cnnviz.cli.weights import read_weights_file
    from cnnviz.onnx_export import to_onnx

    architecture = read_design(design)
    check_shapes(architecture)
    write_file(out, to_onnx(architecture, read_weights_file(weights, architecture) if weights else None))


@main.command()
@click.argument("folder", type=FILE_PATH)
@click.option(
    "--assignment", type=FILE_PATH, metavar="FILE", help="The assignment.json that zips of runs are graded by."
)
@click.option(
    "--data", type=FILE_PATH, nargs=2, metavar="FEATS LABELS", help="The data set, where none that comes with cnnviz."
)
@click.option("--hidden", type=FILE_PATH, nargs=2, metavar="FEATS LABELS", help="The samples of the hidden test.")
@click.option(
    "--split-off",
    type=float,
    metavar="SHARE",
    help="The share of --data that was split off as the hidden test, such as 0.2.",
)
@click.option("--key", type=FILE_PATH, metavar="FILE", help="The server's key, by which signatures are checked.")
@click.option("--out", type=FILE_PATH, metavar="FILE", help="Write to this file instead of the standard output.")
def grade(folder: Path, out: Path | None, **options: Any) -> None:
    """Compute the results of submissions again.

    FOLDER has the signed zips of an assignment, or the zips of runs that students have taken home. The table has a row
    for each, by name, whatever their order.
    """
    from cnnviz.cli.files import write_file
    from cnnviz.cli.grading import GradeOptions, grade_folder

    table = grade_folder(GradeOptions(folder, **options))
    if out:
        write_file(out, table)
    else:
        click.echo(table, nl=False)


@main.command()
@click.option(
    "--server",
    default="http://localhost:8501",
    show_default=True,
    metavar="ADDRESS",
    help="By which browsers reach the server.",
)
def teacher(server: str) -> None:
    """Print a link that makes whoever opens it first a teacher.

    It is good once, and for a day. Run this on the machine of the server, with its settings.
    """
    from cnnviz.cli.people import new_teacher_link

    click.echo(new_teacher_link(server))


@main.command()
@click.argument("names", type=FILE_PATH)
@click.option("--pins", type=FILE_PATH, metavar="FILE", help="Give those without a PIN one, on a page to print.")
@click.option("--open/--closed", "is_open", default=False, help="Whether other names may come in.  [default: closed]")
def people(names: Path, pins: Path | None, *, is_open: bool) -> None:
    """Put the names in a CSV file on the list of the class.

    Run this on the machine of the server, with its settings.
    """
    from cnnviz.cli.people import enroll_names

    click.echo(enroll_names(names, pins, is_open=is_open))


def _printable_line(text: str) -> str:
    """Returns a text as one line without control characters, which could come from a file."""
    return "".join(character if character.isprintable() else " " for character in text)
