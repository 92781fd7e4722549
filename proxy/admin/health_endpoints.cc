#include "proxy/admin/health_endpoints.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
struct CheckedItem {
  std::string name;
  bool ok = true;
  std::string why;  // of a failure
};

struct Question {
  bool verbose = false;
  std::vector<std::string> excluded;
};

Question read_question(const RpcRequest& request) {
  Question question;
  for (std::string_view part : split(request.query, '&')) {
    std::string_view name = part.substr(0, part.find('='));
    if (name == "verbose") question.verbose = true;
    if (name != "exclude" || name.size() == part.size()) continue;
    question.excluded.emplace_back(part.substr(name.size() + 1));
  }
  return question;
}

void append_line(std::string& body, const CheckedItem& item, const Question& question) {
  bool excluded = std::find(question.excluded.begin(), question.excluded.end(), item.name) != question.excluded.end();
  if (excluded) {
    body += str_cat("[+]", item.name, " excluded: ok\n");
  } else if (item.ok) {
    body += str_cat("[+]", item.name, " ok\n");
  } else {
    body += str_cat("[-]", item.name, " failed", item.why.empty() ? "" : ": ", item.why, "\n");
  }
}

bool fails(const CheckedItem& item, const Question& question) {
  return !item.ok &&
         std::find(question.excluded.begin(), question.excluded.end(), item.name) == question.excluded.end();
}

// "ok" alone when all is well; the whole list when it is not, or when it was asked for.
RpcResponse answer(std::string_view check, const std::vector<CheckedItem>& items, const RpcRequest& request) {
  Question question = read_question(request);
  bool failed = std::any_of(items.begin(), items.end(), [&](const CheckedItem& item) { return fails(item, question); });
  if (!failed && !question.verbose) return RpcResponse::text(200, "ok\n");
  std::string body;
  for (const CheckedItem& item : items) append_line(body, item, question);
  for (const std::string& name : question.excluded) {
    bool known = std::any_of(items.begin(), items.end(), [&](const CheckedItem& item) { return item.name == name; });
    if (!known) body += str_cat("warning: nothing to exclude is called ", in_quotes(name), "\n");
  }
  body += str_cat(check, failed ? " check failed\n" : " check passed\n");
  return RpcResponse::text(failed ? 503 : 200, std::move(body));
}

RpcResponse uncached(RpcResponse response) {
  response.headers.emplace_back("cache-control", "no-store");
  response.headers.emplace_back("x-content-type-options", "nosniff");
  return response;
}
}  // namespace

RpcResponse answer_livez(const HealthProviders& providers, const RpcRequest& request) {
  std::vector<CheckedItem> items;
  MonoTime now = providers.clock.now();
  for (const LoopWatchdog::Beat& beat : providers.loops()) {
    Duration silent = now - beat.last;
    bool ok = silent < kStuckAfter;
    items.push_back({beat.name, ok, ok ? "" : str_cat("no turn for ", format_duration(silent / 1s * 1s))});
  }
  return uncached(answer("livez", items, request));
}

RpcResponse answer_readyz(const HealthProviders& providers, const RpcRequest& request) {
  std::vector<std::string> pending = providers.readiness.pending();
  std::vector<std::string> names = providers.readiness_items;
  for (const std::string& name : pending) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::vector<CheckedItem> items;
  for (const std::string& name : names) {
    bool ok = std::find(pending.begin(), pending.end(), name) == pending.end();
    items.push_back({name, ok, ok || !providers.explain ? "" : providers.explain(name)});
  }
  return uncached(answer("readyz", items, request));
}

RpcResponse answer_metrics(const HealthProviders& providers) {
  return uncached({200, "text/plain; version=0.0.4; charset=utf-8", providers.metrics.render(), {}});
}

void add_health_routes(HttpServer& server, const HealthProviders& providers) {
  server.route("GET", "/livez", [&providers](const RpcRequest& request, HttpServer::Respond respond) {
    respond(answer_livez(providers, request));
  });
  for (std::string_view path : {"/readyz", "/healthz"}) {
    server.route("GET", path, [&providers](const RpcRequest& request, HttpServer::Respond respond) {
      respond(answer_readyz(providers, request));
    });
  }
  server.route("GET", "/metrics",
               [&providers](const RpcRequest&, HttpServer::Respond respond) { respond(answer_metrics(providers)); });
}
}  // namespace heddle
