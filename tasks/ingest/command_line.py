"""`python -m tasks.ingest`: check a measured scan, or import it as CXI.

The options are those of `IngestParams`, read from the model itself, nested ones as
`--positions.unit`.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
from cyclopts.config import Dict
from pydantic import ValidationError

from tasks.core.parameter_file import named_parameter_file, read_parameters
from tasks.core.stages import StageFiles
from tasks.core.validation import describe
from tasks.ingest.findings import Finding
from tasks.ingest.params import IngestOptions, IngestParams
from tasks.ingest.stage import OUTPUTS, check_file, ingest, write_checks

EXIT_SUCCESS, EXIT_REFUSED, EXIT_BAD_INPUT = 0, 1, 2


def say(text: str) -> None:
    """Print a line of the result on standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def check(
    file: Path,
    /,
    *,
    options: Annotated[IngestOptions, Parameter(name="*")] = IngestOptions(),  # noqa: B008
    out: Path | None = None,
    parameters: Path | None = None,
) -> int:
    """Check a measured scan: findings with their cures, and pictures.

    Parameters
    ----------
    file
        The measured scan.
    out
        Folder for checks.json, checks.html and the pictures; FILE-checks beside the working
        folder's files without.
    parameters
        JSON or YAML file of options; options on the command line go before it.
    """
    del parameters  # Read before the options are, by `_app`.
    params = _params(file, options)
    folder = out or Path(f"{file.name.split('.')[0]}-checks")
    outputs = {name: folder / path for name, path in OUTPUTS.items()}
    prepared, checks = check_file(params, _tell)
    write_checks(outputs, prepared, checks)
    for finding in checks.findings:
        say(_line(finding))
    say(f"{checks.verdict}: {outputs['page']}")
    return EXIT_REFUSED if checks.verdict == "refused" else EXIT_SUCCESS


def import_scan(
    file: Path,
    out: Path,
    /,
    *,
    options: Annotated[IngestOptions, Parameter(name="*")] = IngestOptions(),  # noqa: B008
    parameters: Path | None = None,
    force: bool = False,
) -> int:
    """Check a measured scan and write it as the CXI of this project.

    Parameters
    ----------
    file
        The measured scan.
    out
        CXI file to write; the checks appear beside it, in a folder of the same name.
    parameters
        JSON or YAML file of options; options on the command line go before it.
    force
        Replace a file that is there.
    """
    del parameters
    if out.exists() and not force:
        raise ValueError(f"{out} is there already. Name another file, or replace it with --force.")
    params = _params(file, options)
    if out.resolve() == params.file.resolve():
        raise ValueError(f"{out} is the scan itself. Name another file to write.")
    folder = out.with_name(f"{out.stem}-checks")
    outputs = {name: folder / path for name, path in OUTPUTS.items()} | {"scan": out}
    facts = ingest(params, StageFiles({}, outputs), _tell)
    for finding in facts["findings"]:
        say(_line(Finding(**finding)))
    say(f"{facts['verdict']}: {outputs['page']}")
    say(f"{facts['n_patterns']} patterns: {out}")
    return EXIT_SUCCESS


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: Words of the command line; those of this process without.

    Returns:
        0 all good, 1 a check refuses the scan, 2 bad input.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return int(
            _app(named_parameter_file(words))(words, exit_on_error=False, print_error=False) or 0
        )
    except CycloptsError as error:
        cause = error.__cause__
        message = describe(cause, {}) if isinstance(cause, ValidationError) else str(error)
        return _refuse(message)
    except ValidationError as error:
        return _refuse(describe(error, {}))
    except ValueError as error:
        return _refuse(str(error))


def _params(file: Path, options: IngestOptions) -> IngestParams:
    """Return the parameters of a file and the options given beside it."""
    return IngestParams.model_validate({"file": file, **options.model_dump()})


def _app(parameter_file: Path | None) -> App:
    """Return the command line, its defaults taken from a file where there is one."""
    app = App(
        name="python -m tasks.ingest",
        help="Measured scans: check one before hours of work, or import it as CXI.",
        version_flags=[],
        default_parameter=Parameter(negative=(), show_choices=False),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    if parameter_file is not None:
        content: dict[str, Any] = read_parameters(parameter_file)
        both = {"check": content, "import": content}
        app.config = (Dict(both, source=str(parameter_file)),)
    app.command(check)
    app.command(import_scan, name="import")
    return app


def _line(finding: Finding) -> str:
    cure = f" {finding.cure}" if finding.cure else ""
    return f"{finding.severity:8}{finding.code}: {finding.message}{cure}"


def _tell(done: int, total: int, text: str) -> None:
    say(f"[{done}/{total}] {text}")


def _refuse(message: str) -> int:
    sys.stderr.write(f"Error: {message}\n")
    return EXIT_BAD_INPUT
