// heddle-control: the control plane. Names every part; decides nothing.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "certs/narrow_openssl.h"
#include "control/app/backup_command.h"
#include "control/app/server.h"
#include "lib/base/random.h"
#include "lib/event/signal.h"
#include "lib/net/socket.h"

namespace {
int fail(const heddle::Error& error) {
  std::fprintf(stderr, "heddle-control: %s\n", error.detail.c_str());
  return 1;
}

// The first TERM or INT asks for a graceful end, the second for an end. While it starts nobody needs grace: the loop
// is stopped, and so is the start (as process 1 of a container nothing else would end it).
class Signals {
 public:
  explicit Signals(heddle::Loop& loop) : loop_(loop) {}
  // The server is there; null: it ends.
  void use(heddle::ControlServer* server) {
    server_ = server;
    if (server_ != nullptr && draining_) drain();
  }
  bool is_asked_to_end() const { return draining_; }

 private:
  void on_terminate(int number) {
    if (std::exchange(draining_, true)) std::_Exit(128 + number);
    if (server_ == nullptr) return loop_.stop();
    drain();
  }
  void drain() {
    server_->drain([this] { loop_.stop(); });
  }
  void on_hang_up() {
    if (server_ != nullptr) server_->reload();
  }
  void on_reopen() {
    if (server_ != nullptr) server_->reopen_logs();
  }
  heddle::Loop& loop_;
  heddle::ControlServer* server_ = nullptr;
  bool draining_ = false;
  heddle::SignalWatch term_{loop_, SIGTERM, [this] { on_terminate(SIGTERM); }};
  heddle::SignalWatch int_{loop_, SIGINT, [this] { on_terminate(SIGINT); }};
  heddle::SignalWatch hup_{loop_, SIGHUP, [this] { on_hang_up(); }};
  heddle::SignalWatch usr1_{loop_, SIGUSR1, [this] { on_reopen(); }};
};
}  // namespace

int main(int argc, char** argv) {
  using namespace heddle;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of its writer
  if (auto narrowed = narrow_openssl(); !narrowed) return fail(narrowed.error());
  if (std::optional<int> code = run_backup_command(argc, argv)) return *code;
  ParsedControlOptions parsed = parse_control_options(argc, argv);
  if (parsed.exit) {
    std::fputs(parsed.exit->text.c_str(), parsed.exit->code == 0 ? stdout : stderr);
    return parsed.exit->code;
  }
  size_t files = raise_nofile_limit();
  LogOptions log_options;
  log_options.filter = parsed.options.log;
  auto log = Log::create(std::move(log_options));
  if (!log) return fail(log.error());
  (*log)->module("server").info("file limit", {{"files", files}});
  Registry metrics;
  SystemRandom random;
  Loop loop;
  Signals signals(loop);
  auto server = ControlServer::start({parsed.options, loop, **log, metrics, random});
  if (!server && signals.is_asked_to_end()) {
    (*log)->module("server").info("stopped while it started", {{"reason", server.error()}});
    return 0;
  }
  if (!server) return fail(server.error());
  signals.use(server->get());
  loop.run();
  signals.use(nullptr);
  (*log)->module("server").info("stopped", {});
  return 0;
}
