// What the checks of all commands' options share: private to the *_words.cc, *_options.cc and options.cc. Pure.
#pragma once
#include <initializer_list>
#include <string>

#include "cli/options.h"
#include "lib/base/json_reader.h"

namespace heddle::detail {
// kBadRequest, for the line above "See `heddle ... --help`".
Error usage(std::string text);

inline constexpr EnumName<OutputFormat> kTable{"table", OutputFormat::kTable};
inline constexpr EnumName<OutputFormat> kJson{"json", OutputFormat::kJson};
inline constexpr EnumName<OutputFormat> kYaml{"yaml", OutputFormat::kYaml};
inline constexpr EnumName<OutputFormat> kName{"name", OutputFormat::kName};
inline constexpr EnumName<OutputFormat> kWide{"wide", OutputFormat::kWide};
// "--output: expected one of table, json; got \"text\""
Result<OutputFormat> parse_output(const std::string& word, std::initializer_list<EnumName<OutputFormat>> allowed);
}  // namespace heddle::detail
