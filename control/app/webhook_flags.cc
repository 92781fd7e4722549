#include "control/app/webhook_flags.h"

#include <CLI/CLI.hpp>

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error refuse(std::string text) { return make_error(Reason::kBadRequest, std::move(text)); }
}  // namespace

void declare_webhook(CLI::App& app, WebhookWords& words, WebhookOptions& options) {
  auto add = [&app](const char* flag, auto& value, const char* type, const char* environment, const char* help) {
    return app.add_option(flag, value, help)->type_name(type)->envname(environment);
  };
  add("--webhook", words.listen, "ADDR", "HEDDLE_CONTROL_WEBHOOK",
      "address where the API server asks for sidecars (default: nowhere); with --source kubernetes");
  add("--webhook-config", options.configuration, "NAME", "HEDDLE_CONTROL_WEBHOOK_CONFIG",
      "MutatingWebhookConfiguration whose caBundle is kept")
      ->capture_default_str();
  add("--inject-image", options.settings.image, "IMAGE", "HEDDLE_CONTROL_INJECT_IMAGE",
      "image of sidecar and init step; with --webhook");
  add("--inject-control", options.settings.control, "HOST:PORT", "HEDDLE_CONTROL_INJECT_CONTROL",
      "where sidecars reach the control plane; several with commas")
      ->capture_default_str();
  add("--inject-native-sidecar", words.native, "WHEN", "HEDDLE_CONTROL_INJECT_NATIVE_SIDECAR",
      "native sidecar containers: auto (Kubernetes 1.29 and newer), on, off")
      ->capture_default_str();
}

Result<void> read_webhook(const WebhookWords& words, bool has_cluster, WebhookOptions& out) {
  if (words.native != "auto" && words.native != "on" && words.native != "off") {
    return refuse(str_cat("--inject-native-sidecar ", in_quotes(words.native), ": expected auto, on or off"));
  }
  out.native = words.native == "on"    ? NativeSidecars::kOn
               : words.native == "off" ? NativeSidecars::kOff
                                       : NativeSidecars::kAuto;
  if (words.listen.empty()) {
    if (!out.settings.image.empty()) return refuse("--inject-image is of no use without --webhook");
    return {};
  }
  Result<Address> address = Address::parse(words.listen);
  if (!address || !address->is_ip()) {
    return refuse(
        str_cat("--webhook ", in_quotes(words.listen), ": expected an IP address with a port, as 0.0.0.0:15017"));
  }
  if (!has_cluster) return refuse("--webhook needs --source kubernetes");
  if (out.settings.image.empty()) return refuse("--webhook needs --inject-image");
  out.listen = *address;
  return {};
}
}  // namespace heddle
