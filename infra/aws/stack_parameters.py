"""The parameters of a stage, which are given when it is deployed."""

from __future__ import annotations

from typing import Any

from infra.aws.intrinsics import Json, ref

#: The possible retentions of recordings, in days. A template cannot add, so S3's own limit is looked up in a table.
RECORDING_DAYS = (30, 60, 90, 180, 365, 730, 1095, 1825, 3650)
#: The possible thresholds of the alarm on the database's storage.
FREE_GIGABYTES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
#: The preferences of CodeDeploy: all at once, or a tenth of the requests first, for five or fifteen minutes.
DEPLOYMENTS = ("AllAtOnce", "Canary10Percent5Minutes", "Canary10Percent15Minutes")
LAMBDA_LEVELS = {"WARNING": "WARN"}
#: S3 deletes this many days after maintenance should have done it.
SECOND_WALL_DAYS = 30

_REQUIRED: dict[str, tuple[str, str]] = {
    "VpcId": ("AWS::EC2::VPC::Id", "The VPC of the database"),
    "SubnetIds": ("List<AWS::EC2::Subnet::Id>", "Private subnets of two zones for Lambdas that reach PostgreSQL"),
    "OutboundSubnetIds": (
        "List<AWS::EC2::Subnet::Id>",
        "Private subnets with internet access through NAT; can be the same as SubnetIds",
    ),
    "DatabaseSecurityGroupId": (
        "AWS::EC2::SecurityGroup::Id",
        "The security group of the database and its proxy, which gets a rule for the Lambdas",
    ),
    "DatabaseHost": ("String", "PostgreSQL's own endpoint, for work that holds locks"),
    "RequestDatabaseHost": ("String", "The endpoint for requests: RDS Proxy's, or PostgreSQL's own again"),
}
_DEFAULTED: dict[str, tuple[str, str | int, str]] = {
    "RouteTableIds": ("CommaDelimitedList", "", "Route tables of the subnets, for S3's endpoint; empty: no endpoint"),
    "CreateInterfaceEndpoints": (
        "String",
        "true",
        "Make endpoints of Secrets Manager, SQS and Lambda, once a VPC; it needs DNS support and DNS host names",
    ),
    "EndpointSecurityGroupId": (
        "String",
        "",
        "The security group of endpoints that the VPC has already, which gets a rule for the Lambdas",
    ),
    "DatabasePort": ("Number", 5432, "PostgreSQL's port"),
    "DatabaseName": ("String", "ringledger", "The database"),
    "DatabaseOwner": ("String", "ringledger", "The role that owns the schemas"),
    "DatabaseInstance": ("String", "", "The database's name in RDS, for its alarms; empty: no alarms"),
    "DatabaseTls": ("String", "require", "libpq's sslmode; verify-full after `make package CA=…`"),
    "DomainName": ("String", "", "The API's domain; empty: the address from API Gateway"),
    "CertificateArn": ("String", "", "The domain's certificate in ACM, in this region"),
    "PublicUrl": ("String", "", "Without a domain, the beginning of links: the output ApiUrl"),
    "DatabaseFreeGigabytes": ("Number", 5, "The free storage of the database below which there is an alarm"),
    "WorkdayBegin": ("Number", 0, "The hour in UTC from which on webhooks are expected, Monday to Friday"),
    "WorkdayEnd": (
        "Number",
        0,
        "The hour in UTC until which they are; an hour without any raises an alarm; 0: no alarm",
    ),
    "WebAclArn": ("String", "", "A web ACL of AWS WAF (regional) for the API"),
    "AccessLogBucket": ("String", "", "A bucket of yours for the access log of the stack's bucket"),
    "Replication": ("String", "false", "There is a CRM: raise an alarm when no run has ended for three hours"),
    "PlainHttp": (
        "String",
        "false",
        "A CloudFront distribution for clients that cannot speak TLS; files in S3 stay behind TLS",
    ),
    "CorsOrigins": ("String", "", "Origins of browser pages that can read answers, or *"),
    "AlarmEmail": ("String", "", "The e-mail address that gets alarms"),
    "LogRetentionDays": ("Number", 30, "Days for which logs are kept"),
    "EventRetentionMonths": ("Number", 36, "Months for which raw events are kept in the database"),
    "CallRetentionMonths": ("Number", 0, "Months for which calls are kept in the database; 0 keeps them for good"),
    "RecordingDays": ("String", "1095", "Days for which recordings are kept; S3 itself deletes the rest 30 days later"),
    "KeepArchive": (
        "String",
        "yes",
        "Keep what leaves the database in the bucket as Parquet; else it is deleted",
    ),
    "Release": (
        "String",
        "1",
        "Any new word at each deployment, such as the time in seconds: the Lambdas behind the API get a new version",
    ),
    "DeploymentPreference": ("String", "AllAtOnce", "How requests move to a new version: at once, or with a canary"),
    "SnapStart": ("String", "false", "Start the Lambdas behind the API from snapshots"),
    "RequestsPerSecond": ("Number", 500, "The API's steady rate, for each method"),
    "RequestBurst": ("Number", 1000, "The API's burst, for each method"),
    "StatisticsApiKey": ("String", "false", "Queries need a key of the usage plan as X-Api-Key, besides their token"),
    "KeyRequestsPerDay": ("Number", 100_000, "The usage plan's daily quota of one key"),
    "KeyRequestsPerSecond": ("Number", 20, "The usage plan's steady rate of one key"),
    "StatisticsConcurrency": ("Number", 40, "Concurrent queries"),
    "RequestConcurrency": ("Number", 20, "Concurrent requests of each: recordings, nimbox, oktell, scripts"),
    "IngestConcurrency": ("Number", 5, "Batches stored concurrently, 2 or more"),
    "RecorderConcurrency": ("Number", 5, "Recordings fetched concurrently, 2 or more"),
    "RecordingStorages": ("String", "", "Storages of recordings, code=bucket/prefix …; empty: the stack's own bucket"),
    "RecordingArns": ("CommaDelimitedList", "", "The objects of these storages, arn:aws:s3:::bucket/prefix/*"),
    "RecordingTargetArn": ("String", "", "A queue or a topic that is notified of recordings"),
    "ScriptFunctions": ("String", "", "Scripts that are Lambdas of yours, script=function …"),
    "ScriptFunctionArns": ("CommaDelimitedList", "", "The Arns of these Lambdas"),
    "AnswerByStatus": ("String", "yes", "A phone's hangup with the status ANSWER proves an answer"),
    "FeatureCodes": ("String", "", "Feature codes such as *98=voicemail *8=pickup:0-4; empty for the usual ones"),
    "TokenGuesses": ("Number", 30, "Wrong tokens that one address may send in a minute"),
    "BiConnectionLimit": ("Number", 10, "Connections of the role ringledger_bi, for tools that read the database"),
    "BiStatementTimeout": ("Number", 60, "Seconds after which a query of this role ends"),
    "NimboxZIsLocal": ("String", "no", "A Z after a time sent to the phone-call service means local time"),
    "NimboxNewContacts": ("String", "no", "Create a contact for a phone call to an unknown number"),
    "OktellPasswordRequired": (
        "String",
        "yes",
        "Commands of the Oktell interface need a token; no: see OktellNetworks",
    ),
    "OktellNetworks": (
        "String",
        "",
        "Networks from which commands need no token, as 203.0.113.0/24 …, if OktellPasswordRequired is no",
    ),
    "SiteZone": ("String", "Europe/Moscow", "The site's time zone, also of schedules that name an hour"),
    "SetApiGatewayLogRole": ("String", "true", "Give API Gateway this region's role for logs; once an account"),
    "LogLevel": ("String", "INFO", "The level of the bundle's log"),
}
_CHOICES: dict[str, list[Any]] = {
    "DatabaseFreeGigabytes": list(FREE_GIGABYTES),
    "CreateInterfaceEndpoints": ["true", "false"],
    "PlainHttp": ["true", "false"],
    "DeploymentPreference": list(DEPLOYMENTS),
    "SnapStart": ["true", "false"],
    "StatisticsApiKey": ["true", "false"],
    "RecordingDays": [str(days) for days in RECORDING_DAYS],
    "Replication": ["true", "false"],
    "SetApiGatewayLogRole": ["true", "false"],
    "AnswerByStatus": ["yes", "no"],
    "KeepArchive": ["yes", "no"],
    "OktellPasswordRequired": ["yes", "no"],
    "NimboxZIsLocal": ["yes", "no"],
    "NimboxNewContacts": ["yes", "no"],
    "DatabaseTls": ["require", "verify-ca", "verify-full"],
    "LogLevel": ["DEBUG", "INFO", "WARNING", "ERROR"],
    "LogRetentionDays": [1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731, 1827],
}
_BOUNDS: dict[str, dict[str, Any]] = {
    "EventRetentionMonths": {"MinValue": 1},
    "CallRetentionMonths": {"MinValue": 0},
    "Release": {"AllowedPattern": "[0-9A-Za-z]{1,10}"},
    "RecorderConcurrency": {"MinValue": 2, "MaxValue": 1000},
    "IngestConcurrency": {"MinValue": 2, "MaxValue": 1000},
    "StatisticsConcurrency": {"MinValue": 1},
    "RequestConcurrency": {"MinValue": 1},
    "TokenGuesses": {"MinValue": 1},
    "BiConnectionLimit": {"MinValue": 1},
    "BiStatementTimeout": {"MinValue": 1},
    "WorkdayBegin": {"MinValue": 0, "MaxValue": 23},
    "WorkdayEnd": {"MinValue": 0, "MaxValue": 24},
}


def parameters() -> Json:
    """Return the template's parameters."""
    required: Json = {name: {"Type": kind, "Description": text} for name, (kind, text) in _REQUIRED.items()}
    for name, (kind, default, text) in _DEFAULTED.items():
        required[name] = {"Type": kind, "Default": default, "Description": text, **_BOUNDS.get(name, {})}
        if name in _CHOICES:
            required[name]["AllowedValues"] = _CHOICES[name]
    return required


def mappings() -> Json:
    """Return the tables of values that are computed from a parameter."""
    walls = {str(days): {"Days": days + SECOND_WALL_DAYS} for days in RECORDING_DAYS}
    # CloudWatch counts bytes, and Lambda has its own word for one of the levels.
    free = {str(gigabytes): {"Bytes": gigabytes * 1024**3} for gigabytes in FREE_GIGABYTES}
    levels = {level: {"Lambda": LAMBDA_LEVELS.get(level, level)} for level in _CHOICES["LogLevel"]}
    return {"SecondWall": walls, "FreeStorage": free, "LogLevels": levels}


def rules() -> Json:
    """Return the rules that refuse a combination of parameters before anything is deployed."""
    required = {"Fn::Equals": [ref("OktellPasswordRequired"), "yes"]}
    restricted = {"Fn::Not": [{"Fn::Equals": [ref("OktellNetworks"), ""]}]}
    return {
        "OktellIsProtected": {
            "Assertions": [
                {
                    "Assert": {"Fn::Or": [required, restricted]},
                    "AssertDescription": "OktellPasswordRequired=no needs OktellNetworks: without a token or a network"
                    " restriction, everybody could place calls and run scripts",
                }
            ]
        }
    }


def conditions() -> Json:
    """Return the conditions on the parameters."""
    return {
        "HasDomain": _given("DomainName"),
        "HasAlarmEmail": _given("AlarmEmail"),
        "HasDatabaseInstance": _given("DatabaseInstance"),
        "HasCanary": {"Fn::Not": [{"Fn::Equals": [{"Ref": "DeploymentPreference"}, DEPLOYMENTS[0]]}]},
        "HasSnapStart": _is_true("SnapStart"),
        "HasWorkday": {"Fn::Not": [{"Fn::Equals": [{"Ref": "WorkdayEnd"}, 0]}]},
        "HasWebAcl": _given("WebAclArn"),
        "HasAccessLog": _given("AccessLogBucket"),
        "HasRecordingTarget": _given("RecordingTargetArn"),
        "HasRecordingArns": _listed("RecordingArns"),
        "HasScriptFunctions": _listed("ScriptFunctionArns"),
        "HasEndpointGroup": _given("EndpointSecurityGroupId"),
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
