#include "cli/explanation_text.h"

#include <algorithm>
#include <cmath>

#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::vector<JsonValue> list_at(const JsonValue& value, std::string_view field) {
  std::vector<JsonValue> out;
  std::optional<JsonValue> items = value.find(field);
  for (size_t i = 0; items && i < items->size(); ++i) out.push_back(items->at(i));
  return out;
}

std::string shown(const JsonValue& value, JsonValue::Path path) { return printable(scalar_at(value, path)); }

std::string question(const JsonValue& explanation) {
  std::string from = shown(explanation, {"request", "from"});
  std::string version = shown(explanation, {"version"});
  std::string method = shown(explanation, {"request", "method"});
  std::string sni = shown(explanation, {"request", "sni"});
  std::string sidecar = shown(explanation, {"sidecar", "node"});
  return str_cat(method, method.empty() ? "" : " ", shown(explanation, {"request", "url"}),
                 sni.empty() ? "" : " with SNI ", sni, " from namespace ", shown(explanation, {"request", "namespace"}),
                 from.empty() ? "" : " (", from, from.empty() ? "" : ")", sidecar.empty() ? "" : ", at sidecar ",
                 sidecar, version.empty() ? "" : ", version ", version, "\n");
}

std::string steps(const JsonValue& explanation) {
  std::string out;
  for (const JsonValue& step : list_at(explanation, "steps")) {
    out.append(str_cat("  ", shown(step, {"what"}), ": ", shown(step, {"result"}), "\n"));
  }
  return out;
}

// "75%", "33.3%"
std::string share_of(const JsonValue& backends) {
  std::optional<JsonValue> value = backends.find("percent");
  std::optional<double> percent = value ? value->as_number() : std::nullopt;
  if (!percent || !(*percent >= 0 && *percent <= 100)) return {};
  auto tenths = static_cast<int64_t>(std::lround(*percent * 10));
  std::string whole = std::to_string(tenths / 10);
  return tenths % 10 == 0 ? whole + "%" : str_cat(whole, ".", std::to_string(tenths % 10), "%");
}

// "yes", "yes: this one", "no: weight 0"; "" of a control plane that does not say.
Cell eligibility(const JsonValue& endpoint) {
  std::optional<JsonValue> eligible = endpoint.find("eligible");
  std::optional<bool> value = eligible ? eligible->as_bool() : std::nullopt;
  if (!value) return {""};
  std::string why = text_at(endpoint, {"why"});
  if (why.empty() && scalar_at(endpoint, {"chosen"}) == "true") why = "this one";
  return {str_cat(*value ? "yes" : "no", why.empty() ? "" : ": ", why), *value ? Tone::kPlain : Tone::kBad};
}

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

void add_rows(const JsonValue& backends, Table& table) {
  std::string name = text_at(backends, {"backendSet"});
  std::string share = str_cat(share_of(backends), scalar_at(backends, {"drawn"}) == "true" ? ", drawn" : "");
  std::vector<JsonValue> endpoints = list_at(backends, "endpoints");
  auto remark = [&](const std::string& text, Tone tone) {
    table.add({name, share, {text, tone}, "-", "-", "-", "-", "-", "-", "-"});
  };
  std::string reason = text_at(backends, {"reason"});
  std::string dns = text_at(backends, {"dns", "name"});
  if (!dns.empty() && endpoints.empty()) {
    table.add({name, share, str_cat(dns, ": ", text_at(backends, {"dns", "note"})),
               or_dash(text_at(backends, {"dns", "identity"})), "-", "-", "-", "-", "-", "-"});
    return;
  }
  if (!reason.empty() || endpoints.empty()) remark(reason, Tone::kBad);
  for (const JsonValue& endpoint : endpoints) {
    table.add({name, share, text_at(endpoint, {"address"}), text_at(endpoint, {"identity"}),
               scalar_at(endpoint, {"weight"}), or_dash(text_at(endpoint, {"zone"})), scalar_at(endpoint, {"priority"}),
               eligibility(endpoint), text_at(endpoint, {"health"}), or_dash(scalar_at(endpoint, {"inFlight"}))});
  }
  std::optional<JsonValue> count = backends.find("endpointCount");
  int64_t hidden = (count ? count->as_integer().value_or(0) : 0) - static_cast<int64_t>(endpoints.size());
  if (hidden > 0) remark(str_cat("and ", std::to_string(hidden), " more"), Tone::kPlain);
}

std::string backends_table(const JsonValue& explanation, UseColor color) {
  std::vector<JsonValue> all = list_at(explanation, "backends");
  if (all.empty()) return {};
  Table table(
      {"BACKENDSET", "SHARE", "ENDPOINT", "IDENTITY", "WEIGHT", "ZONE", "PRIORITY", "ELIGIBLE", "HEALTH", "IN-FLIGHT"});
  for (const JsonValue& backends : all) add_rows(backends, table);
  return str_cat("\n", table.text(color));
}

// What a filter of the route says is what was asked for.
std::string_view unrouted(std::string_view reason) {
  constexpr std::string_view kAnswers[] = {"route-redirect", "direct-response", "cors-preflight", "fault-abort"};
  return std::find(std::begin(kAnswers), std::end(kAnswers), reason) == std::end(kAnswers) ? "refused" : "answered";
}

std::string filters_of(const JsonValue& at, std::string_view where) {
  std::string out;
  for (const JsonValue& filter : list_at(at, "filters")) {
    out.append(str_cat("  filter", where, ": ", shown(filter, {"kind"}), ": ", shown(filter, {"effect"}), "\n"));
  }
  return out;
}

std::string filters(const JsonValue& explanation) {
  std::string out = filters_of(explanation, "");
  for (const JsonValue& backends : list_at(explanation, "backends")) {
    out.append(filters_of(backends, str_cat(" of ", shown(backends, {"backendSet"}))));
  }
  return out;
}

std::string verdict(const JsonValue& explanation) {
  if (!would_be_routed(explanation)) {
    std::string status = shown(explanation, {"status"});  // a connection has none
    return str_cat(unrouted(shown(explanation, {"reason"})), ": ", status, status.empty() ? "" : " ",
                   shown(explanation, {"reason"}), " (", shown(explanation, {"hint"}), ")\n");
  }
  std::string route = shown(explanation, {"route"});
  std::string kind = shown(explanation, {"routeKind"});
  std::string by = route.empty() ? std::string("without a route")
                                 : str_cat("by ", kind.empty() ? "HTTPRoute" : kind, " ", route, " rule ",
                                           shown(explanation, {"rule"}));
  std::string path = shown(explanation, {"forward", "path"});
  std::string as =
      path.empty() ? std::string() : str_cat(", as http://", shown(explanation, {"forward", "host"}), path);
  return str_cat("routed ", by, as, "\n");
}
}  // namespace

bool would_be_routed(const JsonValue& explanation) {
  std::optional<JsonValue> routed = explanation.find("routed");
  return routed && routed->as_bool().value_or(false);
}

std::string explanation_text(const JsonValue& explanation, UseColor color) {
  return str_cat(question(explanation), steps(explanation), filters(explanation), backends_table(explanation, color),
                 "\n", verdict(explanation));
}
}  // namespace heddle
