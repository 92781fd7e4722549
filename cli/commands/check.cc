#include "cli/check_rules.h"

#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
struct Asked {
  CheckAnswer answer{};
  ExitCode code = ExitCode::kOk;
};

Asked ask(std::string_view path, CommandContext& context) {
  Result<ApiReply> reply = context.api.call({.path = std::string(path), .deadline = context.timeout});
  if (!reply) return {{std::nullopt, reply.error().detail}, exit_code_of(reply.error().reason)};
  if (reply->ok()) return {{reply->body, ""}, ExitCode::kOk};
  return {{std::nullopt, str_cat(info(reply->reason()).name, ": ", reply->message())}, exit_code_of(reply->reason())};
}
}  // namespace

ExitCode run_check(const CheckOptions& options, CommandContext& context) {
  CheckFacts facts;
  MonoTime begin = context.clock.now();
  facts.asked = context.clock.wall();
  Asked status = ask("/v1/status", context);
  facts.answered = context.clock.wall();
  facts.took = context.clock.now() - begin;
  facts.status = std::move(status.answer);
  if (facts.status.document) {
    facts.ca = ask("/v1/ca", context).answer;
    facts.federation = ask("/v1/federation", context).answer;
  }

  std::vector<Finding> findings = check_findings(facts);
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(findings_json(findings))
                               : findings_text(findings, context.console.color));
  if (status.code != ExitCode::kOk) return status.code;
  return worst_of(findings) == Verdict::kFail ? ExitCode::kFailure : ExitCode::kOk;
}
}  // namespace heddle
