#include "control/app/docker_part.h"

#include "lib/base/strings.h"

namespace heddle {
DockerPart::DockerPart(Access, Parts parts)
    : client_(parts.context, parts.protocols, parts.tcp, parts.options.docker),
      source_({client_, parts.store, parts.loop, parts.random, DockerSettings{std::move(parts.trust_domain)},
               std::move(parts.judge), std::move(parts.on_synced), std::move(parts.log)}) {}

std::string DockerPart::remark() const {
  std::string waits = source_.waits_for();
  return waits.empty() ? waits : str_cat("docker: waits for ", waits);
}

std::unique_ptr<DockerPart> DockerPart::create(Parts parts) {
  parts.store.close(make_error(Reason::kConflict,
                               "this mesh is what the labels of its Docker containers say: change them there (docker "
                               "compose up); heddle plan and diff show what a change would do"));
  return std::make_unique<DockerPart>(Access(), std::move(parts));
}
}  // namespace heddle
