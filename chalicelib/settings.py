"""The only reader of the environment: every setting, its meaning and its default, validated once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.errors import Misconfigured
from chalicelib.setting_values import (
    base_url,
    generations,
    language,
    networks,
    pairs,
    positive,
    total,
    whole,
    words,
    yes,
    zone,
)

MEGABYTE = 1_000_000


def _setting(variable: str, read: Callable[[str], Any], default: Any, *, secret: bool = False) -> Any:  # noqa: ANN401 - a field's type is its annotation
    return field(default=default, repr=not secret, metadata={"variable": variable, "read": read})


# Of the 8 ms that every Lambda would take to make this class, 6 are for methods that name each of its 100 fields.
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Settings:
    """The values of all settings; `repr` leaves the secrets out.

    Database addresses are libpq URLs, one for each role; sizes are bytes, times are seconds.
    """

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - a field's type is its annotation
        """Take these values; other settings have their defaults. Raises TypeError for a name that is no setting."""
        if unknown := values.keys() - {setting.name for setting in fields(self)}:
            raise TypeError(f"There is no setting {', '.join(sorted(unknown))}")
        vars(self).update(values)

    def __repr__(self) -> str:
        """Show the settings without the secrets."""
        shown = [f"{setting.name}={getattr(self, setting.name)!r}" for setting in fields(self) if setting.repr]
        return f"Settings({', '.join(shown)})"

    owner_database_url: str = _setting("DATABASE_URL", str, "", secret=True)
    reader_database_url: str = _setting("READER_DATABASE_URL", str, "", secret=True)
    gate_database_url: str = _setting("GATE_DATABASE_URL", str, "", secret=True)
    writer_database_url: str = _setting("WRITER_DATABASE_URL", str, "", secret=True)
    #: The address of ringledger_bi with the password that `roles` gives it; nothing in the bundle connects with it.
    bi_database_url: str = _setting("BI_DATABASE_URL", str, "", secret=True)
    operator_database_url: str = _setting("OPERATOR_DATABASE_URL", str, "", secret=True)
    archiver_database_url: str = _setting("ARCHIVER_DATABASE_URL", str, "", secret=True)
    #: The Lambda function that does the jobs of operators, and that of the archive.
    jobs_function: str = _setting("JOBS_FUNCTION", str, "")
    archive_function: str = _setting("ARCHIVE_FUNCTION", str, "")
    bucket: str = _setting("BUCKET", str, "")
    events_queue_url: str = _setting("EVENTS_QUEUE_URL", str, "")
    cors_origins: tuple[str, ...] = _setting("CORS_ORIGINS", words, ())
    public_url: str = _setting("PUBLIC_URL", base_url, "")
    webhook_secrets: tuple[tuple[int, str], ...] = _setting(
        "WEBHOOK_SECRETS", partial(generations, "WEBHOOK_SECRETS"), (), secret=True
    )
    link_secrets: tuple[tuple[int, str], ...] = _setting(
        "LINK_SECRETS", partial(generations, "LINK_SECRETS"), (), secret=True
    )
    recordings_queue_url: str = _setting("RECORDINGS_QUEUE_URL", str, "")
    #: `code=bucket/prefix …`: new files go to the first. By default, `main` is recordings/ in the bundle's bucket.
    recording_storages: tuple[str, ...] = _setting("RECORDING_STORAGES", words, ())
    #: The addresses of recordings of other providers than Telphin: see chalicelib/recordings/recording_sources.py.
    recording_sources: str = _setting("RECORDING_SOURCES", str, "", secret=True)
    #: Hosts that files may come from; one that begins with a dot stands for the hosts below it.
    recording_hosts: tuple[str, ...] = _setting("RECORDING_HOSTS", words, (".telphin.ru",))
    recording_loopback: bool = _setting("RECORDING_LOOPBACK", yes, default=False)
    recording_limit: int = _setting("RECORDING_LIMIT", positive, 200 * MEGABYTE)
    recording_seconds: int = _setting("RECORDING_SECONDS", positive, 240)
    recording_attempts: int = _setting("RECORDING_ATTEMPTS", positive, 10)
    recording_days: int = _setting("RECORDING_DAYS", positive, 1_095)
    #: The ARN of the SQS queue or SNS topic that receives every change; a queue's URL is accepted too.
    recording_target: str = _setting("RECORDING_TARGET", str, "")
    #: The longest life of the address that one click gets, whatever the call's duration.
    playing_seconds: int = _setting("PLAYING_SECONDS", positive, 6 * 3_600)
    revocation_cache_seconds: int = _setting("REVOCATION_CACHE_SECONDS", int, 60)
    telphin_url: str = _setting("TELPHIN_URL", base_url, "https://apiproxy.telphin.ru")
    telphin_client_id: str = _setting("TELPHIN_CLIENT_ID", str, "")
    telphin_client_secret: str = _setting("TELPHIN_CLIENT_SECRET", str, "", secret=True)
    #: Without a password, the Oktell interface answers clients of these networks only.
    oktell_password_required: bool = _setting("OKTELL_PASSWORD_REQUIRED", yes, default=True)
    oktell_networks: tuple[str, ...] = _setting("OKTELL_NETWORKS", networks, ("127.0.0.0/8", "::1/128"))
    #: `regserial`, `confirmdate`, `updatelimitdate` and other details of the licence; `+` stands for a space.
    oktell_licence: tuple[tuple[str, str], ...] = _setting("OKTELL_LICENCE", pairs, ())
    #: The language of the licence's text: `ru`, as a server of this interface has it, or `en`.
    oktell_language: str = _setting("OKTELL_LANGUAGE", language, "ru")
    upload_limit: int = _setting("UPLOAD_LIMIT", positive, 4 * MEGABYTE)
    upload_form_limit: int = _setting("UPLOAD_FORM_LIMIT", positive, 1_000 * MEGABYTE)
    upload_expires: int = _setting("UPLOAD_EXPIRES", positive, 900)
    #: The Lambda function that runs scripts, and Lambda functions that are scripts: `script=function …`.
    scripts_function: str = _setting("SCRIPTS_FUNCTION", str, "")
    script_functions: tuple[tuple[str, str], ...] = _setting("SCRIPT_FUNCTIONS", pairs, ())
    script_seconds: int = _setting("SCRIPT_SECONDS", positive, 50)
    script_files_prefix: str = _setting("SCRIPT_FILES_PREFIX", str, "script-files/")
    #: Which of `queue`, `oktell` and `telphin` control calls, in the order in which they are asked.
    call_control: tuple[str, ...] = _setting("CALL_CONTROL", words, ())
    call_control_queue_url: str = _setting("CALL_CONTROL_QUEUE_URL", str, "")
    call_control_seconds: int = _setting("CALL_CONTROL_SECONDS", positive, 10)
    oktell_server_url: str = _setting("OKTELL_SERVER_URL", base_url, "")
    oktell_server_password: str = _setting("OKTELL_SERVER_PASSWORD", str, "", secret=True)
    #: A phone's hangup with the status ANSWER proves an answer even without an answer event.
    answer_by_status: bool = _setting("ANSWER_BY_STATUS", yes, default=True)
    #: The feature codes of the PBX: see chalicelib/calls/options.py.
    feature_codes: tuple[str, ...] = _setting("FEATURE_CODES", words, ())
    call_age_seconds: int = _setting("CALL_AGE_SECONDS", positive, 4 * 3_600)
    event_retention_months: int = _setting("EVENT_RETENTION_MONTHS", positive, 36)
    #: Whole months for which calls stay in the database; 0 keeps them for good.
    call_retention_months: int = _setting("CALL_RETENTION_MONTHS", whole, 0)
    #: What retention takes out of the database goes to Parquet files in the bucket; otherwise it is deleted.
    archive: bool = _setting("ARCHIVE", yes, default=True)
    statement_timeout: int = _setting("STATEMENT_TIMEOUT", positive, 20)
    reader_connection_limit: int = _setting("READER_CONNECTION_LIMIT", total, 40)
    bi_connection_limit: int = _setting("BI_CONNECTION_LIMIT", positive, 10)
    bi_statement_timeout: int = _setting("BI_STATEMENT_TIMEOUT", positive, 60)
    #: Wrong tokens that one address may send in a minute.
    token_guesses: int = _setting("TOKEN_GUESSES", positive, 30)
    token_cache_seconds: int = _setting("TOKEN_CACHE_SECONDS", int, 30)
    answer_limit: int = _setting("ANSWER_LIMIT", positive, 6 * MEGABYTE)
    row_limit: int = _setting("ROW_LIMIT", positive, 16 * MEGABYTE)
    spill_limit: int = _setting("SPILL_LIMIT", positive, 256 * MEGABYTE)
    spill_expires: int = _setting("SPILL_EXPIRES", positive, 900)
    request_seconds: int = _setting("REQUEST_SECONDS", positive, 28)
    site_zone: ZoneInfo = _setting("SITE_ZONE", zone, ZoneInfo("UTC"))  # noqa: RUF009 - a zone never changes
    #: A `Z` after a time sent to the phone-call service means the site's local time, as in the known script.
    nimbox_z_is_local: bool = _setting("NIMBOX_Z_IS_LOCAL", yes, default=False)
    #: A phone call to an unknown number creates a contact instead of an error.
    nimbox_new_contacts: bool = _setting("NIMBOX_NEW_CONTACTS", yes, default=False)
    #: The CRM that calls are replicated to, if any. A name of its own survives a change of the address.
    crm_url: str = _setting("CRM_URL", base_url, "")
    crm_name: str = _setting("CRM_NAME", str, "")
    crm_token: str = _setting("CRM_TOKEN", str, "", secret=True)
    crm_user: str = _setting("CRM_USER", str, "")
    crm_password: str = _setting("CRM_PASSWORD", str, "", secret=True)
    crm_connections: int = _setting("CRM_CONNECTIONS", positive, 16)
    #: Requests a second, and the timeout of a request in seconds.
    crm_rate: int = _setting("CRM_RATE", positive, 1_000)
    crm_seconds: int = _setting("CRM_SECONDS", positive, 20)
    #: Only this replication creates calls at the CRM, so that a correction may delete a day of the CRM's zone there.
    crm_ours_alone: bool = _setting("CRM_OURS_ALONE", yes, default=False)
    crm_zone: ZoneInfo | None = _setting("CRM_ZONE", zone, None)  # noqa: RUF009 - a zone never changes
    #: `calls` are Ringledger's own, `cdr` an Asterisk's. The windows of incremental and full runs are hours and days.
    replication_sources: tuple[str, ...] = _setting("REPLICATION_SOURCES", words, ("calls",))
    replication_hours: int = _setting("REPLICATION_HOURS", positive, 200)
    replication_days: int = _setting("REPLICATION_DAYS", positive, 360)
    replication_settled_seconds: int = _setting("REPLICATION_SETTLED_SECONDS", positive, 900)
    replication_unanswered: bool = _setting("REPLICATION_UNANSWERED", yes, default=False)
    #: The rule that changes numbers for the CRM: see chalicelib/replication/number_rules.py.
    replication_numbers: str = _setting("REPLICATION_NUMBERS", str, "minimum:7")
    #: mysql:// or postgresql://, its table, its time zone (the site's without one), `https://…/{uniqueid}` for links.
    cdr_url: str = _setting("CDR_URL", str, "", secret=True)
    cdr_table: str = _setting("CDR_TABLE", str, "cdr")
    cdr_zone: ZoneInfo | None = _setting("CDR_ZONE", zone, None)  # noqa: RUF009 - a zone never changes
    cdr_link: str = _setting("CDR_LINK", str, "")
    #: The duration of unanswered calls: `zero`, or `whole` as in the known script; `skip` leaves such calls out.
    cdr_unanswered: str = _setting("CDR_UNANSWERED", str, "zero")
    log_level: str = _setting("LOG_LEVEL", str, "INFO")
    metrics_namespace: str = _setting("METRICS_NAMESPACE", str, "Ringledger")


def load(environment: Mapping[str, str]) -> Settings:
    """Read every setting from `environment`.

    Raises Misconfigured, which names the variable, the fault of its value and a right form.
    """
    values = {}
    for setting in fields(Settings):
        text = environment.get(setting.metadata["variable"], "")
        if text:
            values[setting.name] = _read(setting.metadata["variable"], setting.metadata["read"], text)
    return Settings(**values)


def _read(variable: str, read: Callable[[str], Any], text: str) -> Any:  # noqa: ANN401 - as above
    try:
        return read(text)
    except Misconfigured as fault:
        # A reader that serves several settings does not know the variable.
        raise Misconfigured(fault.message if variable in fault.message else f"{variable}: {fault.message}") from None
    except ValueError as fault:
        raise Misconfigured(f"{variable} must be a whole number above zero: {fault}") from None


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


class AwsAccess(NamedTuple):
    """The credentials, region and endpoint that sign and send a request to a service of AWS.

    `expires` is a time in ISO 8601, empty when it is unknown; `endpoint` is empty when AWS itself answers.
    """

    access_key: str
    secret_key: str
    session_token: str
    expires: str
    region: str
    endpoint: str

    def __repr__(self) -> str:
        """Show the id of the key only."""
        return f"AwsAccess({self.access_key!r})"

    def check(self) -> None:
        """Raise Misconfigured when a part is missing without which nothing can be signed."""
        if not (self.access_key and self.secret_key and self.region):
            raise Misconfigured("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION are needed to sign")


def aws_access(service: str, variables: Mapping[str, str] | None = None) -> AwsAccess:
    """Return the credentials, region and endpoint for `service`, as boto3 finds them in the environment.

    For the service `s3`, the endpoint is AWS_ENDPOINT_URL_S3 or else AWS_ENDPOINT_URL.
    """
    values = os.environ if variables is None else variables
    return AwsAccess(
        values.get("AWS_ACCESS_KEY_ID", ""),
        values.get("AWS_SECRET_ACCESS_KEY", ""),
        values.get("AWS_SESSION_TOKEN", ""),
        values.get("AWS_CREDENTIAL_EXPIRATION", ""),
        values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION", ""),
        values.get(f"AWS_ENDPOINT_URL_{service.upper()}") or values.get("AWS_ENDPOINT_URL", ""),
    )


def disable_plugins() -> None:
    """Tell pydantic to load no plugins, unless the environment has a decision of its own."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def in_chalice_command() -> bool:
    """Tell whether Chalice's own command loads the app. Packaging runs it from a program of its own (`python -c`)."""
    return os.environ.get("AWS_CHALICE_CLI_MODE") == "true" and sys.argv[0] != "-c"


def lambda_handler() -> str:
    """Return the handler that Lambda started, such as `app.statistics`; empty outside of Lambda."""
    # Packaging runs with the environment of a Lambda's configuration, so _HANDLER alone proves nothing.
    return os.environ.get("_HANDLER", "") if "LAMBDA_TASK_ROOT" in os.environ else ""
