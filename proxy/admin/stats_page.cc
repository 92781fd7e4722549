#include "proxy/admin/stats_page.h"

#include <array>
#include <cstdio>

#include "lib/base/strings.h"
#include "proxy/admin/html.h"

namespace heddle {
namespace {
constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--line:#d0d4da;--head:#eef1f4;--text:#1d2329;--soft:#5b6670;--back:#fff;
--up:#d9f2dd;--up-text:#0b5d1e;--down:#fbd9d7;--down-text:#8f1410;--none:#eceff2}
@media (prefers-color-scheme:dark){:root{--line:#3a424b;--head:#252b32;--text:#e4e8ec;--soft:#9aa5b0;--back:#171b20;
--up:#123d1d;--up-text:#8fe3a3;--down:#4d1614;--down-text:#ffb3ae;--none:#2a3037}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--text);background:var(--back);margin:1.5rem}
h1{font-size:1.3rem;margin:0 0 .2rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
p{margin:.2rem 0;color:var(--soft)}a{color:inherit}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:right;white-space:nowrap}
th{background:var(--head);font-weight:600}th:first-child,td:first-child,td.text{text-align:left}
td.text{white-space:normal}small{color:var(--soft)}
.up{background:var(--up);color:var(--up-text);font-weight:600}
.down{background:var(--down);color:var(--down-text);font-weight:600}
.none{background:var(--none)}tfoot td{background:var(--head)}
)";

std::string number(uint64_t n) { return std::to_string(n); }

// "1.2 MiB": for eyes only.
std::string bytes_text(uint64_t n) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(n);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

// "12s", "4m3s", "2h5m", "3d4h": two units are enough.
std::string age_text(Duration age) {
  auto seconds = static_cast<uint64_t>(age / 1s);
  if (seconds < 60) return str_cat(number(seconds), "s");
  if (seconds < 3600) return str_cat(number(seconds / 60), "m", number(seconds % 60), "s");
  if (seconds < 86400) return str_cat(number(seconds / 3600), "h", number(seconds / 60 % 60), "m");
  return str_cat(number(seconds / 86400), "d", number(seconds / 3600 % 24), "h");
}

std::string check_text(const BackendCheck& check) {
  constexpr std::string_view kKinds[] = {"HTTP ", "TCP ", "gRPC "};
  std::string out(kKinds[static_cast<size_t>(check.kind)]);
  out += check.reason == Reason::kNone ? "ok" : info(check.reason).name;
  if (check.status != 0) out += str_cat(" (", number(check.status), ")");
  return out + str_cat(" in ", number(static_cast<uint64_t>(check.took / 1ms)), "ms");
}

std::string cell(std::string_view text) { return str_cat("<td>", escape_html(text), "</td>"); }

std::string state_cell(const BackendRow& row) {
  constexpr std::string_view kClasses[] = {"up", "down", "none"};
  std::string age = row.last_change ? str_cat(" <small>", age_text(*row.last_change), "</small>") : "";
  return str_cat("<td class=\"", kClasses[static_cast<size_t>(row.state)], "\">", to_text(row.state), age, "</td>");
}

std::string check_cells(const BackendRow& row) {
  if (!row.last_check) return "<td class=\"text\">-</td><td>-</td>";
  std::string why = row.why.empty() ? "" : str_cat("<br><small>", escape_html(row.why), "</small>");
  return str_cat("<td class=\"text\">", escape_html(check_text(*row.last_check)), why, "</td>",
                 cell(str_cat(age_text(row.last_check->age), " ago")));
}

// "out for 27s: 5 errors in a row (3)": how often in brackets.
std::string outlier_cell(const BackendRow& row) {
  if (!row.outlier || row.outlier->ejections == 0) return cell(row.outlier ? "never" : "-");
  const BackendOutlier& outlier = *row.outlier;
  std::string state = "back";
  if (outlier.state == OutlierState::kProbing) state = "proving itself";
  if (outlier.state == OutlierState::kEjected) state = str_cat("out for ", age_text(outlier.left));
  return str_cat("<td class=\"text\">", state, " (", number(outlier.ejections), ")<br><small>",
                 escape_html(outlier.why), "</small></td>");
}

std::string row_html(const BackendRow& row) {
  std::string identity = row.identity.empty() ? "" : str_cat("<br><small>", escape_html(row.identity), "</small>");
  std::string out = str_cat("<tr><td>", escape_html(row.address), identity, "</td>", state_cell(row));
  out += cell(number(row.weight)) + cell(number(row.sessions)) + cell(number(row.sessions_total));
  out += cell(number(row.requests_active)) + cell(number(row.requests));
  out += cell(bytes_text(row.bytes_in)) + cell(bytes_text(row.bytes_out)) + cell(number(row.errors));
  out += check_cells(row) + cell(number(row.checks_failed)) + cell(number(row.times_down));
  return out + cell(age_text(row.downtime)) + outlier_cell(row) + "</tr>\n";
}

std::string totals_html(const BackendTable& table) {
  BackendTotals t = totals_of(table);
  std::string state = str_cat(t.state(), " ", number(t.usable), "/", number(table.rows.size()));
  std::string out = str_cat("<tr><td>all</td><td class=\"", t.usable > 0 ? "up" : "down", "\">", state, "</td>");
  out += cell(number(t.weight)) + cell(number(t.sum.sessions)) + cell(number(t.sum.sessions_total));
  out += cell(number(t.sum.requests_active)) + cell(number(t.sum.requests));
  out += cell(bytes_text(t.sum.bytes_in)) + cell(bytes_text(t.sum.bytes_out)) + cell(number(t.sum.errors));
  return out + "<td class=\"text\"></td><td></td>" + cell(number(t.sum.checks_failed)) +
         cell(number(t.sum.times_down)) + "<td></td><td></td></tr>\n";
}

// "A found 3s ago, TTL 30s, next in 27s": what people ask of a set that is looked up.
std::string dns_question_text(const DnsQuestionStatus& question) {
  std::string out = str_cat(question.name, " ", question.type, ": ");
  out += question.age ? str_cat(question.result, " ", age_text(*question.age), " ago, TTL ", age_text(question.ttl))
                      : std::string("no answer yet");
  if (question.failures > 0)
    out += str_cat(", failed ", number(question.failures), " times since (", question.why, ")");
  if (question.next) out += str_cat(", next in ", age_text(*question.next));
  return out;
}

std::string dns_html(const DnsSetStatus& dns) {
  std::string out;
  for (const DnsQuestionStatus& question : dns.questions) {
    out += str_cat("<p>DNS ", escape_html(dns_question_text(question)), "</p>\n");
  }
  if (dns.left_out + dns.unusable == 0) return out;
  return out + str_cat("<p>DNS: ", number(dns.unusable), " records are of no use, ", number(dns.left_out),
                       " are beyond the limit</p>\n");
}

// Who says so, where it is not the set; and whose endpoints these are.
std::string sources_html(const BackendTable& table) {
  std::string out;
  if (!table.balanced_by.empty()) out.append(" (").append(escape_html(table.balanced_by)).append(")");
  if (!table.subset_of.empty()) out.append(", subset of ").append(escape_html(table.subset_of));
  return out;
}

std::string table_html(const BackendTable& table) {
  std::string out = str_cat("<h2>", escape_html(table.name), "</h2>\n<p>", escape_html(table.tls), ", balanced by ",
                            escape_html(table.balancer), sources_html(table), "</p>\n",
                            table.dns ? dns_html(*table.dns) : std::string(), "<table>\n<thead><tr>");
  for (std::string_view head :
       {"Backend", "State", "Weight", "Sessions", "Total", "Active", "Requests", "Bytes in", "Bytes out", "Errors",
        "Last check", "Checked", "Failed", "Downs", "Downtime", "Ejected"}) {
    out += str_cat("<th>", head, "</th>");
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const BackendRow& row : table.rows) out += row_html(row);
  return out + str_cat("</tbody>\n<tfoot>", totals_html(table), "</tfoot>\n</table>\n");
}

RpcResponse page_response(std::string content_type, std::string body) {
  RpcResponse response{200, std::move(content_type), std::move(body), {}};
  response.headers = {{"cache-control", "no-store"},
                      {"content-security-policy",
                       "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"},
                      {"referrer-policy", "no-referrer"},
                      {"x-content-type-options", "nosniff"}};
  return response;
}
}  // namespace

std::string render_stats_html(const StatsPage& page) {
  std::string title = str_cat("Heddle: ", escape_html(page.node));
  std::string out = str_cat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"refresh\" content=\"2\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
      title, "</title>\n<style>", kStyle, "</style></head>\n<body>\n<h1>", title, "</h1>\n");
  out += str_cat("<p>", escape_html(page.state), " &middot; up ", age_text(page.uptime), " &middot; config ",
                 escape_html(page.config_version), " &middot; version ", escape_html(page.version),
                 " &middot; <a href=\"/stats;csv\">CSV</a></p>\n");
  for (const BackendTable& table : page.tables) out += table_html(table);
  if (page.tables.empty()) out += "<p>No backend set is configured.</p>\n";
  return out + "</body>\n</html>\n";
}

void add_stats_routes(HttpServer& server, const std::function<StatsPage()>& page) {
  server.route("GET", "/stats", [page](const RpcRequest&, HttpServer::Respond respond) {
    respond(page_response("text/html; charset=utf-8", render_stats_html(page())));
  });
  server.route("GET", "/stats;csv", [page](const RpcRequest&, HttpServer::Respond respond) {
    respond(page_response("text/plain; charset=utf-8", render_stats_csv(page())));
  });
}
}  // namespace heddle
