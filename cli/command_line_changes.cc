// The commands that look at changes and undo them.
#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/command_parts.h"

namespace heddle::detail {
namespace {
constexpr char kDiffFooter[] =
    R"(Shows what `heddle apply -f` of the same files would change, as the control plane judges it, and changes nothing; or what
lies between two versions. What the server owns (resourceVersion, generation, status, ...) is left out.

Exit code 0: no difference. 1: there are differences. Above: it failed (5: refused, or invalid files).

Examples:
  heddle diff -f mesh/
  heddle diff -f mesh/ -n shop --prune
  heddle diff --version 1.40
  heddle diff --version 1.40 --to 1.42
)";

constexpr char kHistoryFooter[] =
    R"(The newest versions that are still kept: when, by whom (the token's name), how many resources they changed, and why
(--message of apply, delete and rollback). With a resource: the versions that changed it.

Examples:
  heddle history
  heddle history --limit 100 -o json
  heddle history httproute/hello -n shop
)";

constexpr char kShowFooter[] =
    R"(Shows what a version changed, or with --all everything that it held.

Examples:
  heddle show 1.42
  heddle show 1.42 httproute/hello -n shop
  heddle show 1.42 --all -o yaml > mesh-1.42.yaml
)";

constexpr char kRollbackFooter[] =
    R"(Publishes everything that an older version held as a new version, byte for byte: what was made since is deleted, what
was deleted comes back. It is one change, judged like any other, and can be rolled back itself. BackendSets are content
like all else: endpoints that moved since then move back.

Examples:
  heddle rollback 1.40
  heddle rollback 1.40 --dry-run
  heddle rollback 1.40 --message 'the new route loses carts' --wait
)";
}  // namespace

void CommandLine::add_changes() {
  words_.limit = "20";
  add_diff();
  add_history();
  add_show();
  add_rollback();
}

void CommandLine::add_said(CLI::App& app) {
  app.add_option("-m,--message", words_.message, "Why: kept with the version, at most 1024 bytes")->type_name("TEXT");
  app.add_option("--expect", words_.expect, "Only if the mesh is still at this version; else exit code 4")
      ->type_name("VERSION");
}

void CommandLine::add_prune(CLI::App& app) {
  app.add_flag("--prune", words_.prune, "Also delete what is in no file: of the namespace of -n, or by -l, or both");
  app.add_option("-l,--selector", words_.selector, "With --prune: only what has these labels, as 'app=web,tier!=test'")
      ->type_name("SELECTOR");
}

void CommandLine::add_diff() {
  CLI::App& app =
      subcommand(*app_, "diff", "Show what files would change, or what two versions differ in", kDiffFooter);
  add_files(app);
  add_namespace(app, "Namespace of resources that name none (default: default)");
  add_prune(app);
  app.add_option("--version", words_.version, "The older version, instead of files")->type_name("N");
  app.add_option("--to", words_.to, "The newer version (default: the newest)")->type_name("N");
}

void CommandLine::add_history() {
  CLI::App& app = subcommand(*app_, "history", "List versions: when, by whom, why", kHistoryFooter);
  app.add_option("resource", words_.resource, "KIND NAME or KIND/NAME: only what changed it")->type_name("");
  add_namespace(app, "Namespace of the resource (default: default)");
  app.add_option("--limit", words_.limit, "How many, at most 1000 (default: 20)")->type_name("N");
  add_output(app, words_.output, "table or json");
}

void CommandLine::add_show() {
  CLI::App& app = subcommand(*app_, "show", "Show what a version changed", kShowFooter);
  app.add_option("version", words_.version, "Version, as `heddle history` prints it")->required()->type_name("");
  app.add_option("resource", words_.resource, "KIND NAME or KIND/NAME: only of this one")->type_name("");
  add_namespace(app, "Namespace of the resource (default: default)");
  app.add_flag("--all", words_.everything, "Everything the version held");
  add_output(app, words_.output, "table, json or yaml; a table is differences, with --all YAML");
}

void CommandLine::add_rollback() {
  CLI::App& app = subcommand(*app_, "rollback", "Make an older content the newest version", kRollbackFooter);
  app.add_option("version", words_.version, "Version to go back to")->required()->type_name("");
  app.add_flag("--dry-run", words_.dry_run, "Show what would change and change nothing");
  add_said(app);
  app.add_flag("--wait", words_.wait_live, "Wait until every live sidecar runs the change, at most --timeout");
}
}  // namespace heddle::detail
