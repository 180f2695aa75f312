"""The template: the part that `chalice package --merge-template` gets, and the parts that its result loses."""

from __future__ import annotations

from typing import Any

from chalicelib.application import Application
from infra.aws import alarms, function_resources, layers, quotas, rest_api, schedules, stack_parameters, storage, usage
from infra.aws.intrinsics import Json, function_id, logical
from infra.aws.lambdas import LAMBDAS, QUEUES


def merged(app: Application, timeouts: dict[str, int]) -> Json:
    """Return everything that Chalice's own template lacks, generated from the declarations of `app.py`.

    `timeouts` are those of the Lambdas, in seconds. Raises LookupError where `app.py` and the tables disagree.
    """
    _agreed(app)
    return {
        "Description": "Ringledger: telephone-call statistics, one Lambda a surface",
        "Parameters": {**stack_parameters.parameters(), **quotas.parameter()},
        "Mappings": stack_parameters.mappings(),
        "Rules": stack_parameters.rules(),
        "Conditions": stack_parameters.conditions(),
        "Resources": _joined(
            function_resources.functions(rest_api.answering(app)),
            function_resources.network(),
            rest_api.api(app),
            usage.plan(),
            storage.queues(timeouts),
            storage.bucket(),
            storage.secrets(),
            schedules.schedules(app),
            layers.resource(),
            alarms.alarms(timeouts),
        ),
        "Outputs": rest_api.outputs(),
    }


def _joined(*parts: Json) -> Json:
    resources: Json = {}
    for part in parts:
        if twice := resources.keys() & part.keys():
            raise LookupError(f"Two resources are called {', '.join(sorted(twice))}")
        resources |= part
    return resources


def _agreed(app: Application) -> None:
    declared = {*(source.name for source in app.event_sources), *(each.name for each in app.pure_lambda_functions)}
    if unplaced := declared ^ (set(LAMBDAS) - {"api_handler"}):
        raise LookupError(f"app.py and infra/aws/lambdas.py disagree about {', '.join(sorted(unplaced))}")
    listened = {source.queue: source.name for source in app.event_sources if hasattr(source, "queue")}
    if listened != {name: of.consumer for name, of in QUEUES.items() if of.consumer}:
        raise LookupError("app.py listens to other queues than infra/aws/lambdas.py has")


def finished(template: Json, app: Application) -> Json:
    """Return the template without the rules that schedules replace, since merging cannot remove them."""
    resources: dict[str, Any] = template["Resources"]
    for source in schedules.sources(app):
        properties = resources[function_id(source.name)]["Properties"]
        del properties["Events"][f"{logical(source.name)}Event"]
        if not properties["Events"]:
            del properties["Events"]
    return template
