// DockerPart: what a control plane has when the labels of containers are its source: the engine's client and
// DockerSource. Owned by the server; control loop.
#pragma once
#include "control/app/source_part.h"
#include "control/source/docker_source.h"

namespace heddle {
class DockerPart final : public SourcePart {
 public:
  static std::unique_ptr<DockerPart> create(Parts);
  void read() override { source_.start(); }
  void stop_reading() override {}
  std::string remark() const override;

  class Access {
    friend class DockerPart;
    Access() = default;
  };
  DockerPart(Access, Parts);

 private:
  DockerClient client_;
  DockerSource source_;
};
}  // namespace heddle
