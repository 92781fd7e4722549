#include "lib/config/validate.h"

#include "cli/commands/commands.h"
#include "cli/sources.h"
#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "lib/config/route_kinds.h"
#include "lib/config/route_ports.h"

namespace heddle {
namespace {
// load_sources() parsed each of them once without a problem.
Model model_of(const std::vector<Resource>& resources, ConfigProblems& problems) {
  Model model;
  for (const Resource& resource : resources) {
    Problems own;
    if (std::optional<ParsedSpec> spec = parse_resource(resource, own)) put_spec(model, resource.key, *spec);
    problems.add_all(resource.key, own);
  }
  return model;
}

// What is valid, but not what its author can have meant.
void warn(const Model& model, Console& console) {
  auto tell = [&](const ResourceKey& key, std::string path, std::string text) {
    console.err << "warning: " << ResourceProblem{key, {std::move(path), std::move(text)}}.text() << "\n";
  };
  for (const RouteConflict& conflict : route_conflicts(model)) {
    tell(conflict.loser, conflict.parent_path(), conflict.text());
  }
  for (const auto& [key, route] : model.http_routes) {
    for (size_t i = 0; i < route->parents.size(); ++i) {
      auto why = idle_parent(model, *route, i);
      if (why) tell(key, str_cat("spec.parentRefs[", std::to_string(i), "]"), *std::move(why));
    }
  }
}
}  // namespace

ExitCode run_validate(const ValidateOptions& options, CommandContext& context) {
  LoadedResources loaded = load_sources(options.files, context.console.in);
  if (!loaded.ok()) return context.console.fail(make_error(Reason::kConfigInvalid, loaded.text()));
  ConfigProblems problems;
  Model model = model_of(loaded.resources, problems);
  if (problems.empty()) problems = validate(model, ModelScope::kWhole);
  if (!problems.empty()) return context.console.fail(make_error(Reason::kConfigInvalid, problems.text()));
  warn(model, context.console);
  context.console.out << loaded.resources.size() << (loaded.resources.size() == 1 ? " resource is" : " resources are")
                      << " valid\n";
  return ExitCode::kOk;
}
}  // namespace heddle
