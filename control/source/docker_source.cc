#include "control/source/docker_source.h"

#include "lib/base/strings.h"

namespace heddle {
DockerSource::DockerSource(Parts parts)
    : settings_(std::move(parts.settings)),
      log_(parts.log),
      writer_({parts.store, parts.loop, std::string(kAuthor), [this] { return translation(); }, std::move(parts.judge),
               std::move(parts.on_synced), std::move(parts.log)}),
      watch_(parts.client, parts.loop, parts.random, *this) {}

Translation DockerSource::translation() const {
  std::vector<DockerContainer> containers;
  for (const auto& [id, container] : watch_.containers()) containers.push_back(container);
  return translate_containers(containers, settings_);
}

std::string DockerSource::waits_for() const {
  if (writer_.is_synced()) return {};
  if (watch_.is_synced()) return "the first transaction";
  return watch_.trouble() ? str_cat("the engine: ", watch_.trouble()->detail) : "the engine";
}

void DockerSource::on_trouble(const Error& why) {
  log_.error("the engine is away; what it said last stands", {{"error", why}});
}

void DockerSource::on_connected() { log_.info("every container is seen, and events are followed", {}); }
}  // namespace heddle
