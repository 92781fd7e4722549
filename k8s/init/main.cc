// heddle-init: redirects a pod's connections to its sidecar, once, before anything else runs in the pod.
#include <cstdio>
#include <string>

#include "k8s/init/init_session.h"
#include "k8s/init/options.h"
#include "k8s/init/self_check.h"

namespace {
int fail(const heddle::Error& error) {
  std::fprintf(stderr, "heddle-init: %s\n", error.detail.c_str());
  return 1;
}
}  // namespace

int main(int argc, char** argv) {
  using namespace heddle;
  ParsedInitOptions parsed = parse_init_options(argc, argv);
  if (parsed.text) {
    std::fputs(parsed.text->c_str(), parsed.code == 0 ? stdout : stderr);
    return parsed.code;
  }
  bool ipv6 = kernel_has_ipv6();
  if (auto resolved = resolve_ipv6(parsed.options, ipv6); !resolved) return fail(resolved.error());
  InitSession session(std::move(parsed.options), ipv6, stdout);
  auto done = session.run();
  return done ? 0 : fail(done.error());
}
