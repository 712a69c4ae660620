"""Flows: the wiring of the stages, and the command line.

Importing this package sets what Prefect reads from the environment, where it is not set yet:
no telemetry, and patience with a server that starts on a busy machine.
"""

import os

STARTUP_TIMEOUT_VARIABLE = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
PREFECT_ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    STARTUP_TIMEOUT_VARIABLE: "120",
}

for _name, _value in PREFECT_ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
