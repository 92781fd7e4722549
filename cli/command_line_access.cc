// Tokens of people and programs.
#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/command_parts.h"

namespace heddle::detail {
namespace {
constexpr char kAccessFooter[] = "Examples:\n  heddle access create ci --role editor -n shop --ttl 720h\n";

constexpr char kAccessCreateFooter[] =
    R"(Prints the token alone on standard output, once: the control plane keeps its hash only. Put it into a copy of the
context file. A role counts in the namespaces that stand behind its colon, else in those of -n, or in all with -A:
  viewer    reads everything there, and explains
  editor    also changes what routes traffic: services, backend sets, routes, filters and their policies
  security  also changes who may call and who is who: authorization policies, workloads, join tokens
  plan      also sees facts of recent requests, for `heddle plan`
  operator  also rotates the CA and manages these tokens (in all namespaces only)
  admin     everything
Nobody gives a role that he does not have.

Examples:
  heddle access create ci --role editor -n shop --ttl 720h
  heddle access create dashboard --role viewer -A
  heddle access create shop-lead --role editor:shop,web --role security:shop --role 'viewer:*'
)";

constexpr char kAccessListFooter[] = R"(Examples:
  heddle access list
  heddle access list -o json
)";

constexpr char kAccessRevokeFooter[] = R"(From now on the token is worth nothing; what was applied with it stays.

Examples:
  heddle access revoke ci
)";

constexpr char kAccessWhoamiFooter[] = R"(Examples:
  heddle access whoami
  heddle access whoami -o json
)";
}  // namespace

void CommandLine::add_access() {
  CLI::App& access =
      subcommand(*app_, "access", "Tokens of people and programs for this API, and their roles", kAccessFooter);
  CLI::App& create = subcommand(access, "create", "Make a token with roles", kAccessCreateFooter);
  create.add_option("name,--name", words_.name, "Who it is for, as the audit log will say")->required()->type_name("");
  create.add_option("--role", words_.roles, "Role, in the namespaces of -n or its own; may be repeated")
      ->required()
      ->type_name("ROLE[:NS,...]")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  create.add_option("-n,--namespace", words_.namespaces, "Where the roles count; may be repeated")
      ->type_name("NS")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  create.add_flag("-A,--all-namespaces", words_.all_namespaces, "They count in all namespaces");
  create.add_option("--ttl", words_.access_ttl, "How long it can be used, at most 8760h (default: for ever)")
      ->type_name("DURATION");
  CLI::App& list = subcommand(access, "list", "Show the tokens and their roles", kAccessListFooter);
  add_output(list, words_.output, "table or json");
  CLI::App& revoke = subcommand(access, "revoke", "End a token", kAccessRevokeFooter);
  revoke.add_option("name,--name", words_.name, "Its name")->required()->type_name("");
  CLI::App& whoami = subcommand(access, "whoami", "Show whose token this is and what it may do", kAccessWhoamiFooter);
  add_output(whoami, words_.output, "table or json");
}
}  // namespace heddle::detail
