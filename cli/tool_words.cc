#include "cli/tool_words.h"

#include "cli/option_words.h"
#include "cli/resource_words.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle::detail {
Result<CompletionOptions> parse_completion_words(const Words& words) {
  constexpr EnumName<Shell> kShells[] = {{"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}};
  for (const EnumName<Shell>& shell : kShells) {
    if (shell.name == words.shell) return CompletionOptions{shell.value};
  }
  return usage(str_cat("expected bash, zsh or fish; got ", in_quotes(words.shell)));
}

Result<ManOptions> parse_man_words(const Words& words) {
  if (words.directory.empty()) return ManOptions{};
  return ManOptions{words.directory};
}

Result<SchemaOptions> parse_schema_words(const Words& words) {
  SchemaOptions out;
  out.crds = words.schema_crds;
  if (words.kind.empty()) return out;
  if (out.crds) return usage("--crds prints those of all kinds: leave the kind out");
  HEDDLE_TRY(out.kind, parse_kind_word(words.kind));
  return out;
}

// The kind's own dots (its group) cannot be told from those of a path: kinds stand here without their group.
Result<ExplainFieldOptions> parse_field_words(const std::string& field) {
  ExplainFieldOptions out;
  size_t dot = field.find('.');
  HEDDLE_TRY(out.kind, parse_kind_word(std::string_view(field).substr(0, dot)));
  if (dot != field.npos) out.path = field.substr(dot + 1);
  if (dot != field.npos && out.path.empty()) return usage(str_cat(in_quotes(field), " ends with a dot"));
  return out;
}

Result<ContextOptions> parse_context_words(ContextVerb verb, const Words& words) {
  if (is_dns_label(words.context)) {
    return usage("--context names a file here: the one that holds the contexts; write ./NAME for a file of that name");
  }
  ContextOptions out{verb, words.context_name, words.context_source};
  bool is_named = verb == ContextVerb::kUse || verb == ContextVerb::kAdd;
  if (is_named && !is_dns_label(out.name)) {
    return usage(
        str_cat(in_quotes(out.name), " is not the name of a context (1-63 lower-case letters, digits or '-')"));
  }
  return out;
}
}  // namespace heddle::detail
