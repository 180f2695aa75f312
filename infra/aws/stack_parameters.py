"""What a stage is told when it is deployed."""

from __future__ import annotations

from typing import Any

from infra.aws.intrinsics import Json

#: What a recording's life may be, in days: a template cannot add, so the second wall is a table.
RECORDING_DAYS = (30, 60, 90, 180, 365, 730, 1095, 1825, 3650)
#: S3 deletes so many days after the maintenance should have.
SECOND_WALL_DAYS = 30

_REQUIRED: dict[str, tuple[str, str]] = {
    "VpcId": ("AWS::EC2::VPC::Id", "The VPC of the database"),
    "SubnetIds": ("List<AWS::EC2::Subnet::Id>", "Private subnets of two zones for Lambdas that reach PostgreSQL"),
    "OutboundSubnetIds": (
        "List<AWS::EC2::Subnet::Id>",
        "Private subnets with a way out through NAT; may be the same as SubnetIds",
    ),
    "DatabaseSecurityGroupId": (
        "AWS::EC2::SecurityGroup::Id",
        "The database's security group (and the proxy's), which is opened to the Lambdas",
    ),
    "DatabaseHost": ("String", "PostgreSQL's own endpoint: for what holds locks"),
    "RequestDatabaseHost": ("String", "The endpoint of requests: RDS Proxy's, or again PostgreSQL's own"),
}
_DEFAULTED: dict[str, tuple[str, str | int, str]] = {
    "RouteTableIds": ("CommaDelimitedList", "", "Route tables of the subnets, for S3's endpoint; none: no endpoint"),
    "CreateInterfaceEndpoints": ("String", "true", "Endpoints of Secrets Manager, SQS and Lambda in the VPC"),
    "DatabasePort": ("Number", 5432, "PostgreSQL's port"),
    "DatabaseName": ("String", "ringledger", "The database"),
    "DatabaseOwner": ("String", "ringledger", "The role that owns the schemas"),
    "DatabaseInstance": ("String", "", "RDS's name of the database, for its alarms; none: no alarms"),
    "ConnectionsAlarm": ("Number", 150, "Connections of the database that are too many"),
    "DatabaseTls": ("String", "require", "libpq's sslmode; verify-full after `make package CA=…`"),
    "DomainName": ("String", "", "The API's own name; none: the address that API Gateway gives"),
    "CertificateArn": ("String", "", "Its certificate in ACM, in this region"),
    "PublicUrl": ("String", "", "Without a domain, the address that links begin with: the output ApiUrl"),
    "Replication": ("String", "false", "There is a CRM: an alarm when no run has ended for three hours"),
    "PlainHttp": ("String", "false", "A CloudFront distribution for clients that cannot speak TLS"),
    "CorsOrigins": ("String", "", "Origins of browser pages that may read answers, or *"),
    "AlarmEmail": ("String", "", "Who hears of alarms"),
    "LogRetentionDays": ("Number", 30, "How long logs are kept"),
    "EventRetentionMonths": ("Number", 36, "How long raw events are kept"),
    "RecordingDays": ("String", "1095", "How long recordings are kept; S3 itself deletes what is left 30 days later"),
    "RequestsPerSecond": ("Number", 500, "The API's steady rate, for each method"),
    "RequestBurst": ("Number", 1000, "And what may come at once"),
    "StatisticsApiKey": ("String", "false", "Queries need a key of the usage plan as X-Api-Key, beside their token"),
    "KeyRequestsPerDay": ("Number", 100_000, "The usage plan's quota of one key"),
    "KeyRequestsPerSecond": ("Number", 20, "And its steady rate"),
    "StatisticsConcurrency": ("Number", 40, "Queries at once, and the reader's connections"),
    "RequestConcurrency": ("Number", 20, "Requests at once of each: recordings, nimbox, oktell, scripts"),
    "IngestConcurrency": ("Number", 5, "Batches stored at once, 2 or more"),
    "RecorderConcurrency": ("Number", 5, "Recordings fetched at once, 2 or more"),
    "RecordingStorages": ("String", "", "Storages of recordings, code=bucket/prefix …; none: the stack's own bucket"),
    "RecordingArns": ("CommaDelimitedList", "", "And the objects in them, arn:aws:s3:::bucket/prefix/*"),
    "RecordingTargetArn": ("String", "", "A queue or a topic that hears of recordings"),
    "ScriptFunctions": ("String", "", "Scripts that are Lambdas of yours, script=function …"),
    "ScriptFunctionArns": ("CommaDelimitedList", "", "And their Arns"),
    "AnswerByStatus": ("String", "yes", "A phone's hangup that says ANSWER proves an answer"),
    "FeatureCodes": ("String", "", "Feature codes such as *98=voicemail *8=pickup:0-4; empty for the usual ones"),
    "NimboxZIsLocal": ("String", "no", "A Z after a time sent to the phone-call service means local time"),
    "NimboxNewContacts": ("String", "no", "A phone call to a number of nobody makes a contact"),
    "SiteZone": ("String", "Europe/Moscow", "The site's time zone, also of schedules that name an hour"),
    "SetApiGatewayLogRole": ("String", "true", "Give API Gateway this region's role for logs; once an account"),
    "LogLevel": ("String", "INFO", "What the bundle writes down"),
}
_CHOICES = {
    "CreateInterfaceEndpoints": ["true", "false"],
    "PlainHttp": ["true", "false"],
    "StatisticsApiKey": ["true", "false"],
    "RecordingDays": [str(days) for days in RECORDING_DAYS],
    "Replication": ["true", "false"],
    "SetApiGatewayLogRole": ["true", "false"],
    "AnswerByStatus": ["yes", "no"],
    "NimboxZIsLocal": ["yes", "no"],
    "NimboxNewContacts": ["yes", "no"],
    "DatabaseTls": ["require", "verify-ca", "verify-full"],
    "LogLevel": ["DEBUG", "INFO", "WARNING", "ERROR"],
    "LogRetentionDays": [1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731, 1827],
}
_BOUNDS: dict[str, dict[str, Any]] = {
    "RecorderConcurrency": {"MinValue": 2, "MaxValue": 1000},
    "IngestConcurrency": {"MinValue": 2, "MaxValue": 1000},
    "StatisticsConcurrency": {"MinValue": 1},
    "RequestConcurrency": {"MinValue": 1},
    "ConnectionsAlarm": {"MinValue": 1},
}


def parameters() -> Json:
    """The template's parameters."""
    required: Json = {name: {"Type": kind, "Description": text} for name, (kind, text) in _REQUIRED.items()}
    for name, (kind, default, text) in _DEFAULTED.items():
        required[name] = {"Type": kind, "Default": default, "Description": text, **_BOUNDS.get(name, {})}
        if name in _CHOICES:
            required[name]["AllowedValues"] = _CHOICES[name]
    return required


def mappings() -> Json:
    """What follows from a parameter by counting."""
    walls = {str(days): {"Days": days + SECOND_WALL_DAYS} for days in RECORDING_DAYS}
    return {"SecondWall": walls}


def conditions() -> Json:
    """What follows from the parameters."""
    return {
        "HasDomain": _given("DomainName"),
        "HasAlarmEmail": _given("AlarmEmail"),
        "HasDatabaseInstance": _given("DatabaseInstance"),
        "HasRecordingTarget": _given("RecordingTargetArn"),
        "HasRecordingArns": _listed("RecordingArns"),
        "HasScriptFunctions": _listed("ScriptFunctionArns"),
        "HasRouteTables": _listed("RouteTableIds"),
        "HasInterfaceEndpoints": _is_true("CreateInterfaceEndpoints"),
        "HasReplication": _is_true("Replication"),
        "HasPlainHttp": _is_true("PlainHttp"),
        "NeedsApiKey": _is_true("StatisticsApiKey"),
        "SetsApiGatewayLogRole": _is_true("SetApiGatewayLogRole"),
    }


def _given(parameter: str) -> Json:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _listed(parameter: str) -> Json:
    return {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": parameter}]}, ""]}]}


def _is_true(parameter: str) -> Json:
    return {"Fn::Equals": [{"Ref": parameter}, "true"]}
