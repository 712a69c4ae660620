"""What a person says otherwise than the file, and what the file says of itself."""

from tasks.ingest.checks import Finding, error, info, warning
from tasks.ingest.files.frame_masks import MaskLoss
from tasks.ingest.files.statements import Contradiction
from tasks.ingest.preparation import PreparedScan


def check_statements(prepared: PreparedScan) -> list[Finding]:
    """Find options that contradict the file, patterns without a position, and near fields."""
    scan = prepared.scan
    found = [_contradiction(one) for one in scan.contradictions]
    if scan.n_without_position:
        found.append(
            warning(
                "without_position",
                f"{scan.n_without_position} of {scan.n_without_position + len(scan)} patterns are "
                f"left out: the indexes of the positions do not name them.",
                "If they have positions, export these again with all of their indexes.",
            )
        )
    if scan.n_masked:
        found.append(
            info(
                "masked_patterns",
                f"{scan.n_masked} patterns are left out: the file masks every pixel of theirs.",
            )
        )
    if missing := scan.missing_numbers:
        first = ", ".join(map(str, missing[:5]))
        found.append(
            warning(
                "missing_files",
                f"{len(missing)} numbers of the series have no file, the first: {first}.",
                "Copy the files again. If there are none, give one position for each number: those "
                "without a file are then left out.",
            )
        )
    if scan.mask_loss is not None:
        found.append(_lost(scan.mask_loss))
    if scan.far_field is False:
        found.append(
            error(
                "near_field",
                "The product says that its patterns are near-field ones (far_field is false). "
                "Every reconstructor here takes them for far-field ones.",
                "Use a program for near-field ptychography.",
            )
        )
    return found


def _contradiction(one: Contradiction) -> Finding:
    """Return what is noted: more than a format's convention is contradicted with a warning."""
    if not one.is_followed:
        return warning(
            "contradiction",
            f"--{one.option} says {one.said}, but the file states {one.stated}, which is taken.",
            f"Leave out --{one.option}.",
        )
    who = "the format has" if one.by_format else "the file states"
    message = f"--{one.option} {one.said} is taken, though {who} {one.stated}."
    if one.by_format:
        return info("contradiction", message)
    return warning("contradiction", message, f"If the file is right, leave out --{one.option}.")


def _lost(loss: MaskLoss) -> Finding:
    """Tell what is lost as one mask is made of those of all patterns, and which cause it."""
    message = (
        f"The file has a mask for each pattern. A pixel counts if all of them trust it: "
        f"{loss.share:.0%} of what single patterns trust is lost."
    )
    if loss.culprits:
        options = " ".join(f"--positions.leave-out {index}" for index in loss.culprits)
        return warning(
            "frame_masks",
            f"{message} Patterns {', '.join(map(str, loss.culprits))} cause it; without them "
            f"{loss.share_without:.0%} is lost.",
            f"Leave them out: {options}.",
        )
    return warning(
        "frame_masks",
        f"{message} {loss.n_distrustful} patterns distrust what most trust, too many to leave out.",
        "Export the scan again with one mask, of the pixels that are bad in most patterns.",
    )
