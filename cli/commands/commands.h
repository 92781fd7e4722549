// The commands: each takes its options and what it may touch, and answers with the exit code. No globals, no clocks, no
// sockets of their own: everything comes through CommandContext, so tests run them against a scripted control plane.
#pragma once
#include <functional>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/pre_check.h"

namespace heddle {
struct CommandContext {
  Console& console;
  ControlApi& api;
  const Clock& clock;
  Duration timeout = kDefaultTimeout;
  std::string context_file{};                             // for `heddle context`; the others have `api`
  std::function<void(Duration)> pause = [](Duration) {};  // while the control plane or the sidecars get on
  // Asks a sidecar's admin; an Error means that there is no answer to speak of.
  std::function<Result<ApiReply>(const LiveOptions&, const ApiRequest&)> ask_sidecar{};
  // Asks a Kubernetes API server: one answer for each question.
  std::function<Result<std::vector<ClusterAnswer>>(const PreCheckOptions&, const std::vector<ApiRequest>&)>
      ask_cluster{};
};

ExitCode run_apply(const ApplyOptions&, CommandContext&);
ExitCode run_get(const GetOptions&, CommandContext&);
ExitCode run_delete(const DeleteOptions&, CommandContext&);
ExitCode run_status(const StatusOptions&, CommandContext&);
ExitCode run_token_create(const TokenCreateOptions&, CommandContext&);
ExitCode run_wait(const WaitOptions&, CommandContext&);
ExitCode run_validate(const ValidateOptions&, CommandContext&);
ExitCode run_explain(const ExplainOptions&, CommandContext&);
ExitCode run_plan(const PlanOptions&, CommandContext&);
ExitCode run_ca_status(const CaStatusOptions&, CommandContext&);
ExitCode run_ca_rotate(const CaRotateOptions&, CommandContext&);
// `apply --stages`: the list is the body of an apply.
ExitCode start_rollout(const ApplyOptions&, std::string_view list, CommandContext&);
ExitCode run_rollout_status(const RolloutStatusOptions&, CommandContext&);
ExitCode run_rollout_step(const RolloutStepOptions&, CommandContext&);
ExitCode run_federation_status(const FederationStatusOptions&, CommandContext&);
ExitCode run_diff(const DiffOptions&, CommandContext&);
ExitCode run_history(const HistoryOptions&, CommandContext&);
ExitCode run_show(const ShowOptions&, CommandContext&);
ExitCode run_rollback(const RollbackOptions&, CommandContext&);
ExitCode run_access_create(const AccessCreateOptions&, CommandContext&);
ExitCode run_access_list(const AccessListOptions&, CommandContext&);
ExitCode run_access_revoke(const AccessRevokeOptions&, CommandContext&);
ExitCode run_access_whoami(const AccessWhoamiOptions&, CommandContext&);
ExitCode run_version(const VersionOptions&, CommandContext&);
ExitCode run_check(const CheckOptions&, CommandContext&);
ExitCode run_completion(const CompletionOptions&, CommandContext&);
ExitCode run_man(const ManOptions&, CommandContext&);
ExitCode run_install(const InstallOptions&, CommandContext&);
ExitCode run_uninstall(const UninstallOptions&, CommandContext&);
ExitCode run_inject(const InjectOptions&, CommandContext&);
ExitCode run_uninject(const UninjectOptions&, CommandContext&);
ExitCode run_pre_check(const PreCheckOptions&, CommandContext&);
ExitCode run_schema(const SchemaOptions&, CommandContext&);
ExitCode run_explain_field(const ExplainFieldOptions&, CommandContext&);
ExitCode run_context(const ContextOptions&, CommandContext&);

// Any of them.
ExitCode run_command(const CliOptions&, CommandContext&);
}  // namespace heddle
