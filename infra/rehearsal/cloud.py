"""An AWS account on loopback: moto with a stack of the packaged template."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from infra.aws.intrinsics import Json
from infra.aws.translation import CODE, REGION

#: Resources that moto cannot create, or creates without reading them. The tests of the template and the linter look at
#: these.
UNKNOWN_TO_MOTO = (
    "AWS::ApiGateway", "AWS::CloudFront", "AWS::CloudWatch", "AWS::Lambda::LayerVersion", "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy", "AWS::Scheduler", "AWS::WAFv2",
)  # fmt: skip
_MANAGER = "AWS::SecretsManager"
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
#: The credentials of nobody: moto takes any.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal", "AWS_REGION": REGION}


class Cloud:
    """The account, with one stack."""

    def __init__(self, stack: str) -> None:
        """Start moto; `stack` is the stack's name."""
        self.stack = stack
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        for chatter in ("werkzeug", "moto"):
            logging.getLogger(chatter).setLevel(logging.CRITICAL)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"

    def stop(self) -> None:
        """Stop moto."""
        self._server.stop()

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        """Return a client of an AWS service."""
        keys = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
        make: Any = boto3.client
        return make(service, endpoint_url=self.endpoint, region_name=REGION, **keys)

    def network(self) -> dict[str, str]:
        """Return the parameters of the VPC that every account has."""
        return network(self.client("ec2"))

    def deploy(self, template: Json, parameters: Mapping[str, str]) -> str:
        """Create the stack of a translated template, without the resources that moto lacks; return its status."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=CODE["Bucket"])
        s3.put_object(Bucket=CODE["Bucket"], Key=CODE["Key"], Body=EMPTY_ZIP)
        self._make_secrets(template)
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=self.stack,
            TemplateBody=json.dumps(for_moto(template)),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        (stack,) = cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        return str(stack["StackStatus"])

    def _make_secrets(self, template: Json) -> None:
        """Make the stack's secrets, which moto's CloudFormation leaves out."""
        manager = self.client("secretsmanager")
        for each in template["Resources"].values():
            if each["Type"].startswith(_MANAGER):
                properties = each["Properties"]
                name = properties["Name"]["Fn::Sub"].replace("${AWS::StackName}", self.stack)
                manager.create_secret(Name=name, SecretString=_first_value(properties))

    def put_secret(self, name: str, content: Mapping[str, str]) -> None:
        """Put a new value into a secret of the stack."""
        self.client("secretsmanager").put_secret_value(
            SecretId=f"{self.stack}/{name}", SecretString=json.dumps(dict(content))
        )

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of the Lambda `name` of app.py as the stack configured them, and the way to moto."""
        configured = self.client("lambda").get_function_configuration(FunctionName=self.function(name))
        variables = {key: str(value) for key, value in configured["Environment"]["Variables"].items()}
        # The embedded PostgreSQL has no TLS.
        plain = {key: value.replace("sslmode=require", "sslmode=disable") for key, value in variables.items()}
        return {**plain, **CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint}

    def function(self, name: str) -> str:
        """Return the name that the stack gives the Lambda `name` of app.py."""
        return f"{self.stack}-{name.replace('_', '-')}"


def _first_value(properties: Json) -> str:
    """Return the value with which CloudFormation makes a secret."""
    if "SecretString" in properties:
        return str(properties["SecretString"])
    rule = properties["GenerateSecretString"]
    generated = {rule["GenerateStringKey"]: secrets.token_hex(rule["PasswordLength"] // 2)}
    return json.dumps(json.loads(rule["SecretStringTemplate"]) | generated)


def network(ec2: Any) -> dict[str, str]:  # noqa: ANN401 - a client of boto3
    """Return the parameters of the VPC that every account has."""
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    return {
        "VpcId": ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
        "SubnetIds": ",".join(subnets[:2]),
        "OutboundSubnetIds": ",".join(subnets[2:4]),
        "RouteTableIds": ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"],
        "DatabaseSecurityGroupId": ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"],
    }


def for_moto(template: Json) -> Json:
    """Return a translated template without its outputs and the resources that moto lacks."""
    known: Json = json.loads(json.dumps(template))
    known.pop("Outputs")
    known["Resources"] = {
        name: each for name, each in known["Resources"].items() if not each["Type"].startswith(UNKNOWN_TO_MOTO)
    }
    for each in known["Resources"].values():
        each.get("Properties", {}).pop("Layers", None)
    return known
