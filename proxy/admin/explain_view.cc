#include "proxy/admin/explain_view.h"

#include "lib/base/strings.h"
#include "lib/decision/explain_request.h"
#include "proxy/admin/backend_rows.h"

namespace heddle {
namespace {
enum class Asked : uint8_t { kOutbound, kInbound };
constexpr EnumName<Asked> kDirections[] = {{"outbound", Asked::kOutbound}, {"inbound", Asked::kInbound}};

std::string names_of(std::span<const ListenerRow> rows, std::span<const size_t> which) {
  std::vector<std::string> names;
  for (size_t i : which) names.push_back(in_quotes(rows[i].name));
  return join(names, ", ");
}

// Nothing: an address that is none, which only another version could send.
std::optional<EndpointKey> key_of(const ExplainedEndpoint& endpoint) {
  auto address = Address::parse(endpoint.address);
  if (!address) return std::nullopt;
  EndpointKey out{*address, std::nullopt};
  if (endpoint.identity.empty()) return out;
  auto id = SpiffeId::parse(endpoint.identity);
  if (!id) return std::nullopt;
  out.identity = *std::move(id);
  return out;
}

void add_check(const std::optional<CheckStatus>& checked, ExplainedEndpoint& endpoint) {
  bool is_up = endpoint.health == to_text(BackendState::kUp);
  if (!checked && is_up) endpoint.health = to_text(BackendState::kNotChecked);
  if (!checked || checked->is_up || checked->why_down.empty()) return;
  endpoint.why = endpoint.why.empty() ? checked->why_down : str_cat(endpoint.why, ": ", checked->why_down);
}
}  // namespace

Result<LiveWords> read_live_words(std::string_view body) {
  if (body.size() > LiveWords::kMaxBody) return make_error(Reason::kTooLarge, "the question is longer than 128 KiB");
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  LiveWords out;
  out.words = read_explain_words(object);
  out.listener = object.optional_string("listener", {1}).value_or("");
  Asked direction = object.optional_one_of("direction", kDirections).value_or(Asked::kOutbound);
  out.direction = kDirections[static_cast<size_t>(direction)].name;
  object.finish();
  if (!problems.empty()) return explain_refusal(problems);
  return out;
}

Result<size_t> choose_listener(const LiveWords& asked, std::span<const ListenerRow> rows) {
  std::vector<size_t> fit;
  std::vector<size_t> by_host;
  for (size_t i = 0; i < rows.size(); ++i) {
    bool fits = rows[i].direction == asked.direction && (asked.listener.empty() || rows[i].name == asked.listener);
    if (!fits) continue;
    fit.push_back(i);
    if (rows[i].destination.empty()) by_host.push_back(i);
  }
  if (fit.size() == 1) return fit.front();
  if (by_host.size() == 1) return by_host.front();
  if (!fit.empty()) return make_error(Reason::kBadRequest, str_cat("listener: say which: ", names_of(rows, fit)));
  std::string which = asked.listener.empty() ? std::string() : str_cat(" ", in_quotes(asked.listener));
  return make_error(Reason::kBadRequest, str_cat("listener: no ", asked.direction, " one", which, " is here"));
}

void add_checks(const HealthChecker& checker, Explanation& out) {
  for (ExplainedBackends& backends : out.backends) {
    const std::string& name = backends.subset_of.empty() ? backends.name : backends.subset_of;  // whose checks they are
    size_t slash = name.find('/');
    if (slash == std::string::npos) continue;  // the local application
    ResourceKey set{Kind::kBackendSet, name.substr(0, slash), name.substr(slash + 1)};
    for (ExplainedEndpoint& endpoint : backends.endpoints) {
      if (auto key = key_of(endpoint)) add_check(checker.status(set, *key), endpoint);
    }
  }
}
}  // namespace heddle
