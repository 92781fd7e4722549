#include "control/app/source_part.h"

#include "control/app/cluster_part.h"
#include "control/app/docker_part.h"

namespace heddle {
Result<std::unique_ptr<SourcePart>> SourcePart::open(Parts parts) {
  std::unique_ptr<SourcePart> out;
  if (parts.options.kind == SourceKind::kDocker) {
    out = DockerPart::create(std::move(parts));
  } else {
    HEDDLE_TRY(out, ClusterPart::create(std::move(parts)));
  }
  return out;
}
}  // namespace heddle
