#include "cli/commands/commands.h"

namespace heddle {
namespace {
struct Run {
  CommandContext& context;
  ExitCode operator()(const ApplyOptions& options) const { return run_apply(options, context); }
  ExitCode operator()(const GetOptions& options) const { return run_get(options, context); }
  ExitCode operator()(const DeleteOptions& options) const { return run_delete(options, context); }
  ExitCode operator()(const StatusOptions& options) const { return run_status(options, context); }
  ExitCode operator()(const TokenCreateOptions& options) const { return run_token_create(options, context); }
  ExitCode operator()(const WaitOptions& options) const { return run_wait(options, context); }
  ExitCode operator()(const ValidateOptions& options) const { return run_validate(options, context); }
  ExitCode operator()(const ExplainOptions& options) const { return run_explain(options, context); }
  ExitCode operator()(const PlanOptions& options) const { return run_plan(options, context); }
  ExitCode operator()(const CaStatusOptions& options) const { return run_ca_status(options, context); }
  ExitCode operator()(const CaRotateOptions& options) const { return run_ca_rotate(options, context); }
  ExitCode operator()(const FederationStatusOptions& options) const { return run_federation_status(options, context); }
  ExitCode operator()(const DiffOptions& options) const { return run_diff(options, context); }
  ExitCode operator()(const HistoryOptions& options) const { return run_history(options, context); }
  ExitCode operator()(const ShowOptions& options) const { return run_show(options, context); }
  ExitCode operator()(const RollbackOptions& options) const { return run_rollback(options, context); }
  ExitCode operator()(const AccessCreateOptions& options) const { return run_access_create(options, context); }
  ExitCode operator()(const AccessListOptions& options) const { return run_access_list(options, context); }
  ExitCode operator()(const AccessRevokeOptions& options) const { return run_access_revoke(options, context); }
  ExitCode operator()(const AccessWhoamiOptions& options) const { return run_access_whoami(options, context); }
  ExitCode operator()(const RolloutStatusOptions& options) const { return run_rollout_status(options, context); }
  ExitCode operator()(const RolloutStepOptions& options) const { return run_rollout_step(options, context); }
  ExitCode operator()(const VersionOptions& options) const { return run_version(options, context); }
  ExitCode operator()(const InstallOptions& options) const { return run_install(options, context); }
  ExitCode operator()(const UninstallOptions& options) const { return run_uninstall(options, context); }
  ExitCode operator()(const InjectOptions& options) const { return run_inject(options, context); }
  ExitCode operator()(const UninjectOptions& options) const { return run_uninject(options, context); }
  ExitCode operator()(const PreCheckOptions& options) const { return run_pre_check(options, context); }
  ExitCode operator()(const CheckOptions& options) const { return run_check(options, context); }
  ExitCode operator()(const CompletionOptions& options) const { return run_completion(options, context); }
  ExitCode operator()(const ManOptions& options) const { return run_man(options, context); }
  ExitCode operator()(const SchemaOptions& options) const { return run_schema(options, context); }
  ExitCode operator()(const ExplainFieldOptions& options) const { return run_explain_field(options, context); }
  ExitCode operator()(const ContextOptions& options) const { return run_context(options, context); }
};
}  // namespace

ExitCode run_command(const CliOptions& options, CommandContext& context) {
  context.timeout = options.timeout;
  context.context_file = options.context_file;
  return std::visit(Run{context}, options.command);
}
}  // namespace heddle
