"""The headline of the study: PtychoPINN against the Baseline and PtyChi, in MS-SSIM and MAE.

The four lines of the highlights and `vs_Baseline` and `vs_PtyChi` come from here, and no module of
the reports names an arm or a metric. What is in the catalogues beyond that is told of where the
tables of a hub hold it: an older hub says what it said.
"""

from collections.abc import Container, Sequence

from tasks.catalogue.metric import HEADLINE, Metric
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstruction import Reconstruction
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.catalogue.reconstructions.baseline import RECONSTRUCTION as BASELINE
from tasks.catalogue.reconstructions.ptychi import RECONSTRUCTION as PTYCHI
from tasks.catalogue.reconstructions.ptychopinn import RECONSTRUCTION as PTYCHOPINN
from tasks.catalogue.registry import CatalogueError

# Deltas are of the subject minus another arm.
SUBJECT = PTYCHOPINN
OTHERS = (BASELINE, PTYCHI)
HEADLINE_ARMS = (SUBJECT, *OTHERS)
# The solver that cost and convergence are told against.
SOLVER = PTYCHI

SIMILARITY, ERROR = METRICS.get("ms_ssim"), METRICS.get("mae")
HEADLINE_METRICS = (SIMILARITY, ERROR)
# The error of a complex object, by which convergence is told.
OBJECT_ERROR = METRICS.get("complex_nrmse")
CROSSING = METRICS.get("frc_half_crossing_per_px")
# Columns of the first table of a comparison; further metrics come after them.
MAIN_METRICS = (SIMILARITY, METRICS.get("ssim"), ERROR, OBJECT_ERROR, CROSSING)
# In tables, `comparisons` and differences of hubs, not among the deltas of history and map.
OTHER_METRICS = tuple(
    map(METRICS.get, ("ssim", "psnr", "mse", OBJECT_ERROR.name, CROSSING.name, "frc_area"))
)
FURTHER_METRICS = tuple(
    metric
    for members in METRICS.families.values()
    for metric in members
    if metric not in HEADLINE_METRICS + OTHER_METRICS
)

if METRICS.families[HEADLINE] != list(HEADLINE_METRICS):
    names = ", ".join(metric.name for metric in METRICS.families[HEADLINE])
    raise CatalogueError(
        f"The headline is {SIMILARITY.name} and {ERROR.name} alone, four lines and one family of "
        f"p-values, got {names}. Give the others the family `secondary`, or one of their own."
    )


def further_arms() -> tuple[Reconstruction, ...]:
    """Return the arms that are none of the headline's, those that a run brings among them.

    They are compared as the headline's are, by additive keys; their p-values are a family of their
    own.
    """
    return tuple(arm for arm in RECONSTRUCTIONS.arms if arm not in HEADLINE_ARMS)


def arms_among(models: Container[str]) -> tuple[Reconstruction, ...]:
    """Return the subject and `others_among` the same models, in the order of tables."""
    return (SUBJECT, *others_among(models))


def others_among(models: Container[str]) -> tuple[Reconstruction, ...]:
    """Return the arms that the subject is compared with: the headline's, and further ones held."""
    return (*OTHERS, *(arm for arm in further_arms() if arm.name in models))


def metrics_among(held: Container[str]) -> tuple[Metric, ...]:
    """Return the metrics of deltas, history and map: the headline's, and further ones held."""
    return (*HEADLINE_METRICS, *(metric for metric in FURTHER_METRICS if metric.name in held))


def arms_named(names: Container[str]) -> tuple[Reconstruction, ...]:
    """Return the arms of some names, none besides, in the order of tables."""
    return tuple(arm for arm in RECONSTRUCTIONS.arms if arm.name in names)


def why_no_headline(arms: Sequence[str]) -> str | None:
    """Return why the run of some arms, given by name, has no headline; None where it has one."""
    wanted = f"{SUBJECT.name} minus {' and '.join(arm.name for arm in OTHERS)}"
    if SUBJECT.name not in arms:
        lacks = f"{SUBJECT.name} is not"
    elif not any(other.name in arms for other in OTHERS):
        lacks = f"neither {' nor '.join(arm.name for arm in OTHERS)} is"
    else:
        return None
    return f"No headline: it is {wanted}, and {lacks} among the arms of the run ({', '.join(arms)})"
