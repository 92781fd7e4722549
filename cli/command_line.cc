#include "cli/command_line.h"

#include <algorithm>

#include "cli/command_parts.h"

namespace heddle::detail {
namespace {
constexpr char kGlobalFooter[] =
    R"(Kinds: services (svc), backendsets (bs), httproutes (hr), grpcroutes (gr),
       tcproutes (tr), tlsroutes (tlsr), httproutefilters (hrf), healthpolicies (hp),
       trafficpolicies (tp), authorizationpolicies (ap), ratelimitpolicies (rl),
       workloads (wl), federatedtrustdomains (ftd)

Exit codes:
  0  done
  1  failed: refused (for explain: the request would be), not found, invalid files, a wait that timed out, a check
     that failed, a rollout that was taken back, or no usable context file; for plan and diff: something would change
  2  the command line is wrong; nothing was done
  3  no answer from the control plane, or it cannot answer now
  4  conflict: the resource or the mesh changed meanwhile, or something still refers to it
  5  for plan and diff, whose 1 says that something would change: refused, invalid files, or no usable context file
  6  the change is made, but it is not live: a sidecar refused it, time ran out, or its rollout is paused (--wait)

Examples:
  heddle apply -f mesh.yaml
  heddle get httproutes
  heddle status
  heddle check
  heddle explain http://hello/
  heddle <command> --help
)";

constexpr char kApplyFooter[] =
    R"(Files are YAML (several documents, or `kind: List`) or JSON; a directory stands for its *.yaml, *.yml and *.json.
All files are checked first and every problem is printed with its file and line; nothing is sent while there is one.
The resources are applied as one change: all or nothing. What is in no file stays (`heddle delete` removes it), unless
--prune is given: it deletes, in the same change, what is in the namespace of -n, or has the labels of -l (with both: both).
With --wait the change stands even if a sidecar refuses it (exit code 6): `heddle rollback` takes it back. With --stages
--wait the exit code is 1 when it was rolled back or aborted, and 6 when it is paused; interrupted, the rollout goes on.

Examples:
  heddle apply -f hello.yaml
  heddle apply -f mesh/ -n shop
  heddle apply -f hello.yaml --dry-run
  heddle apply -f mesh/ --expect 1.42 --message 'ticket 123' --wait --timeout 2m
  heddle apply -f mesh/ -n shop --prune --dry-run
  generate-routes | heddle apply -f -
  heddle apply -f routes.yaml --stages 1%,10%,100% --watch 30s --max-error-rate +1%
  heddle apply -f routes.yaml --stages 10%,100% --wait
)";

// Of the groups.
constexpr char kRolloutFooter[] = "Examples:\n  heddle rollout status\n";
constexpr char kTokensFooter[] = "Examples:\n  heddle token create --id spiffe://cluster.local/ns/default/sa/hello\n";
constexpr char kCaFooter[] = "Examples:\n  heddle ca status\n";
constexpr char kFederationFooter[] = "Examples:\n  heddle federation status\n";

constexpr char kRolloutStatusFooter[] =
    R"(What is rolled out in stages (heddle apply --stages), the stage it is in, and the requests, errors, rejects and latency
that sidecars with the change report beside those without it, and beside themselves before. For whoever may apply what is
rolled out, and for roles in all namespaces; to pause, resume, promote or abort it the latter need the role operator.

Examples:
  heddle rollout status
  heddle rollout status -o json
  heddle rollout status --wait
)";

struct RolloutStepText {
  const char* name;
  const char* what;
  const char* footer;
};
constexpr RolloutStepText kRolloutSteps[] = {
    {"pause", "Stay in this stage, whatever is reported",
     "Sidecars that have the change keep it.\n\nExamples:\n  heddle rollout pause\n"},
    {"resume", "Watch the stage anew and go on", "Examples:\n  heddle rollout resume\n"},
    {"promote", "Go to the next stage now; after the last but one, everybody gets it",
     "Whatever is reported of this stage.\n\nExamples:\n  heddle rollout promote\n"},
    {"abort", "Take the change back from those who have it",
     "They get the newest version, with all that was applied meanwhile.\n\nExamples:\n  heddle rollout abort\n"}};

constexpr char kGetFooter[] = R"(Examples:
  heddle get services
  heddle get hr hello -o yaml
  heddle get httproute/hello -n shop
  heddle get backendsets -A -o wide
  heddle get services -l 'app=web,tier in (front,back)'
  heddle get workloads -o name
)";

constexpr char kDeleteFooter[] = R"(Examples:
  heddle delete httproute hello
  heddle delete hr/hello svc/hello -n shop
  heddle delete -f hello.yaml --ignore-not-found
)";

constexpr char kStatusFooter[] =
    R"(One line for each sidecar: its identity, whether it is connected, the version it acknowledged (ACKED), the newest version
whose content it runs (RUNS), how far it is behind (LAG), and why it refused a version, if it did.

Examples:
  heddle status
  heddle status -o json
)";

constexpr char kTokenFooter[] =
    R"(Prints the token alone on standard output. It can be used once, by the workload with that SPIFFE id, until it expires.

Examples:
  heddle token create --id spiffe://cluster.local/ns/default/sa/hello
  heddle token create --id spiffe://cluster.local/ns/default/sa/hello --ttl 1h > join.token
)";

constexpr char kWaitFooter[] =
    R"(Waits until every live sidecar runs that version, at most for --timeout; exit code 1 names those that lag and why: what
they refused (then nothing is waited for any more), for how long they have not answered, what they run.

Examples:
  heddle wait --version 1.43
  heddle wait --version 1.43 --timeout 2m
)";

constexpr char kValidateFooter[] =
    R"(Checks the files as a complete configuration, with all references between resources. Needs no control plane.

Examples:
  heddle validate -f mesh/
  heddle validate -f services.yaml -f routes.yaml
)";

constexpr char kExplainFooter[] =
    R"(Says what would become of a request, by the code that routes real ones: every rule that was tried and why it did not
match, and every backend set that may be drawn with its share. Nothing is sent. Without -f the control plane is asked about
its newest version; with -f the files are a complete configuration, and no control plane is needed: both know
configuration only, not health and load. With --live the sidecar answers by what it obeys and knows now: health, limits in
use, its own policies; tcp:// and listeners of protocol tcp are refused then. The namespace is that of the application
that asks (default: that of --from, else default; of a sidecar its own).

Exit code 0: it would be routed. 1: it would be refused; the answer says with which status and reason.

Examples:
  heddle explain http://hello/
  heddle explain http://hello.shop:8080/cart -n web --method POST -H 'x-user: ada'
  heddle explain http://hello/ --from spiffe://cluster.local/ns/web/sa/front
  heddle explain http://hello/ -f mesh/ -o json
  heddle explain tcp://db:3306
  heddle explain tcp://shop:443 --sni pay.shop.example
  heddle explain http://hello/ --live unix:/var/lib/heddle/admin.sock
  heddle explain http://hello/ --live 127.0.0.1:15000 --admin-token /var/lib/heddle/admin.token
  heddle explain http://hello/ --live 127.0.0.1:15000 --inbound --from spiffe://cluster.local/ns/web/sa/front
)";

constexpr char kPlanFooter[] =
    R"(Says what `heddle apply -f` of the same files would do, and changes nothing: which resources and fields, which rules
of which services come, go, lead elsewhere or can never be reached, which connected sidecars would get it, and how many of
the requests that these remember would be routed or judged differently, by the code that judges real ones. What is not in
the files stays, unless --prune is given, as of apply.

Exit code 0: nothing would change. 1: something would. 5: it would be refused, or the files are invalid.

Examples:
  heddle plan -f mesh/
  heddle plan -f hello.yaml --no-replay
  heddle plan -f mesh/ -n shop -o json
  heddle plan -f mesh/ -n shop --prune
)";

constexpr char kCaStatusFooter[] =
    R"(The roots of the trust domain and which of them signs; for each live sidecar (its certificate is valid, connected or
not) whether it uses the newest bundle of roots and shows a certificate of the root that signs; which step of a
rotation comes next, and who keeps it from being taken.

Examples:
  heddle ca status
  heddle ca status -o json
)";

constexpr char kCaRotateFooter[] =
    R"(Without a step: all of them, each as soon as nobody is in its way, with progress; interrupted, the same command goes on.
  prepare   makes a new root; the old one signs on, sidecars learn to trust both
  activate  the new root signs, sidecars renew; refused (exit code 4) until every live sidecar trusts both
  retire    the old root is trusted no more; refused while a live sidecar shows a certificate of it
  abort     takes a prepared root back

A sidecar that is gone for good counts as live until its certificate expires. --except names those you know are gone.

Examples:
  heddle ca rotate
  heddle ca rotate --wait 1h
  heddle ca rotate prepare
  heddle ca rotate activate --except web-7
  heddle ca rotate abort
)";

constexpr char kFederationStatusFooter[] =
    R"(One line for each FederatedTrustDomain: where its bundle comes from (SOURCE: its endpoint, given in the resource, or
none yet), how many roots it has, when the endpoint last gave a good answer (FETCHED) and how often it has failed since;
below, what is wrong. A bundle that cannot be renewed stays in force.

Examples:
  heddle federation status
  heddle federation status -o json
)";

constexpr char kVersionFooter[] = R"(Examples:
  heddle version
  heddle version --client -o json
)";
}  // namespace

CommandLine::CommandLine() : app_(std::make_unique<CLI::App>("heddle: the command line of the Heddle mesh", "heddle")) {
  words_.timeout = format_duration(kDefaultTimeout);
  words_.color = "auto";
  words_.ns = kDefaultNamespace;
  words_.output = "table";
  words_.schema_output = "json";
  words_.overlay = "base";
  words_.inject_image = kDefaultProxyImage;
  words_.install_ns = kSystemNamespace;
  words_.trust_domain = "cluster.local";
  words_.method = "GET";
  words_.ttl = format_duration(kDefaultTokenTtl);
  words_.wait = format_duration(kDefaultRotation);
  app_->footer(kGlobalFooter);
  add_global();
  add_apply();
  add_get();
  add_delete();
  add_status();
  add_token();
  add_wait();
  add_validate();
  add_explain();
  add_plan();
  add_ca();
  add_federation();
  add_access();
  add_rollout();
  add_version();
  add_changes();
  add_install();
  add_inject();
  add_check();
  add_fields();
  add_context();
  add_shell();
}

CommandLine::~CommandLine() = default;

void CommandLine::add_global() {
  app_->add_option("--context", words_.context,
                   "Context file: address, CA and token of the control plane\n"
                   "(default: $HEDDLE_CONTEXT, else ~/.heddle/context.json);\n"
                   "or the NAME of one of the contexts in that file")
      ->type_name("FILE|NAME");
  app_->add_option("--timeout", words_.timeout, "How long to wait for an answer, or for the sidecars (default: 30s)")
      ->type_name("DURATION");
  app_->add_option("--color", words_.color, "auto, always or never; auto honours NO_COLOR (default: auto)")
      ->type_name("WHEN");
}

void CommandLine::add_namespace(CLI::App& app, const std::string& what) {
  app.add_option("-n,--namespace", words_.ns, what)->type_name("NS")->each([this](const std::string&) {
    words_.is_ns_given = true;
  });
}

void CommandLine::add_files(CLI::App& app) {
  app.add_option("-f,--filename", words_.files, "File, directory or - (standard input); may be repeated")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false)  // what follows the file is another word
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void CommandLine::add_apply() {
  CLI::App& app = subcommand(*app_, "apply", "Create or change resources from files", kApplyFooter);
  add_files(app);
  app.get_option("-f")->required();
  add_namespace(app, "Namespace of resources that name none (default: default)");
  app.add_flag("--dry-run", words_.dry_run, "Let the control plane check everything and change nothing");
  add_prune(app);
  add_said(app);
  app.add_flag("--wait", words_.wait_live,
               "Wait until every live sidecar runs the change, at most --timeout;\n"
               "with --stages: until the rollout is over, as long as that takes");
  add_stages(app);
}

void CommandLine::add_stages(CLI::App& app) {
  app.add_option("--stages", words_.stages,
                 "Roll out in stages, as 1%,10%,100%, or node=web-1,100%; see `heddle rollout status`")
      ->type_name("LIST");
  app.add_option("--watch", words_.watch, "With --stages: how long each is watched (default: 30s)")
      ->type_name("DURATION");
  app.add_option("--max-error-rate", words_.max_error_rate,
                 "With --stages: roll back when more requests fail, in points (default: +1%)")
      ->type_name("PERCENT");
  app.add_option("--max-reject-rate", words_.max_reject_rate,
                 "With --stages: the same of requests that sidecars refuse (default: +1%)")
      ->type_name("PERCENT");
  app.add_option("--max-latency", words_.max_latency,
                 "With --stages: roll back when the mean is longer by so much (default: not judged)")
      ->type_name("PERCENT");
  app.add_option("--min-requests", words_.min_requests,
                 "With --stages: so many with the change before anything is judged (default: 100)")
      ->type_name("N");
}

void CommandLine::add_rollout() {
  CLI::App& rollout = subcommand(*app_, "rollout", "Changes that are rolled out in stages", kRolloutFooter);
  CLI::App& status = subcommand(rollout, "status", "Show the rollout and what is seen of it", kRolloutStatusFooter);
  add_output(status, words_.output, "table or json");
  status.add_flag("--wait", words_.wait_live, "Wait until it is over, or paused");
  for (const RolloutStepText& step : kRolloutSteps) subcommand(rollout, step.name, step.what, step.footer);
}

void CommandLine::add_get() {
  CLI::App& app = subcommand(*app_, "get", "Show resources", kGetFooter);
  app.add_option("resource", words_.resource, "KIND [NAME] or KIND/NAME")->required()->type_name("");
  add_namespace(app, "Namespace (default: default)");
  app.add_flag("-A,--all-namespaces", words_.all_namespaces, "Resources of all namespaces");
  app.add_option("-l,--selector", words_.selector, "Labels, as 'app=web,tier!=test,zone in (a,b)'")
      ->type_name("SELECTOR");
  add_output(app, words_.output, "table, wide, json, yaml or name");
}

void CommandLine::add_delete() {
  CLI::App& app = subcommand(*app_, "delete", "Delete resources by name or from files", kDeleteFooter);
  app.add_option("resource", words_.resource, "KIND NAME... or KIND/NAME...")->type_name("");
  add_files(app);
  add_namespace(app, "Namespace (default: default)");
  app.add_flag("--ignore-not-found", words_.ignore_not_found, "What is not there is no failure");
  add_said(app);
}

void CommandLine::add_status() {
  CLI::App& app = subcommand(*app_, "status", "Show sidecars and the version each of them runs", kStatusFooter);
  add_output(app, words_.output, "table or json");
}

void CommandLine::add_token() {
  CLI::App& token = subcommand(*app_, "token", "Join tokens for new sidecars", kTokensFooter);
  CLI::App& app = subcommand(token, "create", "Make a one-time join token for a workload", kTokenFooter);
  app.add_option("--id", words_.id, "SPIFFE id of the workload")->required()->type_name("SPIFFE-ID");
  app.add_option("--ttl", words_.ttl, "How long the token can be used (default: 10m)")->type_name("DURATION");
}

void CommandLine::add_wait() {
  CLI::App& app = subcommand(*app_, "wait", "Wait until every live sidecar runs a version", kWaitFooter);
  app.add_option("--version", words_.version, "Version, as `heddle apply` prints it")->required()->type_name("N");
}

void CommandLine::add_validate() {
  CLI::App& app = subcommand(*app_, "validate", "Check files without a control plane", kValidateFooter);
  add_files(app);
  app.get_option("-f")->required();
  add_namespace(app, "Namespace of resources that name none (default: default)");
}

void CommandLine::add_explain() {
  CLI::App& app = subcommand(*app_, "explain", "Say where a request would go, and why", kExplainFooter);
  app.add_option("url,--url", words_.url, "http://host[:port][/path][?query], or tcp://host[:port]")
      ->required()
      ->type_name("");
  app.add_option("--method", words_.method, "Method (default: GET)")->type_name("METHOD");
  app.add_option("-H,--header", words_.headers, "A header, as 'name: value'; may be repeated")
      ->type_name("HEADER")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("-n,--namespace", words_.client_ns, "Namespace of who asks")->type_name("NS");
  app.add_option("--from", words_.from, "SPIFFE id of who asks: judges which services it may see")
      ->type_name("SPIFFE-ID");
  app.add_option("--sni", words_.sni, "With tcp://: the server name that a TLS client asks for")->type_name("NAME");
  app.add_option("--draw", words_.draw, "The request's draw: explains that one request, not all that might be drawn")
      ->type_name("N");
  app.add_option("--live", words_.live, "Ask this sidecar's admin: what would it do now? Not of tcp://")
      ->type_name("ADDRESS|unix:PATH");
  app.add_option("--admin-token", words_.admin_token, "With --live over TCP: the sidecar's admin.token")
      ->type_name("FILE");
  app.add_option("--listener", words_.listener, "With --live: the listener that the request comes to")
      ->type_name("NAME");
  app.add_flag("--inbound", words_.inbound, "With --live: the request comes from outside, --from proved its id");
  add_files(app);
  add_output(app, words_.output, "table or json");
}

void CommandLine::add_plan() {
  CLI::App& app = subcommand(*app_, "plan", "Say what a change would do, before it is made", kPlanFooter);
  add_files(app);
  app.get_option("-f")->required();
  add_namespace(app, "Namespace of resources that name none (default: default)");
  add_prune(app);
  app.add_flag("--no-replay", words_.no_replay, "Do not ask sidecars for the requests they remember");
  add_output(app, words_.output, "table or json");
}

void CommandLine::add_ca() {
  CLI::App& ca = subcommand(*app_, "ca", "The roots of the trust domain and their rotation", kCaFooter);
  CLI::App& status = subcommand(ca, "status", "Show the roots and which sidecars trust them", kCaStatusFooter);
  add_output(status, words_.output, "table or json");
  CLI::App& rotate = subcommand(ca, "rotate", "Replace the root, all steps or one", kCaRotateFooter);
  rotate.add_option("step", words_.step, "prepare, activate, retire or abort")->type_name("");
  rotate.add_option("--except", words_.except, "A sidecar this step does not wait for; may be repeated")
      ->type_name("NODE|SERIAL")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  rotate.add_option("--wait", words_.wait, "How long to wait for sidecars, all steps together (default: 15m)")
      ->type_name("DURATION");
}

void CommandLine::add_federation() {
  CLI::App& federation =
      subcommand(*app_, "federation", "Other trust domains that this mesh believes", kFederationFooter);
  CLI::App& status =
      subcommand(federation, "status", "Show their bundles and what is wrong with them", kFederationStatusFooter);
  add_output(status, words_.output, "table or json");
}

void CommandLine::add_version() {
  CLI::App& app = subcommand(*app_, "version", "Show the versions of heddle and of the control plane", kVersionFooter);
  app.add_flag("--client", words_.client, "Do not ask the control plane");
  add_output(app, words_.output, "table or json");
}

std::string CommandLine::command() const {
  std::string out;
  const CLI::App* app = app_.get();
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    out.append(out.empty() ? "" : " ").append(app->get_name());
  }
  return out;
}

CliExit CommandLine::usage_error(std::string_view what) const {
  std::string name = command();
  std::string see = name.empty() ? std::string("heddle --help") : str_cat("heddle ", name, " --help");
  return {ExitCode::kUsage, "", str_cat("error: ", what, "\nSee `", see, "`.\n")};
}

// CLI11 could require one itself, but would then not name the word that is none.
bool CommandLine::is_complete() const {
  const CLI::App* app = app_.get();
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app->get_subcommands([](const CLI::App*) { return true; }).empty();
}

std::optional<CliExit> CommandLine::parse(const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app_->parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return CliExit{ExitCode::kOk, app_->help(), ""};
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  if (!is_complete()) return usage_error("expected a command");
  return std::nullopt;
}
}  // namespace heddle::detail
