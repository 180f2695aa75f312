"""Lists of the functions, types, operators and collations of pg_catalog that a query may name.

A function may be listed when it only computes a value from its arguments. It must not read a table, a setting, the
session or a file, must not run SQL from a text, and must not produce megabytes from a few bytes. A function that can do
the last but is useful in reports is listed too, and `bounds.py` limits its arguments.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

AGGREGATES = """
    any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every json_agg
    json_object_agg jsonb_agg jsonb_object_agg max min mode percentile_cont percentile_disc range_agg
    range_intersect_agg regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance
"""
WINDOWS = """
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
NUMBERS = """
    abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh bit_count cbrt ceil ceiling cos cosd cosh cot
    cotd degrees div exp floor gcd lcm ln log log10 min_scale mod pi pow power radians random round scale sign sin sind
    sinh sqrt tan tand tanh to_number trim_scale trunc width_bucket
"""
TEXTS = """
    ascii bit_length btrim char_length character_length chr concat concat_ws convert_from convert_to decode encode
    format initcap is_normalized left length like_escape lower lpad ltrim md5 normalize octet_length overlay
    pg_size_pretty position
    quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim
    sha224 sha256 sha384 sha512 similar_escape similar_to_escape split_part starts_with string_to_array
    string_to_table strpos substr substring to_ascii to_bin to_hex to_oct translate unistr upper
"""
TIMES = """
    age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract generate_series isfinite
    justify_days justify_hours justify_interval make_date make_interval make_time make_timestamp make_timestamptz now
    overlaps statement_timestamp timezone to_char to_date to_timestamp transaction_timestamp
"""
DOCUMENTS = """
    array_to_json json_array_elements json_array_elements_text json_array_length json_build_array json_build_object
    json_each json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_strip_nulls
    json_to_record json_to_recordset json_typeof jsonb_array_elements jsonb_array_elements_text jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text
    jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query
    jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
    jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb
"""
ARRAYS_AND_RANGES = """
    array_append array_cat array_dims array_length array_lower array_ndims array_position array_positions
    array_prepend array_remove array_replace array_reverse array_sort array_to_string array_upper cardinality
    generate_subscripts isempty lower_inc lower_inf multirange num_nonnulls num_nulls range_merge trim_array unnest
    upper_inc upper_inf
"""
NETWORKS_AND_IDS = """
    abbrev broadcast family host hostmask inet_merge inet_same_family masklen netmask network set_masklen
    uuid_extract_timestamp uuid_extract_version
"""
#: Functions about their argument's type.
TYPE_NAMES = """
    pg_typeof
"""
RANGE_TYPES = """
    int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange
    tsmultirange tstzmultirange datemultirange
"""

TYPES = frozenset(
    f"""
    bool int2 int4 int8 numeric float4 float8 text varchar bpchar bytea date time timetz timestamp timestamptz
    interval uuid json jsonb jsonpath inet cidr macaddr macaddr8 bit varbit {RANGE_TYPES}
    """.split()
)
#: The allowed functions by purpose. A range type is also the name of its constructor.
GROUPS = {
    "aggregates": AGGREGATES,
    "windows": WINDOWS,
    "numbers": NUMBERS,
    "texts": TEXTS,
    "times": TIMES,
    "JSON": DOCUMENTS,
    "arrays and ranges": f"{ARRAYS_AND_RANGES} {RANGE_TYPES}",
    "networks and ids": NETWORKS_AND_IDS,
    "types": TYPE_NAMES,
}
FUNCTIONS = frozenset(" ".join(GROUPS.values()).split())
SYMBOLS = frozenset(
    """
    + - * / % ^ |/ ||/ @ & | # ~ << >> = <> != < > <= >= || ~~ !~~ ~~* !~~* ~* !~ !~* ^@ -> ->> #> #>> @> <@ ? ?| ?&
    #- @? @@ && <<= >>= -|- &< &>
    """.split()
)
#: The parser uses these words in place of an operator's symbol.
OPERATORS = SYMBOLS | {"BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC", "NOT BETWEEN SYMMETRIC"}
#: Names of collations that servers usually have. The channel allows those of pg_catalog that its own server has.
COLLATIONS = frozenset({"C", "POSIX", "default", "ucs_basic", "unicode", "und-x-icu", "en-x-icu", "ru-x-icu"})
SAMPLING_METHODS = frozenset({"bernoulli", "system"})
TIME_KEYWORDS = frozenset(
    f"SVFOP_{name}"
    for name in (
        "CURRENT_DATE CURRENT_TIME CURRENT_TIME_N CURRENT_TIMESTAMP CURRENT_TIMESTAMP_N "
        "LOCALTIME LOCALTIME_N LOCALTIMESTAMP LOCALTIMESTAMP_N"
    ).split()
)
SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})

#: Names of the columns that functions in FROM return by default.
FUNCTION_COLUMNS = frozenset({"key", "value", "ordinality"})

#: Allowed functions that may not be called by `value.name`, because no report writes them so.
NOT_BY_ATTRIBUTE = frozenset(TYPE_NAMES.split())

#: Names that report columns often have. As functions, called by `value.name`, they only measure or convert shapes.
HARMLESS_ATTRIBUTES = frozenset(
    "area box center circle diameter height line lseg money name npoints path point polygon radius slope width".split()
)

#: Names that `value.name` calls on PostgreSQL 18. The channel adds the names that only its own server has.
CALLABLE_NAMES = frozenset((Path(__file__).with_name("callable_names.txt")).read_text("ascii").split())


class ServerNames(NamedTuple):
    """The names that depend on the server: the functions that it calls for `value.name`, and its collations."""

    callable_names: frozenset[str] = CALLABLE_NAMES
    collations: frozenset[str] = COLLATIONS


USUAL_NAMES = ServerNames()
