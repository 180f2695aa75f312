"""The value of each setting on AWS: a parameter, a resource, or a secret that the Lambda reads when it starts.

`chalicelib/platform/secret_values.py` reads `{secret:NAME:MEMBER}`. CloudFormation's own `{{resolve:…}}` is not used:
its value would be readable in the Lambda's configuration, and stay the same after a rotation.
"""

from __future__ import annotations

import re

from infra.aws.intrinsics import Json, chosen, queue_id, ref, sub

DATABASE = (
    "postgresql://{role}:{{secret:${{AWS::StackName}}/{secret}:password}}@{host}:${{DatabasePort}}/${{DatabaseName}}"
)
# The path of the certificates of `make package CA=…`, which `verify-full` needs.
TLS = "?sslmode=${DatabaseTls}&sslrootcert=/var/task/infra/database/authorities.pem"
_NAMED = re.compile(r"\{secret:\$\{AWS::StackName\}/([\w-]+)")


def _database(owner: str, host: str) -> Json:
    role = "${DatabaseOwner}" if owner == "owner" else f"ringledger_{owner}"
    return sub(DATABASE.format(role=role, secret=owner, host=host) + TLS)


def _generations(secret: str) -> Json:
    return sub(f"{{secret:${{AWS::StackName}}/{secret}}}")


#: The stack's name keeps the metrics of two stacks in one account apart.
METRICS = sub("Ringledger/${AWS::StackName}")
#: Variable -> value. `lambdas.py` lists which Lambda needs which; a test compares that with the code.
VARIABLES: dict[str, Json] = {
    # Requests can use RDS Proxy, since they never pin a session. Batches and migrations need connections of their own.
    "READER_DATABASE_URL": _database("reader", "${RequestDatabaseHost}"),
    "GATE_DATABASE_URL": _database("gate", "${RequestDatabaseHost}"),
    "WRITER_DATABASE_URL": _database("writer", "${DatabaseHost}"),
    "OPERATOR_DATABASE_URL": _database("operator", "${RequestDatabaseHost}"),
    "ARCHIVER_DATABASE_URL": _database("archiver", "${DatabaseHost}"),
    "ARCHIVE": ref("KeepArchive"),
    "ARCHIVE_FUNCTION": sub("${AWS::StackName}-archive"),
    "JOBS_FUNCTION": sub("${AWS::StackName}-jobs"),
    "DATABASE_URL": _database("owner", "${DatabaseHost}"),
    "BUCKET": ref("Bucket"),
    "EVENTS_QUEUE_URL": ref(queue_id("call-events")),
    "CORS_ORIGINS": ref("CorsOrigins"),
    "TOKEN_GUESSES": ref("TokenGuesses"),
    "PUBLIC_URL": chosen("HasDomain", sub("https://${DomainName}"), ref("PublicUrl")),
    "WEBHOOK_SECRETS": _generations("webhook"),
    "LINK_SECRETS": _generations("link"),
    "EVENT_RETENTION_MONTHS": ref("EventRetentionMonths"),
    "CALL_RETENTION_MONTHS": ref("CallRetentionMonths"),
    # The Lambdas that use the reader: statistics and scripts. A template cannot add, so the setting does.
    "READER_CONNECTION_LIMIT": sub("${StatisticsConcurrency} ${RequestConcurrency}"),
    "BI_CONNECTION_LIMIT": ref("BiConnectionLimit"),
    "BI_STATEMENT_TIMEOUT": ref("BiStatementTimeout"),
    "RECORDINGS_QUEUE_URL": ref(queue_id("recordings")),
    "RECORDING_STORAGES": ref("RecordingStorages"),
    "RECORDING_DAYS": ref("RecordingDays"),
    "RECORDING_TARGET": ref("RecordingTargetArn"),
    "CALL_CONTROL_QUEUE_URL": ref(queue_id("call-control")),
    "SCRIPTS_FUNCTION": sub("${AWS::StackName}-scripts"),
    "SCRIPT_FUNCTIONS": ref("ScriptFunctions"),
    "OKTELL_PASSWORD_REQUIRED": ref("OktellPasswordRequired"),
    "OKTELL_NETWORKS": ref("OktellNetworks"),
    "SITE_ZONE": ref("SiteZone"),
    "ANSWER_BY_STATUS": ref("AnswerByStatus"),
    "FEATURE_CODES": ref("FeatureCodes"),
    "NIMBOX_Z_IS_LOCAL": ref("NimboxZIsLocal"),
    "NIMBOX_NEW_CONTACTS": ref("NimboxNewContacts"),
}
#: Secret -> the variables that its members set; variables without a member keep their defaults.
MEMBERS: dict[str, tuple[str, ...]] = {
    "telphin": ("TELPHIN_CLIENT_ID", "TELPHIN_CLIENT_SECRET"),
    "recorder": ("RECORDING_SOURCES", "RECORDING_HOSTS"),
    "oktell": (
        "OKTELL_LICENCE", "OKTELL_LANGUAGE", "OKTELL_SERVER_URL", "OKTELL_SERVER_PASSWORD", "CALL_CONTROL",
    ),
    "crm": (
        "CRM_URL", "CRM_NAME", "CRM_TOKEN", "CRM_USER", "CRM_PASSWORD", "CRM_CONNECTIONS", "CRM_RATE", "CRM_SECONDS",
        "CRM_OURS_ALONE", "CRM_ZONE", "REPLICATION_SOURCES", "REPLICATION_NUMBERS", "REPLICATION_UNANSWERED",
        "REPLICATION_HOURS", "REPLICATION_DAYS", "REPLICATION_SETTLED_SECONDS",
    ),
    "cdr": ("CDR_URL", "CDR_TABLE", "CDR_ZONE", "CDR_LINK", "CDR_UNANSWERED"),
}  # fmt: skip
#: The variables of the CRM that runs need: only an operator's command corrects a day there.
RUNS = tuple(variable for variable in MEMBERS["crm"] if variable not in {"CRM_OURS_ALONE", "CRM_ZONE"})
#: The variables of every Lambda.
COMMON = {"LOG_LEVEL": ref("LogLevel"), "METRICS_NAMESPACE": METRICS}


def environment(variables: tuple[str, ...]) -> Json:
    """Return the environment of a Lambda with these variables."""
    listed = " ".join(f"${{AWS::StackName}}/{secret}" for secret in _listed(variables))
    values = {variable: VARIABLES[variable] for variable in variables if variable in VARIABLES}
    return {**COMMON, **values, **({"SECRETS": sub(listed)} if listed else {})}


def secrets(variables: tuple[str, ...]) -> list[str]:
    """Return the secrets that these variables refer to."""
    texts = [VARIABLES[variable].get("Fn::Sub", "") for variable in variables if variable in VARIABLES]
    return sorted({*_NAMED.findall(" ".join(texts)), *_listed(variables)})


def _listed(variables: tuple[str, ...]) -> list[str]:
    return [secret for secret, members in MEMBERS.items() if set(members) & set(variables)]
