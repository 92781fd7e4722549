#include "cli/man_page.h"

#include "lib/base/strings.h"
#include "lib/base/version.h"

namespace heddle {
namespace {
// A '.' or ''' at the beginning of a line would be a command of roff; a '-' is typed as such only when escaped.
std::string escaped(std::string_view text) {
  std::string out;
  bool begins = true;
  for (char c : text) {
    if (begins && (c == '.' || c == '\'')) out.append("\\&");
    if (c == '\\') {
      out.append("\\e");
    } else {
      if (c == '-') out.push_back('\\');
      out.push_back(c);
    }
    begins = c == '\n';
  }
  return out;
}

// An argument of a macro.
std::string argument(std::string_view text) {
  std::string out;
  for (char c : escaped(text)) out.append(c == '"' ? std::string("\\(dq") : std::string(1, c));
  return str_cat("\"", out, "\"");
}

std::string words_text(const CommandInfo& command) {
  std::string out;
  for (const OptionInfo& word : command.words) {
    std::string name = str_cat(word.names[0], word.repeats ? " ..." : "");
    out.append(word.is_required ? str_cat(" ", name) : str_cat(" [", name, "]"));
  }
  return out;
}

std::string synopsis(const CommandInfo& command) {
  if (command.name.empty()) return ".B heddle\n.I command\n[options]\n";
  std::string out = str_cat(".B heddle ", escaped(command.name), "\n");
  std::string rest;
  for (const OptionInfo& option : command.options) {
    if (option.is_required) rest.append(str_cat(" ", option.names[0], " ", option.word));
  }
  return str_cat(out, escaped(trim(str_cat(words_text(command), rest, " [options]"))), "\n");
}

std::string option_text(const OptionInfo& option) {
  std::string head = join(option.names, ", ");
  if (!option.is_flag && option.word != head) head.append(" ").append(option.word);
  return str_cat(".TP\n.B ", argument(head), "\n", escaped(option.what), "\n");
}

std::string section(std::string_view title, const std::vector<OptionInfo>& options) {
  if (options.empty()) return {};
  std::string out = str_cat(".SH ", title, "\n");
  for (const OptionInfo& option : options) out.append(option_text(option));
  return out;
}

std::string verbatim(std::string_view title, std::string_view text) {
  text = trim(text);
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return {};
  return str_cat(".SH ", title, "\n.nf\n", escaped(text), "\n.fi\n");
}

std::string notes(const CommandInfo& command) {
  size_t examples = command.notes.find("Examples:\n");
  std::string_view all = command.notes;
  if (examples == all.npos) return verbatim("DESCRIPTION", all);
  constexpr std::string_view kTitle = "Examples:\n";
  return str_cat(verbatim("DESCRIPTION", all.substr(0, examples)),
                 verbatim("EXAMPLES", all.substr(examples + kTitle.size())));
}

std::string commands_text(const CommandInfo& whole) {
  std::string out = ".SH COMMANDS\n";
  for (const CommandInfo* command : all_commands(whole)) {
    out.append(str_cat(".TP\n.B ", argument(command->name), "\n", escaped(command->what), "; see\n.BR ",
                       escaped(page_name(*command)), " (1)\n"));
  }
  return out;
}
}  // namespace

std::string man_page(const CommandInfo& command, const CommandInfo& whole) {
  std::string name = page_name(command);
  bool is_whole = command.name.empty();
  std::string out = str_cat(".TH ", argument(name), " 1 \"\" ", argument(str_cat("heddle ", kSoftwareVersion)),
                            " \"Heddle\"\n.SH NAME\n", escaped(name), " \\- ", escaped(command.what),
                            "\n.SH SYNOPSIS\n", synopsis(command));
  if (is_whole) out.append(commands_text(whole));
  out.append(section("ARGUMENTS", command.words));
  out.append(section("OPTIONS", command.options));
  if (!is_whole) out.append(section("OPTIONS OF EVERY COMMAND", whole.options));
  out.append(notes(command));
  if (!is_whole) out.append(".SH SEE ALSO\n.BR heddle (1)\n");
  return out;
}
}  // namespace heddle
