#include "cli/check_rules.h"

#include <algorithm>
#include <map>

#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
using Findings = std::vector<Finding>;

constexpr std::string_view kControl = "control plane";
constexpr std::string_view kClock = "clock";
constexpr std::string_view kRoots = "roots";
constexpr std::string_view kSidecars = "sidecars";
constexpr std::string_view kFederation = "federation";
// Of what concerns the whole mesh.
constexpr char kWholeMesh[] =
    "to read it needs a role in all namespaces, as `--role viewer -A`; `heddle access whoami` shows which there are";

void add(Findings& out, std::string_view check, Verdict verdict, std::string text, std::string hint = {}) {
  out.push_back({std::string(check), verdict, std::move(text), std::move(hint)});
}

template <class Each>
size_t each_of(const JsonValue& document, JsonValue::Path path, Each each) {
  std::optional<JsonValue> list = document.find(path);
  size_t count = list && list->is_array() ? list->size() : 0;
  for (size_t i = 0; i < count; ++i) each(list->at(i));
  return count;
}

int64_t count_at(const JsonValue& document, JsonValue::Path path) {
  std::optional<JsonValue> value = document.find(path);
  return value ? value->as_integer().value_or(0) : 0;
}

std::optional<WallTime> time_at(const JsonValue& document, JsonValue::Path path) {
  Result<WallTime> time = parse_time(text_at(document, path));
  return time ? std::optional(*time) : std::nullopt;
}

// Whole milliseconds: what is finer is noise.
std::string rounded(Duration time) {
  return format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(time));
}

void check_control(const CheckFacts& facts, Findings& out) {
  if (!facts.status.document) {
    add(out, kControl, Verdict::kFail, facts.status.problem,
        "is heddle-control running, and does the context file (`heddle context list`) name its address and root?");
    return;
  }
  bool is_slow = facts.took > kSlowAnswer;
  std::string text =
      str_cat("version ", scalar_at(*facts.status.document, {"version"}), ", answered in ", rounded(facts.took));
  add(out, kControl, is_slow ? Verdict::kWarn : Verdict::kOk, std::move(text),
      is_slow ? "look at its load, and at the disk of its store" : "");
}

// The answer was written at some moment between the two; only what that does not explain is the clocks'.
void check_clock(const CheckFacts& facts, Findings& out) {
  std::optional<WallTime> there = facts.status.document ? time_at(*facts.status.document, {"time"}) : std::nullopt;
  if (!there) return;
  Duration off{};
  if (*there < facts.asked) off = *there - facts.asked;
  if (*there > facts.answered) off = *there - facts.answered;
  Duration size = off < Duration(0) ? -off : off;
  if (size <= kClockWarn) return add(out, kClock, Verdict::kOk, "this machine's and the control plane's agree");
  std::string_view direction = off < Duration(0) ? " behind" : " ahead of";
  add(out, kClock, size > kClockFail ? Verdict::kFail : Verdict::kWarn,
      str_cat("the control plane's is ", rounded(size), direction, " this machine's"),
      "set both by NTP: certificates and join tokens go by the clock");
}

void check_certificate(const JsonValue& certificate, std::string_view what, WallTime now, Findings& out) {
  std::optional<WallTime> end = time_at(certificate, {"notAfter"});
  if (!end) return;
  std::string name = str_cat(what, " ", text_at(certificate, {"fingerprint"}).substr(0, 12));
  std::string hint = "replace it: `heddle ca rotate`, or the files of the authority if it is given by files";
  if (*end <= now)
    return add(out, kRoots, Verdict::kFail, str_cat(name, " ended ", format_age(now - *end), " ago"), hint);
  std::optional<WallTime> begin = time_at(certificate, {"notBefore"});
  Duration left = *end - now;
  bool is_late = begin && left < kRootWarn && left < (*end - *begin) / 100 * kRootWarnPercent;
  if (is_late) add(out, kRoots, Verdict::kWarn, str_cat(name, " ends in ", format_age(*end - now)), hint);
}

void check_ca(const CheckFacts& facts, Findings& out) {
  if (!facts.ca.document) {
    return add(out, kRoots, Verdict::kWarn, str_cat("cannot be seen: ", facts.ca.problem), kWholeMesh);
  }
  const JsonValue& ca = *facts.ca.document;
  Findings found;
  size_t roots =
      each_of(ca, {"roots"}, [&](const JsonValue& c) { check_certificate(c, "root", facts.answered, found); });
  each_of(ca, {"chain"}, [&](const JsonValue& c) { check_certificate(c, "intermediate", facts.answered, found); });
  std::string problem = text_at(ca, {"automatic", "problem"});
  if (!problem.empty()) {
    bool is_error = text_at(ca, {"automatic", "alarm"}) == "error";
    add(found, kRoots, is_error ? Verdict::kFail : Verdict::kWarn, problem, "see `heddle ca status`");
  }
  size_t late = each_of(ca, {"waitsFor"}, [](const JsonValue&) {});
  if (late != 0 && text_at(ca, {"phase"}) != "steady") {
    add(found, kRoots, Verdict::kWarn, str_cat("the rotation waits for ", std::to_string(late), " of the sidecars"),
        "see who: `heddle ca status`");
  }
  if (found.empty())
    add(found, kRoots, Verdict::kOk,
        str_cat(std::to_string(roots), roots == 1 ? " root" : " roots", ", none ends soon"));
  out.insert(out.end(), found.begin(), found.end());
}

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
  });
  counted.finish(found);
  if (found.empty())
    add(found, kSidecars, Verdict::kOk, str_cat(std::to_string(all), " known, none of them away, behind or refusing"));
  out.insert(out.end(), found.begin(), found.end());
}

void check_domain(const JsonValue& domain, Findings& out) {
  std::string problem = text_at(domain, {"problem"});
  bool has_none = text_at(domain, {"source"}) == "none";
  if (problem.empty() && !has_none) return;
  std::string name = text_at(domain, {"trustDomain"});
  add(out, kFederation, has_none ? Verdict::kFail : Verdict::kWarn,
      str_cat(name, ": ", problem.empty() ? "has no bundle yet: nobody of it is believed" : problem),
      has_none ? "see whether its endpoint answers: `heddle federation status`"
               : "the last good bundle stays in force; see whether its endpoint answers");
}

void check_federation(const CheckFacts& facts, Findings& out) {
  if (!facts.federation.document) {
    return add(out, kFederation, Verdict::kWarn, str_cat("cannot be seen: ", facts.federation.problem), kWholeMesh);
  }
  const JsonValue& federation = *facts.federation.document;
  Findings found;
  size_t domains = each_of(federation, {"domains"}, [&](const JsonValue& d) { check_domain(d, found); });
  int64_t late = count_at(federation, {"sidecars", "connected"}) - count_at(federation, {"sidecars", "newest"});
  if (domains != 0 && late > 0) {
    add(found, kFederation, Verdict::kWarn, str_cat(std::to_string(late), " of the sidecars use older bundles"),
        "they get the newest when they connect; see `heddle status`");
  }
  if (found.empty()) add(found, kFederation, Verdict::kOk, str_cat(std::to_string(domains), " other trust domains"));
  out.insert(out.end(), found.begin(), found.end());
}

Tone tone_of(Verdict verdict) {
  if (verdict == Verdict::kOk) return Tone::kGood;
  return verdict == Verdict::kWarn ? Tone::kWarn : Tone::kBad;
}

size_t count_of(const Findings& findings, Verdict verdict) {
  return static_cast<size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.verdict == verdict; }));
}
}  // namespace

Findings check_findings(const CheckFacts& facts) {
  Findings out;
  check_control(facts, out);
  if (!facts.status.document) return out;  // the others would say the same again
  check_clock(facts, out);
  check_ca(facts, out);
  check_sidecars(facts, out);
  check_federation(facts, out);
  return out;
}

Verdict worst_of(const Findings& findings) noexcept {
  Verdict out = Verdict::kOk;
  for (const Finding& finding : findings) out = std::max(out, finding.verdict);
  return out;
}

std::string_view to_text(Verdict verdict) noexcept {
  constexpr std::string_view kNames[] = {"OK", "WARN", "FAIL"};
  return kNames[static_cast<size_t>(verdict)];
}

std::string findings_text(const Findings& findings, UseColor color) {
  Table table({"CHECK", "RESULT", "FINDING"});
  std::string hints;
  for (const Finding& finding : findings) {
    table.add({finding.check, {to_text(finding.verdict), tone_of(finding.verdict)}, finding.text});
    if (finding.hint.empty()) continue;
    hints.append(str_cat(printable(finding.text), "\n  ", printable(finding.hint), "\n"));
  }
  if (!hints.empty()) hints.insert(0, "\n");
  return str_cat(table.text(color), hints, "\n", std::to_string(count_of(findings, Verdict::kFail)), " failed, ",
                 std::to_string(count_of(findings, Verdict::kWarn)), " to look at, ",
                 std::to_string(count_of(findings, Verdict::kOk)), " well\n");
}

JsonValue findings_json(const Findings& findings) {
  std::vector<JsonValue> checks;
  for (const Finding& finding : findings) {
    checks.push_back(JsonValue::object()
                         .with({"check"}, JsonValue::string(finding.check))
                         .with({"result"}, JsonValue::string(to_lower(to_text(finding.verdict))))
                         .with({"finding"}, JsonValue::string(finding.text))
                         .with({"hint"}, JsonValue::string(finding.hint)));
  }
  bool is_well = worst_of(findings) != Verdict::kFail;
  return JsonValue::object().with({"success"}, JsonValue::boolean(is_well)).with({"checks"}, JsonValue::array(checks));
}
}  // namespace heddle
