// The part of the command table that serves people rather than the mesh: check, fields, contexts, shells.
#include "cli/command_line.h"
#include "cli/command_parts.h"

namespace heddle::detail {
namespace {
constexpr char kCheckFooter[] =
    R"(Asks what a person would: whether the control plane answers and how fast, whether the clocks agree, when roots and
certificates end, which sidecars are away, behind or refuse a version, what is wrong with federation. A line for each
finding with what to do about it. Backends are not asked: what they answer is known to the sidecars (heddle explain --live).

Exit code 0: nothing is FAIL. 1: something is. 3: the control plane does not answer.

Examples:
  heddle check
  heddle check -o json
  heddle check --pre
      whether a Kubernetes cluster can take Heddle; asks its API server and no control plane
)";

constexpr char kSchemaFooter[] =
    R"(JSON Schema (2020-12), for editors and CI: of one kind, or of all of them as one schema that goes by `kind`.
Rules between fields and between resources are not in it: `heddle validate` knows them.

Examples:
  heddle schema > heddle.schema.json
  heddle schema HTTPRoute
  heddle schema bs -o json
  heddle schema --crds | kubectl apply -f -
)";

constexpr char kExplainFieldFooter[] =
    R"(Type, default, limits and meaning of a field, and the fields below it. Lists are passed over: rules.matches is
rules[].matches[].

Examples:
  heddle explain-field HTTPRoute
  heddle explain-field HTTPRoute.spec.rules.matches
  heddle explain-field tp.spec.retry -o json
)";

constexpr char kContextFooter[] = "Examples:\n  heddle context list\n";
constexpr char kContextListFooter[] = R"(Examples:
  heddle context list
  heddle --context ./mesh.json context list
)";
constexpr char kContextCurrentFooter[] = R"(Examples:
  heddle context current
)";
constexpr char kContextUseFooter[] = R"(Examples:
  heddle context use staging
)";
constexpr char kContextAddFooter[] =
    R"(Copies what heddle-control wrote into the context file, under a name; the same name again replaces it. The first
context is the current one.

Examples:
  heddle context add staging /var/lib/heddle/admin.context
  heddle --context staging status
)";

constexpr char kCompletionFooter[] =
    R"(Prints a script that completes commands, options, kinds and formats.

Examples:
  heddle completion bash > /etc/bash_completion.d/heddle
  heddle completion zsh > ~/.zsh/completions/_heddle
  heddle completion fish > ~/.config/fish/completions/heddle.fish
)";

constexpr char kManFooter[] =
    R"(Writes heddle.1 and one page for each command, as heddle-get.1, into a directory that exists.

Examples:
  heddle man --dir /usr/local/share/man/man1
  heddle man
)";
}  // namespace

void CommandLine::add_check() {
  CLI::App& app = subcommand(*app_, "check", "Check the control plane and its sidecars, with hints", kCheckFooter);
  add_output(app, words_.output, "table or json");
  add_pre(app);
}

void CommandLine::add_fields() {
  CLI::App& schema = subcommand(*app_, "schema", "Print the JSON Schema of resources", kSchemaFooter);
  schema.add_option("kind", words_.kind, "Kind; without it all of them")->type_name("");
  schema.add_flag("--crds", words_.schema_crds, "CustomResourceDefinitions for Kubernetes instead, as YAML");
  schema.add_option("-o,--output", words_.schema_output, "How to print: json")->type_name("FORMAT");
  CLI::App& field = subcommand(*app_, "explain-field", "Say what a field of a resource is", kExplainFieldFooter);
  field.add_option("field", words_.field, "KIND or KIND.path.of.the.field")->required()->type_name("");
  add_output(field, words_.output, "table or json");
}

void CommandLine::add_context() {
  CLI::App& context = subcommand(*app_, "context", "The control planes that the context file knows", kContextFooter);
  subcommand(context, "list", "Show their names and addresses", kContextListFooter);
  subcommand(context, "current", "Print the name of the one that counts", kContextCurrentFooter);
  CLI::App& use = subcommand(context, "use", "Make one of them the one that counts", kContextUseFooter);
  use.add_option("name", words_.context_name, "Name of the context")->required()->type_name("");
  CLI::App& add = subcommand(context, "add", "Add the context of another file", kContextAddFooter);
  add.add_option("name", words_.context_name, "Name of the context")->required()->type_name("");
  add.add_option("file", words_.context_source, "File with one context")->required()->type_name("");
}

void CommandLine::add_shell() {
  CLI::App& completion = subcommand(*app_, "completion", "Print a completion script for a shell", kCompletionFooter);
  completion.add_option("shell", words_.shell, "bash, zsh or fish")->required()->type_name("");
  CLI::App& man = subcommand(*app_, "man", "Write manual pages", kManFooter);
  man.add_option("--dir", words_.directory, "Directory to write to (default: the current one)")->type_name("DIR");
}
}  // namespace heddle::detail
