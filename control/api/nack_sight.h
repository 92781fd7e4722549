// Who may read what a sidecar said when it refused a version. A sidecar holds resources of many namespaces, and its
// words name fields and values of them: they are for those who may read that resource; that it refused is for
// everybody. Pure; any thread.
#pragma once
#include "control/api/access.h"
#include "lib/api/watch_messages.h"

namespace heddle {
// What names no resource may be about any: it needs a role in all namespaces.
inline bool may_see(const AccessGrants& grants, const WatchNackError& error) {
  Result<ResourceKey> key = ResourceKey::parse(error.resource);
  return key ? is_allowed(grants, {AccessAction::kRead, key->ns, key->kind})
             : is_allowed(grants, {AccessAction::kRead});
}

// Leaves what may be seen; a nack always has a word.
inline void hide_words(WatchNack& nack, const AccessGrants& grants) {
  std::erase_if(nack.errors, [&grants](const WatchNackError& error) { return !may_see(grants, error); });
  if (nack.errors.empty()) nack.errors.push_back({"", "", "about a resource that this token may not read"});
}

// The names of backend sets are for those who may read them.
inline void hide_backends(WatchReport& report, const AccessGrants& grants) {
  std::erase_if(report.backends, [&grants](const BackendTrouble& trouble) {
    std::string_view ns = std::string_view(trouble.set).substr(0, trouble.set.find('/'));
    return !is_allowed(grants, {AccessAction::kRead, ns, Kind::kBackendSet});
  });
}
}  // namespace heddle
