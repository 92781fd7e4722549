#include <filesystem>

#include "cli/commands/commands.h"
#include "cli/context_file.h"
#include "cli/context_set.h"
#include "cli/resource_table.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Result<ContextSet> load(const std::string& path) {
  HEDDLE_TRY(Secret text, ContextFile::read(path));
  Result<ContextSet> set = ContextSet::parse(text.view());
  if (!set) return std::move(set).error().within(path);
  return set;
}

Result<void> save(const std::string& path, const ContextSet& set) {
  std::string json = set.to_json();
  Secret text = Secret::take(json);
  return atomic_write(path, text.view(), kPrivateFile);
}

void print_list(const ContextSet& set, Console& console) {
  Table table({"CURRENT", "NAME", "ADDRESS", "ID"});
  auto add = [&](std::string_view name, bool is_current) {
    Result<JsonValue> context = set.pick(name);
    if (!context) return;
    table.add({is_current ? Cell("*", Tone::kGood) : Cell("-"), name.empty() ? "-" : name,
               text_at(*context, {"address"}), text_at(*context, {"id"})});
  };
  for (const std::string& name : set.names()) add(name, name == set.current());
  if (set.names().empty()) add("", true);
  console.out << table.text(console.color);
}

Result<void> use(const ContextOptions& options, const std::string& path) {
  HEDDLE_TRY(ContextSet set, load(path));
  Result<void> used = set.use(options.name);
  if (!used) return std::move(used).error().within(path);
  return save(path, set);
}

// The file may not exist yet, nor its directory.
Result<void> add(const ContextOptions& options, const std::string& path) {
  HEDDLE_TRY(Secret text, ContextFile::read(options.source));
  Result<ContextFile> checked = ContextFile::parse(text.view());
  if (!checked) return std::move(checked).error().within(options.source);
  HEDDLE_TRY(ContextSet source, ContextSet::parse(text.view()));
  HEDDLE_TRY(JsonValue context, source.pick(""));

  std::string directory = std::filesystem::path(path).parent_path();
  if (!directory.empty() && !is_directory(directory)) HEDDLE_CHECK_OK(ensure_private_dir(directory));
  Result<ContextSet> set = load(path);
  if (!set && set.error().reason != Reason::kNotFound) return std::move(set).error();
  if (!set) set = ContextSet();
  HEDDLE_CHECK_OK(set->add(options.name, context));
  return save(path, *set);
}

ExitCode done(const Result<void>& result, std::string_view what, CommandContext& context) {
  if (!result) return context.console.fail(result.error());
  context.console.out << what << "\n";
  return ExitCode::kOk;
}
}  // namespace

ExitCode run_context(const ContextOptions& options, CommandContext& context) {
  const std::string& path = context.context_file;
  if (options.verb == ContextVerb::kAdd) {
    return done(add(options, path), str_cat("context ", options.name, " added"), context);
  }
  if (options.verb == ContextVerb::kUse) {
    return done(use(options, path), str_cat("context ", options.name, " is current"), context);
  }
  Result<ContextSet> set = load(path);
  if (!set) return context.console.fail(set.error());
  if (options.verb == ContextVerb::kList) {
    print_list(*set, context.console);
    return ExitCode::kOk;
  }
  if (set->current().empty()) {
    return context.console.fail(
        make_error(Reason::kNotFound, str_cat(path, " holds one context without a name; see `heddle context add`")));
  }
  context.console.out << set->current() << "\n";
  return ExitCode::kOk;
}
}  // namespace heddle
