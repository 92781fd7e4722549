"""The stats page in its CSV form: HAProxy's columns in HAProxy's order (management guide of HAProxy 2.6, 9.1)."""

import csv
import io

# The first columns, whose positions scrapers rely on.
COLUMNS = (
    "pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq econ eresp wretr wredis status weight "
    "act bck chkfail chkdown lastchg downtime qlimit pid iid sid throttle lbtot tracked type rate rate_lim "
    "rate_max check_status check_code check_duration hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other "
    "hanafail req_rate req_rate_max req_tot cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp lastsess "
    "last_chk last_agt qtime ctime rtime ttime agent_status agent_code agent_duration check_desc agent_desc "
    "check_rise check_fall check_health agent_rise agent_fall agent_health addr"
).split()


def parse(text):
    """(columns, rows): rows as dictionaries. ValueError when it is not that CSV."""
    if not text.startswith("# "):
        raise ValueError(f"the first line must begin with '# ': {text[:60]!r}")
    reader = csv.reader(io.StringIO(text[2:]))
    columns = next(reader)
    if columns and columns[-1] == "":  # every line of HAProxy's ends in a comma
        columns.pop()
    rows = []
    for fields in reader:
        if not fields:
            continue
        if len(fields) < len(columns):
            raise ValueError(f"{len(fields)} fields, expected {len(columns)}: {fields}")
        rows.append(dict(zip(columns, fields)))
    return columns, rows


def check_columns(columns):
    """None when they are HAProxy's; else what is wrong."""
    for position, expected in enumerate(COLUMNS):
        got = columns[position] if position < len(columns) else "(missing)"
        if got != expected:
            return f"column {position} is {got}, expected {expected}"
    return None


def servers(rows):
    """The rows of single backends (type 2)."""
    return [row for row in rows if row["type"] == "2"]
