// The CSV half of the stats page: HAProxy's columns (management guide, section 9.1), fixed positions.
#include <array>

#include "lib/base/strings.h"
#include "proxy/admin/stats_page.h"

namespace heddle {
namespace {
constexpr std::string_view kHeader =
    "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,"
    "bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,"
    "check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,"
    "req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,"
    "rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,"
    "agent_rise,agent_fall,agent_health,addr\n";

// Positions in the header.
enum class Column : size_t {
  kPxname = 0,
  kSvname = 1,
  kScur = 4,
  kStot = 7,
  kBin = 8,
  kBout = 9,
  kEcon = 13,
  kEresp = 14,
  kStatus = 17,
  kWeight = 18,
  kAct = 19,
  kBck = 20,
  kChkfail = 21,
  kChkdown = 22,
  kLastchg = 23,
  kDowntime = 24,
  kPid = 26,
  kIid = 27,
  kSid = 28,
  kLbtot = 30,
  kType = 32,
  kCheckStatus = 36,
  kCheckCode = 37,
  kCheckDuration = 38,
  kReqTot = 48,
  kLastChk = 56,
  kCheckDesc = 65,
  kAddr = 73,
  kCount = 74
};

enum class RowType : uint8_t { kFrontend = 0, kBackend = 1, kServer = 2 };

class CsvRow {
 public:
  CsvRow& text(Column column, std::string_view value) {
    bool plain = value.find_first_of(",\"\r\n") == std::string_view::npos;
    std::string& cell = cells_[static_cast<size_t>(column)];
    if (plain) {
      cell = value;
      return *this;
    }
    cell = "\"";
    for (char c : value) cell += c == '"' ? "\"\"" : std::string(1, c);
    cell += '"';
    return *this;
  }
  CsvRow& number(Column column, uint64_t value) {
    cells_[static_cast<size_t>(column)] = std::to_string(value);
    return *this;
  }
  CsvRow& seconds(Column column, Duration value) { return number(column, static_cast<uint64_t>(value / 1s)); }
  void append_to(std::string& out) const {
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (i != 0) out += ',';
      out += cells_[i];
    }
    out += '\n';
  }

 private:
  std::array<std::string, static_cast<size_t>(Column::kCount)> cells_;
};

std::string_view tcp_status(Reason reason) {
  if (reason == Reason::kNone) return "L4OK";
  if (reason == Reason::kTimeout || reason == Reason::kUpstreamConnectTimeout) return "L4TOUT";
  if (reason == Reason::kIo) return "SOCKERR";
  return "L4CON";
}

// HAProxy's words for how a check ended.
std::string_view check_status(const BackendCheck& check) {
  switch (check.reason) {
    case Reason::kUpstreamConnectRefused:
    case Reason::kUpstreamConnectFailed:
      return "L4CON";
    case Reason::kUpstreamConnectTimeout:
      return "L4TOUT";
    case Reason::kUpstreamTlsFailed:
    case Reason::kUpstreamIdentityUnexpected:
      return "L6RSP";
    default:
      break;
  }
  if (check.kind == CheckKind::kTcp) return tcp_status(check.reason);
  if (check.reason == Reason::kNone) return "L7OK";
  if (check.reason == Reason::kTimeout) return "L7TOUT";
  return check.status != 0 ? "L7STS" : "L7RSP";
}

void put_counts(CsvRow& csv, const BackendRow& row) {
  csv.number(Column::kScur, row.sessions).number(Column::kStot, row.sessions_total);
  csv.number(Column::kBin, row.bytes_in).number(Column::kBout, row.bytes_out);
  csv.number(Column::kEcon, row.connect_errors).number(Column::kEresp, row.errors - row.connect_errors);
  csv.number(Column::kLbtot, row.requests).number(Column::kReqTot, row.requests);
  csv.number(Column::kChkdown, row.times_down);
}

void put_check(CsvRow& csv, const BackendRow& row) {
  csv.text(Column::kCheckDesc, row.why);
  if (!row.last_check) return;
  const BackendCheck& check = *row.last_check;
  csv.text(Column::kCheckStatus, check_status(check));
  if (check.status != 0) csv.number(Column::kCheckCode, check.status);
  csv.number(Column::kCheckDuration, static_cast<uint64_t>(check.took / 1ms));
  csv.text(Column::kLastChk, check.reason == Reason::kNone ? "ok" : info(check.reason).name);
  csv.number(Column::kChkfail, row.checks_failed);
}

CsvRow start_row(const BackendTable& table, std::string_view name, RowType type, size_t table_number) {
  CsvRow csv;
  csv.text(Column::kPxname, table.name).text(Column::kSvname, name);
  csv.number(Column::kPid, 1).number(Column::kIid, table_number).number(Column::kType, static_cast<uint64_t>(type));
  return csv;
}

void append_server(std::string& out, const BackendTable& table, size_t index, size_t table_number) {
  const BackendRow& row = table.rows[index];
  CsvRow csv = start_row(table, row.address, RowType::kServer, table_number);
  put_counts(csv, row);
  put_check(csv, row);
  csv.text(Column::kStatus, to_text(row.state)).number(Column::kWeight, row.weight).number(Column::kSid, index + 1);
  csv.number(Column::kAct, 1).number(Column::kBck, 0).seconds(Column::kDowntime, row.downtime);
  if (row.last_change) csv.seconds(Column::kLastchg, *row.last_change);
  csv.text(Column::kAddr, row.address).append_to(out);
}

void append_table(std::string& out, const BackendTable& table, size_t table_number) {
  BackendTotals totals = totals_of(table);
  CsvRow front = start_row(table, "FRONTEND", RowType::kFrontend, table_number);
  front.number(Column::kBin, totals.sum.bytes_in).number(Column::kBout, totals.sum.bytes_out).number(Column::kSid, 0);
  front.text(Column::kStatus, "OPEN").number(Column::kReqTot, totals.sum.requests).append_to(out);
  for (size_t i = 0; i < table.rows.size(); ++i) append_server(out, table, i, table_number);
  CsvRow back = start_row(table, "BACKEND", RowType::kBackend, table_number);
  put_counts(back, totals.sum);
  back.text(Column::kStatus, totals.state()).number(Column::kWeight, totals.weight).number(Column::kSid, 0);
  back.number(Column::kChkfail, totals.sum.checks_failed);
  back.number(Column::kAct, totals.usable).number(Column::kBck, 0).append_to(out);
}
}  // namespace

std::string render_stats_csv(const StatsPage& page) {
  std::string out(kHeader);
  for (size_t i = 0; i < page.tables.size(); ++i) append_table(out, page.tables[i], i + 1);
  return out;
}
}  // namespace heddle
