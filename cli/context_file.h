// The context file: where the control plane is, who it must prove to be, and the token that says who we are. Written by
// heddle-control (0600), read by `heddle`. A value; the token is wiped when it goes.
#pragma once
#include <string>

#include "certs/secret.h"
#include "certs/spiffe_id.h"
#include "certs/trust_bundle.h"
#include "lib/base/address.h"

namespace heddle {
struct ContextFile {
  Address address;
  SpiffeId id;         // the control plane's certificate must name it
  TrustBundle bundle;  // the CA, for the id's trust domain
  Secret token;

  static constexpr size_t kMaxBytes = 256 * 1024;
  // Of a file that holds one context, or of several (context_set.h) the one with that name; empty: the current one.
  // All problems at once; never shows the token.
  static Result<ContextFile> parse(std::string_view json, std::string_view name = {});
  // kNotFound, kIo, kConfigInvalid or kForbidden (others than its owner may read it), naming the file.
  static Result<ContextFile> load(const std::string& path, std::string_view name = {});
  // The text of such a file, by the same rules.
  static Result<Secret> read(const std::string& path);
};
}  // namespace heddle
