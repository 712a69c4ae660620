"""The pull step of the deployments: a worker runs the project that is installed beside it."""

from tasks.runtime.process_lifetime import PROJECT


def enter_project() -> dict[str, str]:
    """Return the project's folder, which Prefect makes the current folder of the run.

    Nothing is copied and no path of another machine is needed: every worker has the project
    installed, and the hub root says where its hubs lie.

    Raises:
        FileNotFoundError: If the flows do not lie beside this package.
    """
    if not (PROJECT / "flows").is_dir():
        raise FileNotFoundError(
            f"{PROJECT} must hold the flows of this project. Install it on the worker from a "
            f"checkout: pip install --editable ."
        )
    return {"directory": str(PROJECT)}
