#include "cli/federation_text.h"

#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string profile_of(const JsonValue& domain) {
  std::string profile = text_at(domain, {"endpoint", "profile"});
  return profile.empty() ? "given" : profile;
}

Cell source_cell(const JsonValue& domain) {
  std::string source = text_at(domain, {"source"});
  return {source, source == "none" ? Tone::kBad : Tone::kGood};
}

std::string roots_of(const JsonValue& domain) {
  std::optional<JsonValue> roots = domain.find({"bundle", "roots"});
  return std::to_string(roots ? roots->size() : 0);
}

Cell failures_cell(const JsonValue& domain) {
  std::string failures = scalar_at(domain, {"failures"});
  return {failures, failures == "0" ? Tone::kPlain : Tone::kWarn};
}

std::string problem_line(const JsonValue& domain) {
  std::string problem = text_at(domain, {"problem"});
  if (problem.empty()) return "";
  return str_cat(printable(text_at(domain, {"trustDomain"})), ": ", printable(problem), "\n");
}
}  // namespace

std::string federation_text(const JsonValue& federation, WallTime now, UseColor color) {
  Table table({"TRUST DOMAIN", "PROFILE", "SOURCE", "ROOTS", "SEQUENCE", "FETCHED", "FAILURES"});
  std::string problems;
  std::optional<JsonValue> domains = federation.find("domains");
  size_t count = domains ? domains->size() : 0;
  for (size_t i = 0; i < count; ++i) {
    JsonValue domain = domains->at(i);
    table.add({text_at(domain, {"trustDomain"}), profile_of(domain), source_cell(domain), roots_of(domain),
               or_dash(scalar_at(domain, {"bundle", "sequence"})), or_dash(age_at(domain, {"fetched"}, now)),
               failures_cell(domain)});
    problems += problem_line(domain);
  }
  if (!problems.empty()) problems.insert(0, "\n");
  std::string head = count == 0 ? "no federated trust domains\n" : table.text(color);
  return str_cat(head, problems, "\n", scalar_at(federation, {"sidecars", "newest"}), " of ",
                 scalar_at(federation, {"sidecars", "connected"}), " connected sidecars use the newest bundles\n");
}
}  // namespace heddle
