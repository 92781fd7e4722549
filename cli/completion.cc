#include "cli/completion.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
// Every command and group of commands, the whole first.
void each_node(const CommandInfo& command, auto each) {
  each(command);
  for (const CommandInfo& child : command.children) each_node(child, each);
}

std::string last_word(const CommandInfo& command) { return command.name.substr(command.name.rfind(' ') + 1); }

bool is_path(const OptionInfo& option) {
  return option.word.find("FILE") != std::string::npos || option.word == "DIR" || option.word == "file";
}

std::string parent_of(const std::string& name) {
  size_t space = name.rfind(' ');
  return space == name.npos ? std::string() : name.substr(0, space);
}

// What bash does with one option's value: `case "$command|$prev"`.
std::string bash_value(const std::string& command, const OptionInfo& option) {
  std::vector<std::string> patterns;
  for (const std::string& name : option.names) {
    patterns.push_back(str_cat(command.empty() ? std::string("*\"|") : str_cat("\"", command, "|"), name, "\""));
  }
  std::string answer = is_path(option) ? "COMPREPLY=($(compgen -f -- \"$cur\"))" : "COMPREPLY=()";
  if (!option.values.empty()) {
    answer = str_cat("COMPREPLY=($(compgen -W \"", join(option.values, " "), "\" -- \"$cur\"))");
  }
  return str_cat("    ", join(patterns, "|"), ")\n      ", answer, "\n      return ;;\n");
}

struct NodeWords {
  std::vector<std::string> plain{};  // subcommands and values
  std::vector<std::string> options{};
  bool files = false;
};

NodeWords words_of(const CommandInfo& node, const CommandInfo& whole) {
  NodeWords out;
  for (const CommandInfo& child : node.children) out.plain.push_back(last_word(child));
  for (const OptionInfo& word : node.words) {
    out.plain.insert(out.plain.end(), word.values.begin(), word.values.end());
    out.files = out.files || is_path(word);
  }
  auto add = [&](const CommandInfo& of) {
    for (const OptionInfo& option : of.options) {
      for (const std::string& name : option.names) {
        bool is_new = std::find(out.options.begin(), out.options.end(), name) == out.options.end();
        if (is_new) out.options.push_back(name);
      }
    }
  };
  add(node);
  add(whole);
  return out;
}

std::string bash_node(const CommandInfo& node, const CommandInfo& whole) {
  NodeWords words = words_of(node, whole);
  std::string out = str_cat("    \"", node.name, "\")\n      words=\"", join(words.plain, " "), "\"\n");
  out.append("      options=\"").append(join(words.options, " ")).append("\"");
  if (words.files) out.append("\n      files=yes");
  return out.append(" ;;\n");
}

constexpr std::string_view kBashBegin = R"(_heddle() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
  local command="" words="" options="" files="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command|${COMP_WORDS[i]}" in
)";
constexpr std::string_view kBashValues = R"(    esac
  done
  case "$command|$prev" in
)";
constexpr std::string_view kBashNodes = R"(  esac
  case "$command" in
)";
constexpr std::string_view kBashEnd = R"(  esac
  if [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ -n "$files" ]]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -F _heddle heddle
)";

std::string bash_values(const CommandInfo& node) {
  std::string out;
  for (const OptionInfo& option : node.options) {
    if (!option.is_flag) out.append(bash_value(node.name, option));
  }
  return out;
}

std::string bash_script(const CommandInfo& whole) {
  std::string commands;
  std::string values;
  std::string nodes;
  each_node(whole, [&](const CommandInfo& node) {
    nodes.append(bash_node(node, whole));
    if (node.name.empty()) return;
    values.append(bash_values(node));
    std::string pattern = str_cat(parent_of(node.name), "|", last_word(node));
    commands.append(str_cat("      \"", pattern, "\") command=\"", node.name, "\" ;;\n"));
  });
  values.append(bash_values(whole));  // last: their patterns take any command
  return str_cat(kBashBegin, commands, kBashValues, values, kBashNodes, nodes, kBashEnd);
}

// In single quotes; fish knows \' there.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text.substr(0, text.find('\n'))) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out.append("'");
}

std::string fish_option(const CommandInfo& node, const OptionInfo& option) {
  std::string out = "complete -c heddle";
  if (!node.name.empty()) out.append(str_cat(" -n '__heddle_at \"", node.name, "\"'"));
  for (const std::string& name : option.names) {
    bool is_long = name.starts_with("--");
    out.append(is_long ? " -l " : " -s ").append(name.substr(is_long ? 2 : 1));
  }
  if (!option.is_flag) out.append(is_path(option) ? " -r -F" : " -x");
  if (!option.values.empty()) out.append(" -a ").append(fish_quoted(join(option.values, " ")));
  return out.append(" -d ").append(fish_quoted(option.what)).append("\n");
}

std::string fish_node(const CommandInfo& node) {
  std::string at = str_cat("complete -c heddle -n '__heddle_at \"", node.name, "\"'");
  std::string out;
  for (const CommandInfo& child : node.children) {
    out.append(str_cat(at, " -a ", last_word(child), " -d ", fish_quoted(child.what), "\n"));
  }
  for (const OptionInfo& word : node.words) {
    if (!word.values.empty()) out.append(str_cat(at, " -a ", fish_quoted(join(word.values, " ")), "\n"));
    if (is_path(word)) out.append(str_cat(at, " -F\n"));
  }
  for (const OptionInfo& option : node.options) out.append(fish_option(node, option));
  return out;
}

std::string fish_script(const CommandInfo& whole) {
  std::string commands;
  std::string nodes;
  each_node(whole, [&](const CommandInfo& node) {
    nodes.append(fish_node(node));
    if (node.name.empty()) return;
    commands.append(str_cat("            case '", parent_of(node.name), "|", last_word(node),
                            "'\n                set at '", node.name, "'\n"));
  });
  return str_cat(R"(function __heddle_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at|$word"
)",
                 commands, R"(        end
    end
    test "$at" = "$argv[1]"
end
complete -c heddle -f
)",
                 nodes);
}
}  // namespace

std::string completion_script(const CommandInfo& whole, Shell shell) {
  switch (shell) {
    case Shell::kBash:
      return bash_script(whole);
    case Shell::kZsh:
      return str_cat("#compdef heddle\nautoload -U +X bashcompinit && bashcompinit\n", bash_script(whole));
    case Shell::kFish:
      return fish_script(whole);
  }
  return {};
}
}  // namespace heddle
