// The flags of the injection webhook. Plain values; no file is read. Wrong ones are refused with the flag's name and
// what was expected.
#pragma once
#include <optional>
#include <string>

#include "lib/base/address.h"
#include "lib/inject/pod_options.h"

namespace CLI {
class App;
}

namespace heddle {
enum class NativeSidecars : uint8_t { kAuto, kOn, kOff };  // auto: as the API server's version has it

struct WebhookOptions {
  std::optional<Address> listen;  // nothing: there is no webhook
  std::string configuration = "heddle-injector";
  NativeSidecars native = NativeSidecars::kAuto;
  InjectSettings settings;  // but the trust domain
};

struct WebhookWords {
  std::string listen;
  std::string native = "auto";
};
void declare_webhook(CLI::App&, WebhookWords&, WebhookOptions&);
// `has_cluster`: --source kubernetes.
Result<void> read_webhook(const WebhookWords&, bool has_cluster, WebhookOptions&);
}  // namespace heddle
