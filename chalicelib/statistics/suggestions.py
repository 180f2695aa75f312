"""Advice for a function that is not allowed: by its meaning if it has another name here, else by its spelling."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from chalicelib.statistics.refusal import REFERENCE

_SHOWN = 6
#: Below this likeness of spelling a suggestion is more likely wrong than right.
_LIKENESS = 0.75

_SERVER = "it tells about the server, not about calls"
_SETTING = "it reads the server's settings"
_ACTION = "it does something instead of computing a value"
_SQL_TEXT = "it runs SQL from a text: write that SQL as a subquery"
_FILE = "it reads files of the server"

#: Function of another database, or one with a reason to refuse it -> the advice.
MEANINGS: dict[str, str] = {
    **dict.fromkeys("ifnull nvl isnull".split(), "use coalesce(value, replacement)"),
    **dict.fromkeys("getdate sysdate curdate getutcdate utc_timestamp".split(), "use now() or current_date"),
    **dict.fromkeys("date_format strftime".split(), "use to_char(time, 'YYYY-MM-DD')"),
    **dict.fromkeys("str_to_date parse_datetime".split(), "use to_timestamp(text, 'YYYY-MM-DD')"),
    **dict.fromkeys("datediff timestampdiff".split(), "subtract the times, as in stop_dt - start_dt, or use age()"),
    **dict.fromkeys("dateadd adddate timestampadd".split(), "add an interval, as in invitedt + interval '1 day'"),
    **dict.fromkeys("year month day hour minute dayofweek weekday".split(), "use extract(year from invitedt)"),
    **dict.fromkeys("group_concat listagg".split(), "use string_agg(value, ', ')"),
    **dict.fromkeys("instr charindex locate".split(), "use strpos(text, part)"),
    **dict.fromkeys("if iif decode_value".split(), "use case when … then … else … end"),
    **dict.fromkeys("len datalength".split(), "use length(text)"),
    **dict.fromkeys("rand".split(), "use random()"),
    **dict.fromkeys("ucase lcase".split(), "use upper(text) or lower(text)"),
    **dict.fromkeys("countif sumif".split(), "use count(*) filter (where …)"),
    **dict.fromkeys("median".split(), "use percentile_cont(0.5) within group (order by value)"),
    **dict.fromkeys("uuid newid gen_random_uuid uuid_generate_v4".split(), "reports need no new ids"),
    **dict.fromkeys("version current_database pg_backend_pid inet_server_addr pg_database_size".split(), _SERVER),
    **dict.fromkeys("pg_postmaster_start_time pg_table_size pg_total_relation_size pg_relation_size".split(), _SERVER),
    **dict.fromkeys("current_setting show".split(), _SETTING),
    **dict.fromkeys("pg_sleep pg_sleep_for pg_sleep_until set_config setseed nextval setval".split(), _ACTION),
    **dict.fromkeys("pg_notify pg_terminate_backend pg_cancel_backend lo_create lo_import lo_export".split(), _ACTION),
    **dict.fromkeys("pg_advisory_lock txid_current pg_current_xact_id dblink dblink_exec".split(), _ACTION),
    **dict.fromkeys("query_to_xml table_to_xml ts_stat".split(), _SQL_TEXT),
    **dict.fromkeys("pg_read_file pg_read_binary_file pg_ls_dir pg_stat_file lo_get".split(), _FILE),
}


def instead(name: str, known: Collection[str], kind: str) -> str:
    """Return the advice for `name`, which is not among the allowed functions or types (`kind`)."""
    listed = f"{REFERENCE} lists the {len(known)} allowed {kind}"
    meaning = MEANINGS.get(name)
    if meaning:
        return f"{meaning}; {listed}"
    matches = difflib.get_close_matches(name, known, _SHOWN, _LIKENESS)
    return f"similar {kind} that are allowed: {', '.join(matches)}; {listed}" if matches else listed
