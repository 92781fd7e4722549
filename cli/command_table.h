// The command table: every command of `heddle` with its options, as the parser of the command line knows them. What
// people read elsewhere (completion, manual pages, docs/cli.md) is made from it or compared with it. A value.
#pragma once
#include <string>
#include <vector>

namespace heddle {
struct OptionInfo {
  std::vector<std::string> names{};   // "-o", "--output"; of a positional word its name alone
  std::string word{};                 // of its value: "FORMAT"; empty: it has none, it is a flag
  std::string what{};                 // one line, or several
  std::vector<std::string> values{};  // all it can be; empty: something else
  bool is_flag = false;
  bool is_required = false;
  bool repeats = false;
};

struct CommandInfo {
  std::string name{};  // "token create"; of the whole empty
  std::string what{};
  std::string notes{};  // what --help says at its end, examples included
  std::vector<OptionInfo> options{};
  std::vector<OptionInfo> words{};  // positional
  std::vector<CommandInfo> children{};
};

// The whole; its options are those of every command.
CommandInfo command_table();
// Those that do something, in the order of the table: "apply", ..., "token create".
std::vector<const CommandInfo*> all_commands(const CommandInfo&);
// "heddle", "heddle-token-create": the name of its page.
std::string page_name(const CommandInfo&);
}  // namespace heddle
