"""What a reader must know before believing a comparison.

The rules are those of `tasks.core.study.quality_flags`.
"""

from collections.abc import Iterable, Mapping

from tasks.core.study.arms import RECONSTRUCTIONS, Arm
from tasks.core.study.quality_flags import disagreements, flags_of, table_of
from tasks.report.records.comparisons import Comparison

RIVALS = (Arm.BASELINE, Arm.PTYCHI)
MISSING = "missing"


def comparison_flags(job: Comparison) -> list[dict[str, str]]:
    """Return the flags of one comparison.

    Returns:
        Entries {job, model, flag}: arms that are missing, what is wrong with arms and extras, and
        under PtychoPINN where MS-SSIM and MAE disagree about it and a rival.
    """
    table = table_of(job.rows or ())
    present = {model for model, _ in table}
    found = [(arm, MISSING) for arm in missing_arms(job)]
    for name in RECONSTRUCTIONS:
        if name.value in present:
            found += [(name.value, text) for text in flags_of(name.value, table)]
    for rival in RIVALS:
        texts = disagreements(table, rival)
        found += [(Arm.PTYCHOPINN.value, f"{_against(rival)}{text}") for text in texts]
    return [{"job": job.name, "model": model, "flag": text} for model, text in found]


def missing_arms(job: Comparison) -> list[str]:
    """Return the arms that a comparison should have, and has no row of."""
    present = {row.model for row in job.rows or ()}
    return [arm.value for arm in Arm if arm.value not in present]


def flags_between(flags: Iterable[Mapping[str, str]], rival: Arm) -> list[str]:
    """Return the flags that bear on PtychoPINN minus one rival, as sentences."""
    others = tuple(_against(other) for other in RIVALS if other is not rival)
    return [
        flag_text(flag)
        for flag in flags
        if flag["model"] in (Arm.PTYCHOPINN.value, rival.value)
        and not flag["flag"].startswith(others)
    ]


def flag_text(flag: Mapping[str, str]) -> str:
    """Return a flag as one line."""
    return f"{flag['job']}, {flag['model']}: {flag['flag']}"


def _against(rival: Arm) -> str:
    return f"against {rival.value}: "
