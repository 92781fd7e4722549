// The command line as a plain value: parsed and checked completely before anything is read or sent. Grammar and names
// follow kubectl; kinds are known by kind, plural, singular and short name (lib/api/resource.h). Pure: the environment
// is a parameter.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/access_words.h"
#include "cli/exit_code.h"
#include "cli/label_selector.h"
#include "cli/manifests.h"
#include "lib/api/resource.h"
#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/decision/explain_query.h"
#include "lib/inject/pod_options.h"

namespace heddle {
enum class OutputFormat : uint8_t { kTable, kJson, kYaml, kName, kWide };
enum class ColorMode : uint8_t { kAuto, kAlways, kNever };
enum class DryRun : uint8_t { kNo, kYes };
enum class Replay : uint8_t { kNo, kYes };
enum class IfMissing : uint8_t { kFail, kIgnore };
enum class WaitLive : uint8_t { kNo, kYes };
enum class ShowWhat : uint8_t { kChanges, kEverything };
enum class VersionOf : uint8_t { kClientAndControl, kClient };

inline constexpr std::string_view kDefaultNamespace = "default";
inline constexpr std::string_view kSystemNamespace = "heddle-system";  // of the control plane in Kubernetes
inline constexpr Duration kDefaultTimeout = 30s;
inline constexpr Duration kDefaultTokenTtl = 600s;
inline constexpr Duration kDefaultRotation = 15min;

// What is deleted beside what files say: all that is there and in none of them.
struct PruneOptions {
  std::string ns{};  // of this namespace; empty: of all
  LabelSelector selector{};
};
// Where resources come from: files, directories or "-", and the namespace of those that name none.
struct FileOptions {
  std::vector<std::string> paths{};
  std::string default_namespace{kDefaultNamespace};
  std::optional<PruneOptions> prune{};  // of apply, diff and plan
};
// What is said beside a change.
struct ChangeSaid {
  std::string message{};              // why; for the history
  std::optional<Version> expected{};  // a conflict when the mesh is at another version
};
// What the control plane reads of it: stages and percentages are its to judge.
struct RolloutOptions {
  std::vector<std::string> stages{};
  std::optional<Duration> watch{};
  std::string max_error_rate{};  // empty: its default
  std::string max_reject_rate{};
  std::string max_latency{};
  std::optional<uint64_t> min_requests{};
};
struct ApplyOptions {
  FileOptions files{};
  DryRun dry_run = DryRun::kNo;
  std::optional<RolloutOptions> rollout{};  // in stages
  ChangeSaid said{};
  WaitLive wait = WaitLive::kNo;  // until the new version runs everywhere, or the rollout is over
};
struct DiffOptions {
  FileOptions files{};  // what would be applied; or
  std::optional<Version> from{};
  std::optional<Version> to{};  // nothing: the newest
};
struct HistoryOptions {
  std::string limit;  // a number from 1 to 1000
  std::optional<ResourceKey> resource{};
  OutputFormat output = OutputFormat::kTable;
};
struct ShowOptions {
  Version version{};
  std::optional<ResourceKey> resource{};
  ShowWhat what = ShowWhat::kChanges;
  OutputFormat output = OutputFormat::kTable;
};
struct RollbackOptions {
  Version to{};
  DryRun dry_run = DryRun::kNo;
  ChangeSaid said{};
  WaitLive wait = WaitLive::kNo;
};
struct RolloutStatusOptions {
  OutputFormat output = OutputFormat::kTable;
  WaitLive wait = WaitLive::kNo;  // until it is over
};
struct RolloutStepOptions {
  std::string step{};  // pause, resume, promote, abort
};
struct GetOptions {
  Kind kind = Kind::kService;
  std::optional<std::string> name;
  std::string ns{kDefaultNamespace};  // empty: all
  OutputFormat output = OutputFormat::kTable;
  LabelSelector selector{};
};
struct DeleteOptions {
  std::vector<ResourceKey> keys{};  // or
  FileOptions files{};
  IfMissing if_missing = IfMissing::kFail;
  ChangeSaid said{};
};
struct StatusOptions {
  OutputFormat output = OutputFormat::kTable;
};
struct TokenCreateOptions {
  std::string id;
  Duration ttl = kDefaultTokenTtl;
};
struct WaitOptions {
  Version version;
};
struct ValidateOptions {
  FileOptions files{};
};
// A sidecar's admin.
struct LiveOptions {
  Address address{};         // "127.0.0.1:15000" or "unix:/path"
  std::string token_file{};  // its admin.token; empty: none is shown, which is enough for a Unix socket
  std::string listener{};    // empty: whichever fits
  bool inbound = false;
};
struct ExplainOptions {
  ExplainWords question{};  // checked
  FileOptions files{};      // none: the control plane is asked, or
  OutputFormat output = OutputFormat::kTable;
  std::optional<LiveOptions> live{};  // this sidecar
};
struct PlanOptions {
  FileOptions files{};
  Replay replay = Replay::kYes;  // of the requests that sidecars remember
  OutputFormat output = OutputFormat::kTable;
};
struct CaStatusOptions {
  OutputFormat output = OutputFormat::kTable;
};
struct CaRotateOptions {
  std::string step{};                 // prepare, activate, retire, abort; empty: all of them
  std::vector<std::string> except{};  // nodes or serials of sidecars that a step does not wait for
  Duration wait = kDefaultRotation;   // for all steps
};
struct FederationStatusOptions {
  OutputFormat output = OutputFormat::kTable;
};
struct AccessCreateOptions {
  std::string name;
  std::vector<AccessRoleWords> roles{};
  std::optional<Duration> ttl{};  // absent: for ever
};
struct AccessListOptions {
  OutputFormat output = OutputFormat::kTable;
};
struct AccessRevokeOptions {
  std::string name;
};
struct AccessWhoamiOptions {
  OutputFormat output = OutputFormat::kTable;
};
struct VersionOptions {
  OutputFormat output = OutputFormat::kTable;
  VersionOf of = VersionOf::kClientAndControl;
};

struct CheckOptions {
  OutputFormat output = OutputFormat::kTable;
};
// `heddle check --pre`: how the API server is reached.
struct PreCheckOptions {
  std::string kubeconfig{};  // empty: as kubectl finds it
  std::string context{};
  std::string api_url{};
  std::string ns{kSystemNamespace};
  OutputFormat output = OutputFormat::kTable;
};
struct InstallOptions {
  InstallChoice choice{};
};
struct UninstallOptions {
  InstallChoice choice{};
  CrdsToo crds = CrdsToo::kYes;
};
struct InjectOptions {
  std::vector<std::string> paths{};
  InjectSettings settings{};
};
struct UninjectOptions {
  std::vector<std::string> paths{};
};
enum class Shell : uint8_t { kBash, kZsh, kFish };
struct CompletionOptions {
  Shell shell = Shell::kBash;
};
struct ManOptions {
  std::string directory{"."};
};
struct SchemaOptions {
  std::optional<Kind> kind;  // none: all of them, as one schema
  bool crds = false;         // CustomResourceDefinitions, of our own kinds
};
struct ExplainFieldOptions {
  Kind kind = Kind::kService;
  std::string path{};  // "spec.rules.matches"; empty: the whole
  OutputFormat output = OutputFormat::kTable;
};
enum class ContextVerb : uint8_t { kList, kCurrent, kUse, kAdd };
struct ContextOptions {
  ContextVerb verb = ContextVerb::kList;
  std::string name{};    // of use and add
  std::string source{};  // of add: a file with one context
};

struct CliOptions {
  std::string context_file;
  std::string context_name;            // of several in the file; empty: the current one
  Duration timeout = kDefaultTimeout;  // of one answer; for `wait` and --wait: of the waiting
  ColorMode color = ColorMode::kAuto;
  std::variant<ApplyOptions, GetOptions, DeleteOptions, StatusOptions, TokenCreateOptions, WaitOptions, ValidateOptions,
               ExplainOptions, CaStatusOptions, CaRotateOptions, FederationStatusOptions, AccessCreateOptions,
               AccessListOptions, AccessRevokeOptions, AccessWhoamiOptions, VersionOptions, PlanOptions,
               RolloutStatusOptions, RolloutStepOptions, CheckOptions, CompletionOptions, ManOptions, SchemaOptions,
               ExplainFieldOptions, ContextOptions, DiffOptions, HistoryOptions, ShowOptions, RollbackOptions,
               PreCheckOptions, InstallOptions, UninstallOptions, InjectOptions, UninjectOptions>
      command;
};

// The variables that matter; empty when they are not set.
struct Environment {
  std::string context;  // HEDDLE_CONTEXT
  std::string home;     // HOME
  std::string no_color;
  std::string term;
  static Environment of_process();
};

// Nothing to run: help was asked for, or the command line is wrong.
struct CliExit {
  ExitCode code = ExitCode::kOk;
  std::string out;
  std::string err;
};

// `args` without the program's name.
std::variant<CliOptions, CliExit> parse_cli_options(const std::vector<std::string>& args, const Environment&);
}  // namespace heddle
