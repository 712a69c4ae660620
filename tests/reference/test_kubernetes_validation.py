"""Jobs made from the base job template, against the schemas that Kubernetes publishes.

kubernetes-validate brings them along; pip puts its wheel into a temporary folder.
"""

import json
import os
import subprocess
import sys

import pytest
from prefect.utilities.templating import apply_values

from tasks.runtime.process_lifetime import PROJECT

VALIDATOR = ("kubernetes-validate==1.37.0", "importlib-resources==7.1.0")
TEMPLATE = PROJECT / "deployments/kubernetes_job_template.json"

pytestmark = pytest.mark.slow


@pytest.fixture
def validate(installed, tmp_path):
    """Return a function that judges a manifest strictly, by its complaints."""
    packages = installed(*VALIDATOR)

    def judge(manifest):
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps(manifest))
        done = subprocess.run(
            [sys.executable, "-m", "kubernetes_validate", "--strict", path],
            env=os.environ | {"PYTHONPATH": str(packages)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return judge


def job_of(**chosen):
    """Return the manifest of a run as the worker of a pool makes it from the template."""
    template = json.loads(TEMPLATE.read_text())
    properties = template["variables"]["properties"]
    values = {name: one["default"] for name, one in properties.items() if "default" in one}
    values |= {"name": "run", "labels": {"prefect.io/flow-name": "phase-g"}, **chosen}
    job = apply_values(template["job_configuration"], values)["job_manifest"]
    # The worker itself names the job, makes a list of the environment and splits the command.
    job["metadata"]["name"] = job["metadata"].pop("generateName") + "1"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": name, "value": text} for name, text in container["env"].items()]
    container["args"] = ["prefect", "flow-run", "execute"]
    return job


@pytest.mark.parametrize("chosen", [{}, {"gpus": 2}])
def test_a_job_is_what_kubernetes_expects(validate, chosen):
    code, said = validate(job_of(**chosen))
    assert code == 0, said


def test_a_field_in_the_wrong_place_is_found(validate):
    job = job_of()
    job["spec"]["template"]["spec"]["parallelism"] = job["spec"].pop("parallelism")
    code, said = validate(job)
    assert code != 0
    assert "'parallelism' was unexpected" in said
