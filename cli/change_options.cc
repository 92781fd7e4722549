#include "cli/change_options.h"

#include "cli/option_words.h"
#include "cli/resource_words.h"
#include "lib/base/strings.h"

namespace heddle::detail {
namespace {
constexpr size_t kMaxMessage = 1024;  // bytes; the control plane takes no more
constexpr size_t kMaxLimit = 1000;

Result<std::optional<Version>> parse_version(std::string_view option, const std::string& word) {
  if (word.empty()) return std::optional<Version>();
  Result<Version> version = Version::parse(word);
  if (!version) return usage(str_cat(option, ": ", version.error().detail));
  return std::optional<Version>(*version);
}

Result<std::optional<ResourceKey>> parse_one_resource(const Words& words, const std::string& ns) {
  if (words.resource.empty()) return std::optional<ResourceKey>();
  HEDDLE_TRY(std::vector<ResourceKey> keys, parse_resource_keys(words.resource, ns));
  if (keys.size() != 1) return usage("expected at most one resource");
  return std::optional<ResourceKey>(std::move(keys[0]));
}
}  // namespace

Result<ChangeSaid> parse_said(const Words& words) {
  if (words.message.size() > kMaxMessage) return usage("--message: at most 1024 bytes");
  for (char c : words.message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return usage("--message: one line without control characters");
  }
  ChangeSaid out{words.message, {}};
  HEDDLE_TRY(out.expected, parse_version("--expect", words.expect));
  return out;
}

Result<DiffOptions> parse_diff(const Words& words, FileOptions files) {
  DiffOptions out;
  HEDDLE_TRY(out.from, parse_version("--version", words.version));
  HEDDLE_TRY(out.to, parse_version("--to", words.to));
  if (files.paths.empty() == !out.from) return usage("expected either -f FILE or --version N");
  if (out.to && !out.from) return usage("--to goes with --version");
  out.files = std::move(files);
  return out;
}

Result<HistoryOptions> parse_history(const Words& words, const std::string& ns) {
  HistoryOptions out;
  std::optional<size_t> limit = parse_int<size_t>(words.limit);
  if (!limit || *limit == 0 || *limit > kMaxLimit) return usage("--limit: expected a number from 1 to 1000");
  out.limit = words.limit;
  HEDDLE_TRY(out.resource, parse_one_resource(words, ns));
  HEDDLE_TRY(out.output, parse_output(words.output, {kTable, kJson}));
  return out;
}

Result<ShowOptions> parse_show(const Words& words, const std::string& ns) {
  ShowOptions out;
  Result<Version> version = Version::parse(words.version);
  if (!version) return usage(version.error().detail);
  out.version = *version;
  out.what = words.everything ? ShowWhat::kEverything : ShowWhat::kChanges;
  HEDDLE_TRY(out.resource, parse_one_resource(words, ns));
  HEDDLE_TRY(out.output, parse_output(words.output, {kTable, kJson, kYaml}));
  return out;
}

Result<RollbackOptions> parse_rollback(const Words& words) {
  RollbackOptions out;
  Result<Version> version = Version::parse(words.version);
  if (!version) return usage(version.error().detail);
  out.to = *version;
  out.dry_run = words.dry_run ? DryRun::kYes : DryRun::kNo;
  out.wait = words.wait_live ? WaitLive::kYes : WaitLive::kNo;
  if (words.dry_run && words.wait_live) return usage("--dry-run and --wait do not go together");
  HEDDLE_TRY(out.said, parse_said(words));
  return out;
}
}  // namespace heddle::detail
