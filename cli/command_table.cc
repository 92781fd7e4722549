#include "cli/command_table.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command_line.h"
#include "lib/api/resource.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// "How to print: table, json or name": the words, when it is such a list.
std::vector<std::string> words_listed(std::string_view what) {
  constexpr std::string_view kIntroduction = "How to print: ";
  if (what.starts_with(kIntroduction)) what.remove_prefix(kIntroduction.size());
  std::vector<std::string> out;
  for (std::string_view part : split(what.substr(0, what.find(';')), ',')) {
    std::string_view word = trim(part);
    size_t last = word.find(" or ");
    out.emplace_back(word.substr(0, last));
    if (last != word.npos) out.emplace_back(word.substr(last + 4));
  }
  auto is_plain = [](const std::string& word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  };
  bool is_list = std::all_of(out.begin(), out.end(), is_plain);
  return is_list ? out : std::vector<std::string>();
}

std::vector<std::string> kinds() {
  std::vector<std::string> out;
  for (const KindInfo& kind : all_kinds()) {
    if (kind.supported) out.emplace_back(kind.plural);
  }
  return out;
}

std::vector<std::string> values_of(const CLI::Option& option) {
  std::string name = option.get_positional() ? option.get_name(true) : std::string();
  if (name == "resource" || name == "kind" || name == "field") return kinds();
  bool may_be_list = option.get_positional() || option.get_type_name() == "FORMAT" || option.get_type_name() == "WHEN";
  return may_be_list ? words_listed(option.get_description()) : std::vector<std::string>();
}

OptionInfo info_of(const CLI::Option& option) {
  OptionInfo out;
  for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  if (option.get_positional()) out.names = {option.get_name(true)};
  out.what = option.get_description();
  out.is_flag = option.get_items_expected_max() == 0;
  out.word = out.is_flag ? "" : option.get_type_name();
  if (out.word.empty() && !out.is_flag) out.word = out.names[0];
  out.is_required = option.get_required();
  out.repeats =
      option.get_items_expected_max() > 1 || option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  out.values = values_of(option);
  return out;
}

CommandInfo info_of(const CLI::App& app, const std::string& name) {
  CommandInfo out;
  out.name = name;
  out.what = app.get_description();
  out.notes = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? out.words : out.options).push_back(info_of(*option));
  }
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    out.children.push_back(info_of(*child, str_cat(name, name.empty() ? "" : " ", child->get_name())));
  }
  return out;
}

void collect(const CommandInfo& command, std::vector<const CommandInfo*>& out) {
  if (command.children.empty()) out.push_back(&command);
  for (const CommandInfo& child : command.children) collect(child, out);
}
}  // namespace

CommandInfo command_table() {
  detail::CommandLine line;
  return info_of(line.app(), "");
}

std::vector<const CommandInfo*> all_commands(const CommandInfo& whole) {
  std::vector<const CommandInfo*> out;
  collect(whole, out);
  return out;
}

std::string page_name(const CommandInfo& command) {
  std::string out = command.name.empty() ? "heddle" : str_cat("heddle-", command.name);
  std::replace(out.begin(), out.end(), ' ', '-');
  return out;
}
}  // namespace heddle
