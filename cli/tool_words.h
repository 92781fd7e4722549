// The words of the commands that people use beside the mesh: completion, man, schema, explain-field, context. Private
// to cli/options.cc. Pure.
#pragma once
#include "cli/command_line.h"
#include "cli/options.h"

namespace heddle::detail {
Result<CompletionOptions> parse_completion_words(const Words&);
Result<ManOptions> parse_man_words(const Words&);
Result<SchemaOptions> parse_schema_words(const Words&);
// "HTTPRoute.spec.rules.matches"
Result<ExplainFieldOptions> parse_field_words(const std::string& field);

Result<ContextOptions> parse_context_words(ContextVerb, const Words&);
template <ContextVerb verb>
Result<ContextOptions> context_words(const Words& words) {
  return parse_context_words(verb, words);
}
}  // namespace heddle::detail
