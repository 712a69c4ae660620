"""Deployments: what a server is told of the flows, and the commands that tell it.

`python -m deployments.deploy` makes pools, queues, deployments and automations what the files of
this folder say, `deployments.serve` starts a server and a worker on this machine,
`deployments.stop` ends them, and `deployments.run` triggers a run.
"""
