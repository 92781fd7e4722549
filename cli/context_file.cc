#include "cli/context_file.h"

#include <sys/stat.h>

#include "cli/context_set.h"
#include "lib/base/file.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr SizeRange kTokenSize{1, 4096};
constexpr SizeRange kCaSize{1, ContextFile::kMaxBytes};

// An HTTP header carries it: visible ASCII without spaces.
bool is_token(std::string_view text) {
  for (char c : text) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return true;
}

Error invalid(const Problems& problems) { return make_error(Reason::kConfigInvalid, problems.text()); }

Result<void> check_mode(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) == 0) return {};
  return make_error(Reason::kForbidden,
                    str_cat(path, ": holds a token, but others may read or write it; run: chmod 600 ", path));
}
}  // namespace

Result<ContextFile> ContextFile::parse(std::string_view json, std::string_view name) {
  HEDDLE_TRY(ContextSet set, ContextSet::parse(json));
  HEDDLE_TRY(JsonValue document, set.pick(name));
  Problems problems;
  JsonObject root(JsonReader(document, "", problems));
  std::string address_text = root.string("address");
  std::string id_text = root.string("id");
  std::string ca = root.string("ca", kCaSize);
  std::string token = root.string("token", kTokenSize);
  root.finish();
  Secret secret = Secret::take(token);
  if (!problems.empty()) return invalid(problems);

  Result<Address> address = Address::parse(address_text);
  if (!address) problems.add("address", address.error().detail);
  if (!is_token(secret.view())) problems.add("token", "must be printable ASCII without spaces");
  Result<SpiffeId> id = SpiffeId::parse(id_text);
  if (!id) problems.add("id", id.error().detail);
  if (!id) return invalid(problems);
  Result<TrustBundle> bundle = TrustBundle::parse_pem(id->trust_domain(), ca);
  if (!bundle) problems.add("ca", bundle.error().detail);
  if (!problems.empty()) return invalid(problems);
  return ContextFile{*address, *std::move(id), *std::move(bundle), std::move(secret)};
}

Result<Secret> ContextFile::read(const std::string& path) {
  Result<std::string> text = read_file(path, kMaxBytes);
  if (!text && text.error().reason == Reason::kNotFound) {
    return make_error(Reason::kNotFound, str_cat("no context file at ", path,
                                                 "; heddle-control writes admin.context to its data "
                                                 "directory: name it with --context or HEDDLE_CONTEXT"));
  }
  if (!text) return std::move(text).error();
  Secret secret = Secret::take(*text);
  HEDDLE_CHECK_OK(check_mode(path));
  return secret;
}

Result<ContextFile> ContextFile::load(const std::string& path, std::string_view name) {
  HEDDLE_TRY(Secret secret, read(path));
  Result<ContextFile> parsed = parse(secret.view(), name);
  if (!parsed) return std::move(parsed).error().within(path);
  return parsed;
}
}  // namespace heddle
