#include "cli/check_rules.h"

#include <algorithm>

#include "cli/ca_text.h"
#include "cli/check_parts.h"
#include "cli/replica_text.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kControl = "control plane";
constexpr std::string_view kClock = "clock";
constexpr std::string_view kRoots = "roots";
constexpr std::string_view kFederation = "federation";
// Of what concerns the whole mesh.
constexpr char kWholeMesh[] =
    "to read it needs a role in all namespaces, as `--role viewer -A`; `heddle access whoami` shows which there are";

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
    add(found, kRoots, Verdict::kWarn, str_cat("the rotation waits for ", ca_laggard_count(ca)),
        "see who: `heddle ca status`");
  }
  if (found.empty())
    add(found, kRoots, Verdict::kOk,
        str_cat(std::to_string(roots), roots == 1 ? " root" : " roots", ", none ends soon"));
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
  for (Finding& finding : store_findings(*facts.status.document, facts.answered)) out.push_back(std::move(finding));
  check_ca(facts, out);
  check_sidecars(facts, out);
  check_backends(facts, out);
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
