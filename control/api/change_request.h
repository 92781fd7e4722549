// What the author of a change says beside its content, in the query: ?dryRun=true&expect=1.42&message=why. Pure; what
// is not understood is refused, never ignored.
#pragma once
#include <optional>
#include <string>

#include "lib/api/resource.h"
#include "lib/rpc/message.h"

namespace heddle {
struct ChangeWords {
  bool is_dry_run = false;
  std::optional<Version> expected{};  // the version of the mesh that the author saw
  std::string message{};              // why
};

inline constexpr size_t kMaxChangeMessage = 1024;  // bytes

// kBadRequest names the parameter and what was expected.
Result<ChangeWords> read_change_words(const RpcRequest&);

// A parameter that is written but cannot be decoded is an error, not an absence.
Result<std::optional<std::string>> read_query_param(const RpcRequest&, std::string_view name);
// "1.42"
Result<std::optional<Version>> read_version_param(const RpcRequest&, std::string_view name);
// "true" or "false"; false when absent.
Result<bool> read_flag_param(const RpcRequest&, std::string_view name);
// "HTTPRoute/default/hello"
Result<std::optional<ResourceKey>> read_resource_param(const RpcRequest&, std::string_view name);
}  // namespace heddle
