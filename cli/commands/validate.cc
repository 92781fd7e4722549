#include "lib/config/validate.h"

#include "cli/commands/commands.h"
#include "cli/sources.h"
#include "lib/base/strings.h"
#include "lib/config/parse.h"

namespace heddle {
namespace {
// load_sources() parsed each of them once without a problem.
ConfigProblems check_together(const std::vector<Resource>& resources) {
  Model model;
  ConfigProblems problems;
  for (const Resource& resource : resources) {
    Problems own;
    if (std::optional<ParsedSpec> spec = parse_resource(resource, own)) put_spec(model, resource.key, *spec);
    problems.add_all(resource.key, own);
  }
  if (!problems.empty()) return problems;
  return validate(model, ModelScope::kWhole);
}
}  // namespace

ExitCode run_validate(const ValidateOptions& options, CommandContext& context) {
  LoadedResources loaded = load_sources(options.files, context.console.in);
  if (!loaded.ok()) return context.console.fail(make_error(Reason::kConfigInvalid, loaded.text()));
  ConfigProblems problems = check_together(loaded.resources);
  if (!problems.empty()) return context.console.fail(make_error(Reason::kConfigInvalid, problems.text()));
  context.console.out << loaded.resources.size() << (loaded.resources.size() == 1 ? " resource is" : " resources are")
                      << " valid\n";
  return ExitCode::kOk;
}
}  // namespace heddle
