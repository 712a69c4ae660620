"""`python -m tasks.ingest`: check a measured scan, or import it as CXI.

The options are those of `IngestParams`, read from the model itself, nested ones as
`--positions.unit`.
"""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tasks.commands import EXIT_FAILED, EXIT_SUCCESS, new_app, run_app, say, tell
from tasks.core.study.stage_record import StageFiles
from tasks.ingest import stage
from tasks.ingest.checks import Finding
from tasks.ingest.checks.check_page import write_checks
from tasks.ingest.params import OUTPUTS, IngestOptions, IngestParams
from tasks.ingest.stage import check_file


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
        Folder for checks.json, checks.html and the pictures; without, one in the working folder
        that is named by the file and its content.
    parameters
        JSON or YAML file of options; options on the command line go before it.
    """
    del parameters  # Read before the options are, by `run_app`.
    params = _params(file, options)
    # Two files of one name, from two folders or of two formats, do not share their checks.
    content = (params.file_sha256 or "")[:8]
    folder = out or Path(f"{file.name.split('.')[0]}-{content}-checks")
    outputs = {name: folder / path for name, path in OUTPUTS.items()}
    prepared, checks = check_file(params, tell)
    write_checks(outputs, prepared, checks)
    for finding in checks.findings:
        say(_line(finding))
    say(f"{checks.verdict}: {outputs['page']}")
    return EXIT_FAILED if checks.verdict == "refused" else EXIT_SUCCESS


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
    facts = stage.import_scan(params, StageFiles({}, outputs), tell)
    for finding in facts["findings"]:
        say(_line(Finding(**finding)))
    say(f"{facts['verdict']}: {outputs['page']}")
    say(f"{facts['n_patterns']} patterns: {out}")
    return EXIT_SUCCESS


def ingest_app() -> App:
    """Return the command line of measured scans."""
    app = new_app(
        "tasks.ingest",
        what_it_does="Measured scans: check one before hours of work, or import it as CXI.",
    )
    app.command(check)
    app.command(import_scan, name="import")
    return app


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0 all good, 1 a check refuses the scan, 2 bad input."""
    words = sys.argv[1:] if arguments is None else arguments
    return run_app(ingest_app(), words, commands=("check", "import"))


def _params(file: Path, options: IngestOptions) -> IngestParams:
    """Return the parameters of a file and the options given beside it."""
    return IngestParams.model_validate({"file": file, **options.model_dump()})


def _line(finding: Finding) -> str:
    cure = f" {finding.cure}" if finding.cure else ""
    return f"{finding.severity:9}{finding.code}: {finding.message}{cure}"


if __name__ == "__main__":
    sys.exit(main())
