#include "control/api/change_request.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error wrong(std::string_view name, std::string_view expected) {
  return make_error(Reason::kBadRequest, str_cat(name, ": expected ", expected), Origin::kDownstream);
}

bool is_written(const RpcRequest& request, std::string_view name) {
  for (std::string_view part : split(request.query, '&')) {
    if (part.substr(0, part.find('=')) == name) return true;
  }
  return false;
}

// It goes to terminals and to the audit log.
bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

Result<std::string> read_message(const RpcRequest& request) {
  HEDDLE_TRY(std::optional<std::string> text, read_query_param(request, "message"));
  if (!text) return std::string();
  if (text->size() > kMaxChangeMessage) return wrong("message", "at most 1024 bytes");
  if (std::any_of(text->begin(), text->end(), is_control)) return wrong("message", "no control characters");
  return *std::move(text);
}
}  // namespace

Result<std::optional<std::string>> read_query_param(const RpcRequest& request, std::string_view name) {
  std::optional<std::string> text = request.query_param(name);
  if (!text && is_written(request, name)) return wrong(name, "percent-encoded text");
  return text;
}

Result<std::optional<Version>> read_version_param(const RpcRequest& request, std::string_view name) {
  HEDDLE_TRY(std::optional<std::string> text, read_query_param(request, name));
  if (!text) return std::optional<Version>();
  Result<Version> version = Version::parse(*text);
  if (!version) return wrong(name, "a version as \"1.42\"");
  return std::optional<Version>(*version);
}

Result<bool> read_flag_param(const RpcRequest& request, std::string_view name) {
  HEDDLE_TRY(std::optional<std::string> text, read_query_param(request, name));
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  return wrong(name, "true or false");
}

Result<std::optional<ResourceKey>> read_resource_param(const RpcRequest& request, std::string_view name) {
  HEDDLE_TRY(std::optional<std::string> text, read_query_param(request, name));
  if (!text) return std::optional<ResourceKey>();
  Result<ResourceKey> key = ResourceKey::parse(*text);
  if (!key) return wrong(name, "a resource as \"HTTPRoute/default/hello\"");
  return std::optional<ResourceKey>(*std::move(key));
}

Result<ChangeWords> read_change_words(const RpcRequest& request) {
  ChangeWords out;
  HEDDLE_TRY(out.is_dry_run, read_flag_param(request, "dryRun"));
  HEDDLE_TRY(out.expected, read_version_param(request, "expect"));
  HEDDLE_TRY(out.message, read_message(request));
  return out;
}
}  // namespace heddle
