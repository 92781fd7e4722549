#include "cli/commands/commands.h"
#include "cli/document_text.h"

namespace heddle {
namespace {
ExitCode print(const std::vector<JsonValue>& objects, CommandContext& context) {
  for (const JsonValue& one : objects) context.console.out << "---\n" << to_yaml(one);
  return ExitCode::kOk;
}
}  // namespace

ExitCode run_install(const InstallOptions& options, CommandContext& context) {
  return print(install_objects(options.choice), context);
}

ExitCode run_uninstall(const UninstallOptions& options, CommandContext& context) {
  return print(uninstall_objects(options.choice, options.crds), context);
}
}  // namespace heddle
