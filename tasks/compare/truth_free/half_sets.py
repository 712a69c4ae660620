"""Where the files of a comparison hold two halves of a scan: the rows that need no truth."""

from dataclasses import replace

from tasks.compare.evaluator import ModelResult
from tasks.compare.params import ComparisonParams
from tasks.compare.truth_free.truth_free_rows import Half, truth_free_rows
from tasks.core.files.object_file import read_object
from tasks.core.files.view_file import open_view
from tasks.core.study.half_sets import HALVES
from tasks.core.study.stage_interface import StageFiles


def held_against_halves(
    model: str, result: ModelResult, files: StageFiles, params: ComparisonParams
) -> ModelResult:
    """Return a result with what two halves of the patterns tell of its model, if there are any.

    Args:
        model: Name of the model.
        result: What was found of it.
        files: Inputs `view.odd` and `view.even`, and `<model>.odd` and `<model>.even`.
        params: How the lit region is found, and the longest shift between the halves.

    Raises:
        ValueError: If one of the halves is missing, or as `truth_free_rows`.
    """
    if not any(f"{model}.{half}" in files.inputs for half in HALVES):
        return result
    needed = [f"{name}.{half}" for name in ("view", model) for half in HALVES]
    missing = [name for name in needed if name not in files.inputs]
    if missing:
        raise ValueError(
            f"Halves are judged together: {', '.join(missing)} is missing. Give both halves of the "
            f"view and of the reconstruction, or none."
        )
    odd, even = (
        Half(
            open_view(files.inputs["scan"], files.inputs[f"view.{half}"]),
            read_object(files.inputs[f"{model}.{half}"]),
        )
        for half in HALVES
    )
    found = truth_free_rows(model, odd, even, params)
    return replace(
        result,
        scalars=result.scalars | {row.metric: row.value for row in found.rows},
        reasons=result.reasons | found.reasons,
        n_held_out_patterns=found.n_patterns,
    )
