#include "cli/options.h"

#include <algorithm>
#include <cstdlib>

#include "certs/spiffe_id.h"
#include "cli/change_options.h"
#include "cli/command_line.h"
#include "cli/install_words.h"
#include "cli/option_words.h"
#include "cli/resource_words.h"
#include "cli/tool_words.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
using detail::kJson;
using detail::kName;
using detail::kTable;
using detail::kWide;
using detail::kYaml;
using detail::parse_output;
using detail::usage;
using detail::Words;
using AnyCommand = decltype(CliOptions::command);

Result<Duration> parse_positive(std::string_view option, const std::string& word) {
  Result<Duration> parsed = parse_duration(word);
  if (!parsed) return usage(str_cat(option, ": ", parsed.error().detail));
  if (*parsed <= Duration(0)) return usage(str_cat(option, ": must be more than 0s"));
  return *parsed;
}

Result<std::string> parse_namespace(const std::string& word) {
  if (is_dns_label(word)) return word;
  return usage(
      str_cat("--namespace: ", in_quotes(word), " is not a namespace (1-63 lower-case letters, digits or '-')"));
}

Result<FileOptions> parse_files(const Words& words) {
  FileOptions out;
  out.paths = words.files;
  HEDDLE_TRY(out.default_namespace, parse_namespace(words.ns));
  if (std::count(out.paths.begin(), out.paths.end(), "-") > 1) return usage("-f - stands twice");
  return out;
}

// Of apply, diff and plan. What it may delete is always said: a namespace, labels or both.
Result<FileOptions> parse_pruned_files(const Words& words) {
  HEDDLE_TRY(FileOptions out, parse_files(words));
  if (!words.prune && !words.selector.empty()) return usage("--selector goes with --prune");
  if (!words.prune) return out;
  if (out.paths.empty()) return usage("--prune goes with -f FILE");
  if (!words.is_ns_given && words.selector.empty()) {
    return usage("--prune: say of what: -n NS, -l SELECTOR or both");
  }
  PruneOptions prune;
  if (words.is_ns_given) prune.ns = out.default_namespace;
  if (!words.selector.empty()) {
    HEDDLE_TRY(prune.selector, LabelSelector::parse(words.selector));
  }
  out.prune = std::move(prune);
  return out;
}

Result<std::optional<RolloutOptions>> parse_rollout(const Words& words) {
  bool has_more = !words.watch.empty() || !words.max_error_rate.empty() || !words.max_reject_rate.empty() ||
                  !words.max_latency.empty() || !words.min_requests.empty();
  if (words.stages.empty() && has_more) {
    return usage("--watch, --max-error-rate, --max-reject-rate, --max-latency and --min-requests go with --stages");
  }
  if (words.stages.empty()) return std::optional<RolloutOptions>();
  if (words.dry_run) return usage("--stages and --dry-run do not go together");
  if (words.prune) return usage("--stages and --prune do not go together: what is deleted is never staged");
  RolloutOptions out;
  for (std::string_view stage : split(words.stages, ',')) out.stages.emplace_back(trim(stage));
  if (!words.watch.empty()) {
    HEDDLE_TRY(out.watch, parse_positive("--watch", words.watch));
  }
  out.max_error_rate = words.max_error_rate;
  out.max_reject_rate = words.max_reject_rate;
  out.max_latency = words.max_latency;
  out.min_requests = parse_int<uint64_t>(words.min_requests);
  if (!words.min_requests.empty() && !out.min_requests) {
    return usage(str_cat("--min-requests: expected a number; got ", in_quotes(words.min_requests)));
  }
  return std::optional(std::move(out));
}

Result<AnyCommand> parse_apply(const Words& words) {
  HEDDLE_TRY(FileOptions files, parse_pruned_files(words));
  ApplyOptions out{std::move(files), words.dry_run ? DryRun::kYes : DryRun::kNo};
  HEDDLE_TRY(out.said, detail::parse_said(words));
  out.wait = words.wait_live ? WaitLive::kYes : WaitLive::kNo;
  if (words.dry_run && words.wait_live) return usage("--dry-run and --wait do not go together");
  HEDDLE_TRY(out.rollout, parse_rollout(words));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_rollout_status(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(RolloutStatusOptions{output, words.wait_live ? WaitLive::kYes : WaitLive::kNo});
}

Result<AnyCommand> parse_get(const Words& words) {
  GetOptions out;
  HEDDLE_TRY(ResourceWords resource, parse_resource_words(words.resource));
  if (resource.names.size() > 1) return usage("expected at most one name");
  out.kind = resource.kind;
  if (!resource.names.empty()) out.name = resource.names[0];
  if (out.name && words.all_namespaces) return usage("a name and --all-namespaces do not go together");
  HEDDLE_TRY(out.ns, parse_namespace(words.ns));
  if (words.all_namespaces) out.ns.clear();
  HEDDLE_TRY(out.output, parse_output(words.output, {kTable, kWide, kJson, kYaml, kName}));
  if (words.selector.empty()) return AnyCommand(std::move(out));
  if (out.name) return usage("a name and --selector do not go together");
  HEDDLE_TRY(out.selector, LabelSelector::parse(words.selector));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_delete(const Words& words) {
  DeleteOptions out;
  HEDDLE_TRY(out.files, parse_files(words));
  out.if_missing = words.ignore_not_found ? IfMissing::kIgnore : IfMissing::kFail;
  if (words.files.empty() == words.resource.empty()) return usage("expected either KIND NAME or -f FILE");
  if (!words.resource.empty()) {
    HEDDLE_TRY(out.keys, parse_resource_keys(words.resource, out.files.default_namespace));
  }
  HEDDLE_TRY(out.said, detail::parse_said(words));
  if (out.said.expected && out.keys.size() != 1) return usage("--expect goes with one resource: each is a version");
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_status(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(StatusOptions{output});
}

Result<AnyCommand> parse_token(const Words& words) {
  TokenCreateOptions out;
  Result<SpiffeId> id = SpiffeId::parse(words.id);
  if (!id) return usage(str_cat("--id: ", id.error().detail));
  if (id->path().empty()) return usage(str_cat("--id: ", words.id, " names no workload: it has no path"));
  out.id = id->text();
  HEDDLE_TRY(out.ttl, parse_positive("--ttl", words.ttl));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_wait(const Words& words) {
  Result<Version> version = Version::parse(words.version);
  if (!version) return usage(str_cat("--version: ", version.error().detail));
  return AnyCommand(WaitOptions{*version});
}

Result<AnyCommand> parse_validate(const Words& words) {
  HEDDLE_TRY(FileOptions files, parse_files(words));
  return AnyCommand(ValidateOptions{std::move(files)});
}

Result<std::vector<std::pair<std::string, std::string>>> parse_headers(const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& word : words) {
    size_t colon = word.find(':');
    if (colon == std::string::npos) return usage(str_cat("--header: expected 'name: value'; got ", in_quotes(word)));
    out.emplace_back(word.substr(0, colon), trim(std::string_view(word).substr(colon + 1)));
  }
  return out;
}

// That of the identity, as in its sidecar's own file, unless it is given.
std::string client_namespace(const Words& words) {
  if (!words.client_ns.empty()) return words.client_ns;
  Result<SpiffeId> id = SpiffeId::parse(words.from);
  auto workload = id ? id->workload() : std::nullopt;
  return std::string(workload ? workload->name_space : kDefaultNamespace);
}

Result<std::optional<LiveOptions>> parse_live(const Words& words) {
  bool needs_live = words.inbound || !words.listener.empty() || !words.admin_token.empty();
  if (words.live.empty() && needs_live) return usage("--inbound, --listener and --admin-token go with --live");
  if (words.live.empty()) return std::optional<LiveOptions>();
  if (!words.files.empty()) return usage("--live and -f do not go together");
  if (!words.client_ns.empty()) return usage("--live and --namespace do not go together: a sidecar has its own");
  Result<Address> address = Address::parse(words.live);
  if (!address) return usage(str_cat("--live: ", address.error().detail));
  return std::optional(LiveOptions{*address, words.admin_token, words.listener, words.inbound});
}

Result<std::optional<uint64_t>> parse_draw(const Words& words) {
  if (words.draw.empty()) return std::optional<uint64_t>();
  auto draw = parse_int<uint64_t>(words.draw);
  if (!draw) return usage(str_cat("--draw: expected a number of 64 bits; got ", in_quotes(words.draw)));
  return draw;
}

Result<AnyCommand> parse_explain(const Words& words) {
  ExplainOptions out;
  HEDDLE_TRY(out.live, parse_live(words));
  HEDDLE_TRY(out.files, parse_files(words));
  HEDDLE_TRY(out.output, parse_output(words.output, {kTable, kJson}));
  out.question = {words.method, words.url, client_namespace(words), words.from, {}, words.sni, {}};
  HEDDLE_TRY(out.question.headers, parse_headers(words.headers));
  HEDDLE_TRY(out.question.draw, parse_draw(words));
  Problems problems;
  if (!ExplainQuery::parse(out.question, problems)) return usage(problems.text());
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_plan(const Words& words) {
  PlanOptions out;
  HEDDLE_TRY(out.files, parse_pruned_files(words));
  out.replay = words.no_replay ? Replay::kNo : Replay::kYes;
  HEDDLE_TRY(out.output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_ca_status(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(CaStatusOptions{output});
}

Result<AnyCommand> parse_ca_rotate(const Words& words) {
  constexpr std::string_view kSteps[] = {"prepare", "activate", "retire", "abort"};
  bool is_known = words.step.empty() || std::count(std::begin(kSteps), std::end(kSteps), words.step) == 1;
  if (!is_known) return usage(str_cat("expected prepare, activate, retire or abort; got ", in_quotes(words.step)));
  if (words.step.empty() && !words.except.empty())
    return usage("--except needs a step: it is no answer for all of them");
  CaRotateOptions out{words.step, words.except, kDefaultRotation};
  HEDDLE_TRY(out.wait, parse_positive("--wait", words.wait));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_federation_status(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(FederationStatusOptions{output});
}

Result<std::string> parse_token_name(const std::string& word) {
  if (is_dns_label(word)) return word;
  return usage(str_cat(in_quotes(word), " is no name of a token (1-63 lower-case letters, digits or '-')"));
}

Result<AnyCommand> parse_access_create(const Words& words) {
  AccessCreateOptions out;
  HEDDLE_TRY(out.name, parse_token_name(words.name));
  HEDDLE_TRY(out.roles, parse_access_roles(words.roles, words.namespaces, words.all_namespaces));
  if (!words.access_ttl.empty()) {
    HEDDLE_TRY(out.ttl, parse_positive("--ttl", words.access_ttl));
  }
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_access_list(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(AccessListOptions{output});
}

Result<AnyCommand> parse_access_revoke(const Words& words) {
  HEDDLE_TRY(std::string name, parse_token_name(words.name));
  return AnyCommand(AccessRevokeOptions{std::move(name)});
}

Result<AnyCommand> parse_access_whoami(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(AccessWhoamiOptions{output});
}

Result<AnyCommand> parse_version(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(VersionOptions{output, words.client ? VersionOf::kClient : VersionOf::kClientAndControl});
}

Result<AnyCommand> parse_diff(const Words& words) {
  HEDDLE_TRY(FileOptions files, parse_pruned_files(words));
  HEDDLE_TRY(DiffOptions out, detail::parse_diff(words, std::move(files)));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_history(const Words& words) {
  HEDDLE_TRY(std::string ns, parse_namespace(words.ns));
  HEDDLE_TRY(HistoryOptions out, detail::parse_history(words, ns));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_show(const Words& words) {
  HEDDLE_TRY(std::string ns, parse_namespace(words.ns));
  HEDDLE_TRY(ShowOptions out, detail::parse_show(words, ns));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_rollback(const Words& words) {
  HEDDLE_TRY(RollbackOptions out, detail::parse_rollback(words));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_check(const Words& words) {
  HEDDLE_TRY(OutputFormat output, parse_output(words.output, {kTable, kJson}));
  if (!words.pre) {
    HEDDLE_CHECK_OK(detail::refuse_kube_words(words));
    return AnyCommand(CheckOptions{output});
  }
  HEDDLE_TRY(PreCheckOptions out, detail::parse_pre_words(words));
  out.output = output;
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_explain_field(const Words& words) {
  HEDDLE_TRY(ExplainFieldOptions out, detail::parse_field_words(words.field));
  HEDDLE_TRY(out.output, parse_output(words.output, {kTable, kJson}));
  return AnyCommand(std::move(out));
}

Result<AnyCommand> parse_schema(const Words& words) {
  HEDDLE_CHECK_OK(parse_output(words.schema_output, {kJson}));
  HEDDLE_TRY(SchemaOptions out, detail::parse_schema_words(words));
  return AnyCommand(out);
}

// Of commands whose words are read in tool_words.cc.
template <auto parse>
Result<AnyCommand> tool(const Words& words) {
  HEDDLE_TRY(auto out, parse(words));
  return AnyCommand(std::move(out));
}

Result<ColorMode> parse_color(const std::string& word) {
  if (word == "auto") return ColorMode::kAuto;
  if (word == "always") return ColorMode::kAlways;
  if (word == "never") return ColorMode::kNever;
  return usage(str_cat("--color: expected one of auto, always, never; got ", in_quotes(word)));
}

using Parse = Result<AnyCommand> (*)(const Words&);
constexpr std::pair<std::string_view, Parse> kCommands[] = {
    {"apply", parse_apply},
    {"get", parse_get},
    {"delete", parse_delete},
    {"status", parse_status},
    {"token create", parse_token},
    {"wait", parse_wait},
    {"validate", parse_validate},
    {"explain", parse_explain},
    {"version", parse_version},
    {"ca status", parse_ca_status},
    {"ca rotate", parse_ca_rotate},
    {"federation status", parse_federation_status},
    {"access create", parse_access_create},
    {"access list", parse_access_list},
    {"access revoke", parse_access_revoke},
    {"access whoami", parse_access_whoami},
    {"plan", parse_plan},
    {"diff", parse_diff},
    {"history", parse_history},
    {"show", parse_show},
    {"rollback", parse_rollback},
    {"rollout status", parse_rollout_status},
    {"rollout pause", [](const Words&) -> Result<AnyCommand> { return AnyCommand(RolloutStepOptions{"pause"}); }},
    {"rollout resume", [](const Words&) -> Result<AnyCommand> { return AnyCommand(RolloutStepOptions{"resume"}); }},
    {"rollout promote", [](const Words&) -> Result<AnyCommand> { return AnyCommand(RolloutStepOptions{"promote"}); }},
    {"rollout abort", [](const Words&) -> Result<AnyCommand> { return AnyCommand(RolloutStepOptions{"abort"}); }},
    {"install", tool<detail::parse_install_words>},
    {"uninstall", tool<detail::parse_uninstall_words>},
    {"inject", tool<detail::parse_inject_words>},
    {"uninject", tool<detail::parse_uninject_words>},
    {"check", parse_check},
    {"schema", parse_schema},
    {"explain-field", parse_explain_field},
    {"completion", tool<detail::parse_completion_words>},
    {"man", tool<detail::parse_man_words>},
    {"context list", tool<detail::context_words<ContextVerb::kList>>},
    {"context current", tool<detail::context_words<ContextVerb::kCurrent>>},
    {"context use", tool<detail::context_words<ContextVerb::kUse>>},
    {"context add", tool<detail::context_words<ContextVerb::kAdd>>}};

Result<CliOptions> to_options(const Words& words, std::string_view command, const Environment& environment) {
  CliOptions out;
  // A name never has a '/' or a '.'; a file of such a name is ./NAME.
  bool is_name = is_dns_label(words.context);
  if (is_name) out.context_name = words.context;
  out.context_file = !words.context.empty() && !is_name ? words.context : environment.context;
  if (out.context_file.empty()) out.context_file = str_cat(environment.home, "/.heddle/context.json");
  HEDDLE_TRY(out.timeout, parse_positive("--timeout", words.timeout));
  HEDDLE_TRY(out.color, parse_color(words.color));
  auto found =
      std::find_if(std::begin(kCommands), std::end(kCommands), [&](auto& row) { return row.first == command; });
  HEDDLE_CHECK(found != std::end(kCommands));
  HEDDLE_TRY(out.command, found->second(words));
  return out;
}

}  // namespace

Environment Environment::of_process() {
  auto get = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  return {get("HEDDLE_CONTEXT"), get("HOME"), get("NO_COLOR"), get("TERM")};
}

std::variant<CliOptions, CliExit> parse_cli_options(const std::vector<std::string>& args,
                                                    const Environment& environment) {
  detail::CommandLine line;
  if (std::optional<CliExit> exit = line.parse(args)) return *std::move(exit);
  Result<CliOptions> options = to_options(line.words(), line.command(), environment);
  if (!options) return line.usage_error(options.error().detail);
  return *std::move(options);
}
}  // namespace heddle
