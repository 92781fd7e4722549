// The resources behind -f: files, directories and standard input, read and checked completely. Blocking.
#pragma once
#include <istream>
#include <string>
#include <vector>

#include "cli/options.h"
#include "lib/config/files.h"

namespace heddle {
inline constexpr std::string_view kStdinName = "<stdin>";
// Problems also: a resource that stands in two of the paths, and paths without any resource. Metadata of the server is
// kept: a resourceVersion asks for a conflict when the resource changed meanwhile.
LoadedResources load_sources(const FileOptions&, std::istream& in);
// The body of apply and of plan: {"kind":"List","items":[...],"delete":[...]}, `delete` where there is something.
std::string list_body(const std::vector<Resource>&, const std::vector<ResourceKey>& erased = {});
}  // namespace heddle
