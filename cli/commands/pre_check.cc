#include "cli/pre_check.h"

#include "cli/commands/commands.h"
#include "cli/document_text.h"

namespace heddle {
ExitCode run_pre_check(const PreCheckOptions& options, CommandContext& context) {
  Result<std::vector<ClusterAnswer>> answers = context.ask_cluster(options, pre_questions(options));
  if (!answers) return context.console.fail(answers.error());
  std::vector<Finding> findings = pre_findings(options, *answers);
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(findings_json(findings))
                               : findings_text(findings, context.console.color));
  if (answers->front().code == 0) return ExitCode::kUnreachable;
  return worst_of(findings) == Verdict::kFail ? ExitCode::kFailure : ExitCode::kOk;
}
}  // namespace heddle
