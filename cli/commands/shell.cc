#include "cli/command_table.h"
#include "cli/commands/commands.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
ExitCode run_completion(const CompletionOptions& options, CommandContext& context) {
  context.console.out << completion_script(command_table(), options.shell);
  return ExitCode::kOk;
}

ExitCode run_man(const ManOptions& options, CommandContext& context) {
  CommandInfo whole = command_table();
  std::vector<const CommandInfo*> pages = all_commands(whole);
  pages.insert(pages.begin(), &whole);
  for (const CommandInfo* command : pages) {
    std::string path = str_cat(options.directory, "/", page_name(*command), ".1");
    Result<void> written = atomic_write(path, man_page(*command, whole), kPublicFile);
    if (!written) return context.console.fail(written.error());
  }
  context.console.out << pages.size() << " pages written to " << printable(options.directory) << "\n";
  return ExitCode::kOk;
}
}  // namespace heddle
