#include <algorithm>
#include <map>

#include "cli/check_parts.h"

namespace heddle {
namespace {
constexpr std::string_view kSidecars = "sidecars";
constexpr std::string_view kBackends = "backends";

std::string nack_text(const JsonValue& sidecar) {
  std::optional<JsonValue> errors = sidecar.find({"nack", "errors"});
  std::string out = str_cat("refuses version ", scalar_at(sidecar, {"nack", "version"}));
  if (!errors || errors->size() == 0) return out;
  for (std::string_view field : {"resource", "path", "message"}) {
    std::string text = text_at(errors->at(0), {field});
    if (!text.empty()) out.append(": ").append(text);
  }
  if (errors->size() > 1) out.append(str_cat(" (and ", std::to_string(errors->size() - 1), " more)"));
  return out;
}

bool is_connected(const JsonValue& sidecar) { return scalar_at(sidecar, {"connected"}) == "true"; }

// Nothing when it is well. `behind` alone is a moment's state: only for how long it lasts counts.
std::optional<Finding> state_finding(const JsonValue& sidecar, WallTime now) {
  Finding out{std::string(kSidecars), Verdict::kFail, "", ""};
  std::optional<JsonValue> nack = sidecar.find("nack");
  if (text_at(sidecar, {"state"}) == "expired") {
    out.text = "has a certificate that ended";
    out.hint = str_cat("if it still runs: heddle token create --id ", text_at(sidecar, {"identity"}));
    return out;
  }
  if (nack && nack->is_object()) {
    out.text = nack_text(sidecar);
    out.hint = "mend or take back the resource; the sidecar runs what it had";
    return out;
  }
  if (!is_connected(sidecar)) {
    out.verdict = Verdict::kWarn;
    std::string age = age_at(sidecar, {"lastSeen"}, now);
    out.text = str_cat("is not connected", age.empty() ? "" : str_cat(", last seen ", age, " ago"));
    out.hint = "if it should run: see its log, and whether it reaches the control plane";
    return out;
  }
  std::optional<JsonValue> seconds = sidecar.find("lag_seconds");
  double lag = seconds ? seconds->as_number().value_or(0) : 0;
  if (count_at(sidecar, {"lag_versions"}) == 0 || lag <= std::chrono::duration<double>(kBehindWarn).count()) return {};
  out.verdict = lag > std::chrono::duration<double>(kBehindFail).count() ? Verdict::kFail : Verdict::kWarn;
  out.text = str_cat("is behind by ", scalar_at(sidecar, {"lag_versions"}), " versions");
  out.hint = "it is slow or stuck: see its log and load";
  return out;
}

std::optional<Finding> svid_finding(const JsonValue& sidecar, WallTime now) {
  std::optional<WallTime> end = time_at(sidecar, {"svidNotAfter"});
  if (!is_connected(sidecar) || !end || *end - now > kSvidWarn) return {};
  bool is_over = *end <= now;
  return Finding{std::string(kSidecars), is_over ? Verdict::kFail : Verdict::kWarn,
                 is_over ? std::string("shows a certificate that ended")
                         : str_cat("has a certificate that ends in ", format_age(*end - now)),
                 "it renews by itself at half of the lifetime: see its log for why it did not"};
}

// The sidecar's clock against the control plane's, as of its last report.
std::optional<Finding> clock_finding(const JsonValue& sidecar) {
  std::optional<JsonValue> said = sidecar.find("clockAheadMs");
  std::optional<int64_t> ms = said ? said->as_integer() : std::nullopt;
  if (!is_connected(sidecar) || !ms) return {};
  Duration ahead = std::chrono::milliseconds(*ms);
  Duration size = ahead < Duration(0) ? -ahead : ahead;
  if (size <= kClockWarn) return {};
  return Finding{
      std::string(kSidecars), size > kClockFail ? Verdict::kFail : Verdict::kWarn,
      str_cat("has a clock ", rounded(size), ahead < Duration(0) ? " behind" : " ahead of", " the control plane's"),
      "set both by NTP: certificates are judged by the clock of whoever is shown them"};
}

// Counts those of one hint beyond the first ones.
class Counted {
 public:
  void add(const std::string& node, Finding finding, Findings& out) {
    if (++seen_[finding.hint] > kMaxFindingsOfAKind) return;
    finding.text = str_cat(node, " ", finding.text);
    out.push_back(std::move(finding));
  }
  void finish(Findings& out) const {
    for (const auto& [hint, count] : seen_) {
      if (count <= kMaxFindingsOfAKind) continue;
      heddle::add(out, kSidecars, Verdict::kWarn,
                  str_cat("and ", std::to_string(count - kMaxFindingsOfAKind), " more like these"), hint);
    }
  }

 private:
  std::map<std::string, size_t> seen_;
};

}  // namespace

void check_sidecars(const CheckFacts& facts, Findings& out) {
  if (!facts.status.document) return;
  Findings found;
  Counted counted;
  size_t all = each_of(*facts.status.document, {"sidecars"}, [&](const JsonValue& sidecar) {
    std::string node = text_at(sidecar, {"node"});
    std::optional<Finding> state = state_finding(sidecar, facts.answered);
    std::optional<Finding> svid = svid_finding(sidecar, facts.answered);
    if (state) counted.add(node, *std::move(state), found);
    if (svid) counted.add(node, *std::move(svid), found);
    if (std::optional<Finding> clock = clock_finding(sidecar)) counted.add(node, *std::move(clock), found);
  });
  counted.finish(found);
  if (found.empty())
    add(found, kSidecars, Verdict::kOk, str_cat(std::to_string(all), " known, none of them away, behind or refusing"));
  out.insert(out.end(), found.begin(), found.end());
}

namespace {
// One backend set, as those sidecars see it that find endpoints of it down.
struct BackendSight {
  size_t sidecars = 0;
  size_t without = 0;  // find no endpoint up
  std::string first;   // of them, or of all
  uint64_t up = 0;     // as it sees them
  uint64_t down = 0;
};

void see(const JsonValue& sidecar, const JsonValue& trouble, BackendSight& sight) {
  auto up = static_cast<uint64_t>(count_at(trouble, {"up"}));
  bool is_without = up == 0;
  ++sight.sidecars;
  if (is_without) ++sight.without;
  if (sight.sidecars != 1 && !(is_without && sight.without == 1)) return;
  sight.first = text_at(sidecar, {"node"});
  sight.up = up;
  sight.down = static_cast<uint64_t>(count_at(trouble, {"down"}));
}

Finding backend_finding(const std::string& set, const BackendSight& sight) {
  bool is_dead = sight.without != 0;
  size_t who = is_dead ? sight.without : sight.sidecars;
  std::string others = who == 1 ? "" : str_cat(" and ", std::to_string(who - 1), " more");
  size_t slash = std::min(set.find('/'), set.size() - 1);
  std::string ns = set.substr(0, slash);
  std::string name = set.substr(slash + 1);
  return {
      std::string(kBackends), is_dead ? Verdict::kFail : Verdict::kWarn,
      str_cat(set, ": ", std::to_string(sight.down), " of ", std::to_string(sight.up + sight.down),
              " endpoints are down for ", sight.first, others),
      str_cat("why each is down: GET /backends of that sidecar's admin address; what is in it: heddle get backendset ",
              name, " -n ", ns)};
}

}  // namespace

void check_backends(const CheckFacts& facts, Findings& out) {
  std::map<std::string, BackendSight> sets;
  each_of(*facts.status.document, {"sidecars"}, [&](const JsonValue& sidecar) {
    if (!is_connected(sidecar)) return;
    each_of(sidecar, {"backendsDown"},
            [&](const JsonValue& trouble) { see(sidecar, trouble, sets[text_at(trouble, {"backendSet"})]); });
  });
  Findings found;
  for (const auto& [set, sight] : sets) {
    if (found.size() < kMaxFindingsOfAKind) found.push_back(backend_finding(set, sight));
  }
  if (sets.size() > found.size()) {
    add(found, kBackends, Verdict::kWarn, str_cat("and ", std::to_string(sets.size() - found.size()), " more sets"));
  }
  if (found.empty()) add(found, kBackends, Verdict::kOk, "no sidecar finds an endpoint down");
  out.insert(out.end(), found.begin(), found.end());
}
}  // namespace heddle
