// The stats page: backends as people know them from other proxies, as HTML without a script (one row per backend, state
// as a word and as a colour, readable in a terminal browser) and as CSV with HAProxy's columns in HAProxy's order, so
// that its scrapers read it. Pure rendering; what Heddle has no number for stays empty.
#pragma once
#include <functional>
#include <string>

#include "lib/rpc/http_server.h"
#include "proxy/admin/backend_rows.h"

namespace heddle {

struct StatsPage {
  std::string node;
  std::string version;         // of the program
  std::string config_version;  // "3.1042"; "none" before the first
  Duration uptime{};
  std::string state;  // "ready", or what readiness waits for
  std::vector<BackendTable> tables;
};

std::string render_stats_html(const StatsPage&);
std::string render_stats_csv(const StatsPage&);

// GET /stats and GET /stats;csv.
void add_stats_routes(HttpServer&, const std::function<StatsPage()>& page);
}  // namespace heddle
