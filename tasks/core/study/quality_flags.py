"""The rules of `tasks.catalogue.quality_flags`, where reports look for them."""

from tasks.catalogue.metric import PARTS as PARTS
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.quality_flags import Table
from tasks.catalogue.quality_flags import disagreements as _disagreements
from tasks.catalogue.quality_flags import flags_of as flags_of
from tasks.catalogue.quality_flags import table_of as table_of
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.study.arms import Arm

CONTROLS = tuple(entry.name for entry in RECONSTRUCTIONS.images)
HIGHER_IS_BETTER = {
    metric.name: bool(metric.higher_is_better)
    for metrics in METRICS.families.values()
    for metric in metrics
}


def disagreements(table: Table, rival: Arm) -> list[str]:
    """Return what `tasks.catalogue.quality_flags.disagreements` says of an arm."""
    return _disagreements(table, RECONSTRUCTIONS.get(rival.value))
