// DockerSource: the labels of a Docker Engine's containers as the source of the mesh: DockerWatch, the translation, and
// the writer of its transactions. Nothing is committed before every container was seen once. While the engine is away
// the last state stands. Control loop.
#pragma once
#include "control/docker/docker_translate.h"
#include "control/docker/docker_watch.h"
#include "control/source/source_writer.h"

namespace heddle {
class DockerSource final : private DockerWatch::Observer {
 public:
  static constexpr std::string_view kAuthor = "docker";
  struct Parts {
    DockerClient& client;
    Store& store;
    Loop& loop;
    Random& random;
    DockerSettings settings;
    std::function<Result<void>(const View&)> judge;
    Task on_synced;
    Logger log;
  };
  explicit DockerSource(Parts);
  void start() { watch_.start(); }
  // What it waits for, in words, for /readyz; empty: nothing.
  std::string waits_for() const;

 private:
  Translation translation() const;
  void on_containers() override { writer_.changed(); }
  void on_trouble(const Error&) override;
  void on_connected() override;
  DockerSettings settings_;
  Logger log_;
  SourceWriter writer_;
  DockerWatch watch_;
};
}  // namespace heddle
