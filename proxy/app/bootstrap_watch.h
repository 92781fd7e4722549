// BootstrapWatch: reads the bootstrap file again when SIGHUP asks for it and when it changed: looks every second at its
// stamp, on the offload pool, as the sources of config and identity do. Says what it read; judging it is the server's.
// A file that is away offers nothing: only SIGHUP says so. Belongs to the main loop; its timer and token die with it.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/event/offload.h"
#include "proxy/app/settings.h"

namespace heddle {
class BootstrapWatch {
 public:
  static constexpr Duration kPoll = 1s;
  enum class Cause : uint8_t { kChange, kSignal };
  // The first kChange comes soon after start(): the file may have changed since it was read first.
  using OnRead = std::function<void(Cause, const Result<Settings>&)>;
  BootstrapWatch(Loop&, std::string path, OnRead);
  void start() { look(Cause::kChange); }
  void reload() { look(Cause::kSignal); }

 private:
  // What the offload thread found.
  struct Seen {
    std::string stamp;
    std::optional<Result<Settings>> read;  // nothing: unchanged
  };
  static Seen look_at(const std::string& path, const std::string& known, Cause);
  void look(Cause);
  void on_seen(Cause, Seen);
  const std::string path_;
  OnRead on_read_;
  Offload offload_;
  std::unique_ptr<Timer> poll_;
  Pending work_;
  bool working_ = false;
  bool again_ = false;  // SIGHUP came while the pool was at work
  std::string stamp_;   // of what was read last, good or bad
};
}  // namespace heddle
