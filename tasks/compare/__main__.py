"""`python -m tasks.compare score`: score objects of any program, without a run."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from tasks.commands import EXIT_SUCCESS, drop_output, new_app, run_app, say
from tasks.compare.score.params import ScoreFiles, ScoreParams
from tasks.compare.score.rows import check_folder, named_files, pixel_sizes
from tasks.object_readers import READERS

ABOUT = "\n\n".join(f"{name}: {reader.says}." for name, reader in READERS.items())


def score(
    *objects: str,
    out: Path,
    truth: Path | None = None,
    reference: Path | None = None,
    scan: Path | None = None,
    view: Path | None = None,
    pixel_size: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    placement: Literal["auto", "file", "search"] = "auto",
    orientation: Literal["any", "as-is"] = "any",
    erosion_px: float = 4.0,
    coverage_fraction: float = 0.05,
    max_shift_px: float = 2.0,
) -> int:
    """Score complex objects of any program in one region, one gauge and with one code.

    Parameters
    ----------
    objects
        Files, or NAME=FILE for another name of the row than that of the file.
    out
        Folder for tables, figures and page; made if it is not there.
    truth
        The true object.
    reference
        What to hold objects against where nobody knows the truth. Without either they are held
        against the first one.
    scan
        CXI of this project that the objects were made from: what it lights is scored, and the
        objects are held against its patterns.
    view
        JSON of this project that chooses exposures of the scan.
    pixel_size
        Side of a pixel [m] for files that state none: of all, or as NAME=2e-8 and truth=2e-8.
    placement
        Where objects lie: as their files say (file), where they are found (search), or the one and,
        where that does not fit, the other (auto).
    orientation
        Whether objects that are looked for may be turned, mirrored or conjugated.
    erosion_px
        Margin between scored pixels and those that are not lit or not known [px].
    coverage_fraction
        Least illumination of a scored pixel over the scan's 95th percentile.
    max_shift_px
        Largest shift that the gauge may remove after the placement [px].
    """
    if truth is not None and reference is not None:
        raise ValueError("Objects are held against a truth or a reference. Give one of the two.")
    if view is not None and scan is None:
        raise ValueError("A view chooses exposures of a scan. Give --scan beside --view.")
    base = truth or reference
    if base is not None and not base.is_file():
        raise ValueError(f"{base} is not there. Give the path of a file that holds an object.")
    named = named_files(objects)
    check_folder(out)
    files = ScoreFiles(named, base, truth is not None, scan, view)
    names = list(named) if base is None else [*named, files.base_name]
    files = replace(files, pixel_m=pixel_sizes(pixel_size, names))
    params = ScoreParams(
        placement=placement,
        orientation=orientation,
        erosion_px=erosion_px,
        coverage_fraction=coverage_fraction,
        max_shift_px=max_shift_px,
    )
    _score(out, files, params)
    return EXIT_SUCCESS


def _score(out: Path, files: ScoreFiles, params: ScoreParams) -> None:
    """Score, write and tell; what draws is loaded once all numbers are there."""
    from tasks.compare.score.score import score_files

    found = score_files(files, params)
    from tasks.compare.score.page import summary_of
    from tasks.compare.score.tables import (
        agreement_table,
        place_table,
        reasons,
        score_table,
        text_of,
    )
    from tasks.compare.score.write import write_score

    paths, flags = write_score(out, found)
    tables = [score_table(found), place_table(found)]
    tables += [agreement_table(found)] if found.pairs else []
    say(summary_of(found))
    for table in tables:
        say("\n" + "\n".join(text_of(table)))
    say("\n" + "\n".join([*flags, *reasons(found.results), *(path.as_posix() for path in paths)]))


def compare_app() -> App:
    """Return the command line of comparisons without a run."""
    app = new_app("tasks.compare", what_it_does="Compare objects of any program.")
    app.command(
        score, help=f"Score complex objects of any program.\n\nFormats that are read:\n\n{ABOUT}"
    )
    return app


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 all good, 2 bad input."""
    try:
        return run_app(compare_app(), sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        drop_output()
        return EXIT_SUCCESS


if __name__ == "__main__":
    sys.exit(main())
