"""`python -m tasks.reconstruct`: reconstruct a scan with a trained network."""

import os
import sys

from tasks.runtime.process_lifetime import STAGE_ENVIRONMENT, rare_garbage_collection


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0 all good, 1 the reconstruction failed, 2 bad input."""
    # Here and not above: numpy must find the environment, and the process of the refinement, which
    # imports this module again, needs nothing of it.
    from tasks.reconstruct.command_line import run

    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    os.environ.update(STAGE_ENVIRONMENT)
    with rare_garbage_collection():
        code = main()
    sys.exit(code)
