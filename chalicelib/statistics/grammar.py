"""The part of PostgreSQL's grammar that a query may use, as a table: node kinds, their fields and each field's check.

Names are those of libpg_query. A node or field that is missing here is refused, so a new version of the parser can
only make the guard stricter.
"""

from __future__ import annotations

from typing import Final

#: A value without nodes.
PLAIN: Final = "plain"
#: One node wrapped as `{kind: fields}`, or a list of them.
ONE: Final = "one"
MANY: Final = "many"
#: A value with a check of its own.
CALL: Final = "call"
COLLATION: Final = "collation"
COLUMN: Final = "column"
FUNCTIONS: Final = "functions"
JOINED: Final = "joined"
JSON_COLUMNS: Final = "JSON columns"
JSON_PATH: Final = "JSON path"
KEYWORD: Final = "keyword"
NUMBER: Final = "number"
OPERATION: Final = "operation"
OPERATOR: Final = "operator"
SAMPLING: Final = "sampling"
STEPS: Final = "steps"
SUBQUERY: Final = "subquery"
TABLE: Final = "table"
TYPE_NAME: Final = "type name"
#: A node of this kind without the wrapping.
BEHAVIOR: Final = "JsonBehavior"
CYCLE: Final = "CTECycleClause"
JSON_VALUE: Final = "JsonValueExpr"
PATH: Final = "JsonTablePathSpec"
SEARCH: Final = "CTESearchClause"
TYPE: Final = "TypeName"
WINDOW: Final = "WindowDef"

_LOCATION = {"location": PLAIN}

FIELDS: dict[str, dict[str, str]] = {
    "A_ArrayExpr": {"elements": MANY, "list_start": PLAIN, "list_end": PLAIN, **_LOCATION},
    "A_Const": {
        "ival": PLAIN, "fval": NUMBER, "sval": PLAIN, "bsval": PLAIN, "boolval": PLAIN, "isnull": PLAIN, **_LOCATION,
    },
    "A_Expr": {
        "kind": PLAIN, "name": OPERATION, "lexpr": ONE, "rexpr": ONE, "rexpr_list_start": PLAIN,
        "rexpr_list_end": PLAIN, **_LOCATION,
    },
    "A_Indices": {"is_slice": PLAIN, "lidx": ONE, "uidx": ONE},
    "A_Indirection": {"arg": ONE, "indirection": STEPS},
    "BoolExpr": {"boolop": PLAIN, "args": MANY, **_LOCATION},
    "BooleanTest": {"arg": ONE, "booltesttype": PLAIN, **_LOCATION},
    "CTECycleClause": {
        "cycle_col_list": PLAIN, "cycle_mark_column": PLAIN, "cycle_mark_value": ONE, "cycle_mark_default": ONE,
        "cycle_path_column": PLAIN, **_LOCATION,
    },
    "CTESearchClause": {
        "search_col_list": PLAIN, "search_breadth_first": PLAIN, "search_seq_column": PLAIN, **_LOCATION,
    },
    "CaseExpr": {"arg": ONE, "args": MANY, "defresult": ONE, **_LOCATION},
    "CaseWhen": {"expr": ONE, "result": ONE, **_LOCATION},
    "CoalesceExpr": {"args": MANY, **_LOCATION},
    "CollateClause": {"arg": ONE, "collname": COLLATION, **_LOCATION},
    "ColumnDef": {"colname": PLAIN, "typeName": TYPE, "is_local": PLAIN, **_LOCATION},
    "ColumnRef": {"fields": COLUMN, **_LOCATION},
    "CommonTableExpr": {
        "ctename": PLAIN, "aliascolnames": PLAIN, "ctematerialized": PLAIN, "ctequery": PLAIN, "search_clause": SEARCH,
        "cycle_clause": CYCLE, **_LOCATION,
    },
    "FuncCall": {
        "funcname": CALL, "args": MANY, "agg_order": MANY, "agg_filter": ONE, "over": WINDOW,
        "agg_within_group": PLAIN, "agg_star": PLAIN, "agg_distinct": PLAIN, "func_variadic": PLAIN,
        "funcformat": PLAIN, **_LOCATION,
    },
    "GroupingFunc": {"args": MANY, **_LOCATION},
    "GroupingSet": {"kind": PLAIN, "content": MANY, **_LOCATION},
    "JoinExpr": {
        "jointype": PLAIN, "isNatural": PLAIN, "larg": ONE, "rarg": ONE, "usingClause": PLAIN, "quals": ONE,
        "alias": JOINED, "join_using_alias": JOINED,
    },
    "JsonArgument": {"val": JSON_VALUE, "name": PLAIN},
    "JsonBehavior": {"btype": PLAIN, "expr": ONE, **_LOCATION},
    "JsonTable": {
        "context_item": JSON_VALUE, "pathspec": PATH, "passing": MANY, "columns": JSON_COLUMNS, "on_error": BEHAVIOR,
        "alias": PLAIN, "lateral": PLAIN, **_LOCATION,
    },
    "JsonTableColumn": {
        "coltype": PLAIN, "name": PLAIN, "typeName": TYPE, "pathspec": PATH, "format": PLAIN, "wrapper": PLAIN,
        "quotes": PLAIN, "columns": MANY, "on_empty": BEHAVIOR, "on_error": BEHAVIOR, **_LOCATION,
    },
    "JsonTablePathSpec": {"string": JSON_PATH, "name": PLAIN, "name_location": PLAIN, **_LOCATION},
    "JsonValueExpr": {"raw_expr": ONE, "format": PLAIN},
    "List": {"items": MANY},
    "MinMaxExpr": {"op": PLAIN, "args": MANY, **_LOCATION},
    "NamedArgExpr": {"name": PLAIN, "arg": ONE, "argnumber": PLAIN, **_LOCATION},
    "NullTest": {"arg": ONE, "nulltesttype": PLAIN, **_LOCATION},
    "RangeFunction": {
        "lateral": PLAIN, "ordinality": PLAIN, "is_rowsfrom": PLAIN, "functions": FUNCTIONS, "alias": PLAIN,
        "coldeflist": MANY,
    },
    "RangeSubselect": {"lateral": PLAIN, "subquery": SUBQUERY, "alias": PLAIN},
    "RangeTableSample": {"relation": ONE, "method": SAMPLING, "args": MANY, "repeatable": ONE, **_LOCATION},
    "RangeVar": {
        "schemaname": PLAIN, "relname": TABLE, "inh": PLAIN, "relpersistence": PLAIN, "alias": PLAIN, **_LOCATION,
    },
    "ResTarget": {"name": PLAIN, "val": ONE, **_LOCATION},
    "RowExpr": {"args": MANY, "row_format": PLAIN, **_LOCATION},
    "SQLValueFunction": {"op": KEYWORD, "typmod": PLAIN, **_LOCATION},
    "SelectStmt": {
        "withClause": PLAIN, "larg": PLAIN, "rarg": PLAIN, "fromClause": PLAIN, "distinctClause": MANY,
        "targetList": MANY, "whereClause": ONE, "groupClause": MANY, "groupDistinct": PLAIN, "havingClause": ONE,
        "windowClause": MANY, "valuesLists": MANY, "sortClause": MANY, "limitOffset": ONE, "limitCount": ONE,
        "limitOption": PLAIN, "op": PLAIN, "all": PLAIN,
    },
    "SortBy": {"node": ONE, "sortby_dir": PLAIN, "sortby_nulls": PLAIN, "useOp": OPERATOR, **_LOCATION},
    "SubLink": {"subLinkType": PLAIN, "testexpr": ONE, "operName": OPERATOR, "subselect": ONE, **_LOCATION},
    "TypeCast": {"arg": ONE, "typeName": TYPE, **_LOCATION},
    "TypeName": {"names": TYPE_NAME, "typmods": MANY, "typemod": PLAIN, "arrayBounds": PLAIN, **_LOCATION},
    "WindowDef": {
        "name": PLAIN, "refname": PLAIN, "partitionClause": MANY, "orderClause": MANY, "frameOptions": PLAIN,
        "startOffset": ONE, "endOffset": ONE, **_LOCATION,
    },
}  # fmt: skip

#: Clauses whose refusal has a text of its own.
REFUSED_CLAUSES = {
    ("SelectStmt", "intoClause"): "SELECT INTO",
    ("SelectStmt", "lockingClause"): "FOR UPDATE or FOR SHARE",
    ("RangeVar", "catalogname"): "a table of another database",
}
