"""The route of one condition: from photons to its comparisons, a line a stage."""

from flows.execution.task_graph import Route
from flows.planning.plan import ConditionPlan
from tasks.compare.task import compare_arms
from tasks.reconstruct.task import iterate_ptychi, predict_object, project_object
from tasks.regions.task import prepare_scan
from tasks.simulate.task import simulate_scan
from tasks.train.task import train_network
from tasks.views.task import halve_view, select_view


def take_condition(route: Route, condition: ConditionPlan) -> None:
    """Submit the stages of a condition.

    Args:
        route: Where its stages are taken to; those of conditions before it may be shared.
        condition: The stages.
    """
    for replicate in condition.replicates:
        route.take(prepare_scan, replicate.preparation)
        route.take(simulate_scan, replicate.simulation)
        route.take(select_view, replicate.views)
        route.take(halve_view, replicate.halves)
        route.take(iterate_ptychi, replicate.labelling)
        route.take(prepare_scan, replicate.simulated_labels)
        trained = route.take(train_network, replicate.training)
        route.take(train_network, replicate.adaptation)
        # pty-chi needs no network, but the two trainings share the cores alone.
        route.take(iterate_ptychi, replicate.iterations, after=trained)
        route.take(predict_object, replicate.predictions, after=trained)
        route.take(project_object, replicate.controls)
        route.take(predict_object, replicate.adapted)
        route.take(iterate_ptychi, replicate.refinements)
        route.take(compare_arms, replicate.overview)
        route.take(compare_arms, replicate.comparisons)
