#include "cli/install_words.h"

#include <algorithm>

#include "certs/spiffe_id.h"
#include "cli/option_words.h"
#include "lib/base/strings.h"

namespace heddle::detail {
namespace {
// As registries have them; no more of a grammar, since a wrong one is refused by the cluster, but nothing that would be
// more than a word of YAML.
bool is_image(std::string_view text) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_/:@").find(c) != std::string_view::npos;
  };
  bool begins = !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= '0' && text[0] <= '9'));
  return begins && text.size() <= 512 && text.back() != ':' && std::all_of(text.begin(), text.end(), fits);
}

Result<std::string> parse_system_namespace(const Words& words) {
  if (is_dns_label(words.install_ns)) return words.install_ns;
  return usage(str_cat("--namespace: ", in_quotes(words.install_ns),
                       " is not a namespace (1-63 lower-case letters, digits or '-')"));
}

Result<void> take_image(const std::string& word, InstallChoice& into) {
  size_t equals = word.find('=');
  std::string name = word.substr(0, equals);
  std::string image = equals == word.npos ? "" : word.substr(equals + 1);
  bool is_known = name == "heddle-control" || name == "heddle-proxy";
  if (!is_known || !is_image(image)) {
    return usage(str_cat("--image ", in_quotes(word), ": expected heddle-control=IMAGE or heddle-proxy=IMAGE"));
  }
  (name == "heddle-control" ? into.control_image : into.proxy_image) = image;
  return {};
}

Result<InstallChoice> parse_choice(const Words& words) {
  InstallChoice out;
  out.overlay = words.overlay;
  if (out.overlay != "base" && out.overlay != "dev" && out.overlay != "ha") {
    return usage(str_cat("--overlay: expected one of base, dev, ha; got ", in_quotes(words.overlay)));
  }
  HEDDLE_TRY(out.ns, parse_system_namespace(words));
  Result<TrustDomain> domain = TrustDomain::parse(words.trust_domain);
  if (!domain) return usage(str_cat("--trust-domain ", in_quotes(words.trust_domain), ": ", domain.error().detail));
  out.trust_domain = words.trust_domain;
  for (const std::string& image : words.images) HEDDLE_CHECK_OK(take_image(image, out));
  return out;
}
}  // namespace

Result<InstallOptions> parse_install_words(const Words& words) {
  HEDDLE_TRY(InstallChoice choice, parse_choice(words));
  return InstallOptions{std::move(choice)};
}

Result<UninstallOptions> parse_uninstall_words(const Words& words) {
  HEDDLE_TRY(InstallChoice choice, parse_choice(words));
  return UninstallOptions{std::move(choice), words.keep_crds ? CrdsToo::kNo : CrdsToo::kYes};
}

Result<InjectOptions> parse_inject_words(const Words& words) {
  if (words.files.empty()) return usage("inject: -f is missing (a file, or - for standard input)");
  InjectOptions out{words.files, {}};
  if (!is_image(words.inject_image)) {
    return usage(str_cat("--image ", in_quotes(words.inject_image), ": expected an image"));
  }
  Result<TrustDomain> domain = TrustDomain::parse(words.trust_domain);
  if (!domain) return usage(str_cat("--trust-domain ", in_quotes(words.trust_domain), ": ", domain.error().detail));
  out.settings.image = words.inject_image;
  out.settings.trust_domain = words.trust_domain;
  out.settings.native_sidecar = !words.classic_sidecar;
  if (!words.inject_control.empty()) out.settings.control = words.inject_control;
  return out;
}

Result<UninjectOptions> parse_uninject_words(const Words& words) {
  if (words.files.empty()) return usage("uninject: -f is missing (a file, or - for standard input)");
  return UninjectOptions{words.files};
}

Result<PreCheckOptions> parse_pre_words(const Words& words) {
  PreCheckOptions out;
  if (!words.kube_api_url.empty() && !(words.kubeconfig.empty() && words.kube_context.empty())) {
    return usage("--kube-api-url goes with neither --kubeconfig nor --kube-context");
  }
  out.kubeconfig = words.kubeconfig;
  out.context = words.kube_context;
  out.api_url = words.kube_api_url;
  HEDDLE_TRY(out.ns, parse_system_namespace(words));
  return out;
}

Result<void> refuse_kube_words(const Words& words) {
  bool any = !words.kubeconfig.empty() || !words.kube_context.empty() || !words.kube_api_url.empty() ||
             words.install_ns != kSystemNamespace;
  if (any) return usage("--kubeconfig, --kube-context, --kube-api-url and --namespace go with --pre");
  return {};
}
}  // namespace heddle::detail
