// heddle-proxy: the sidecar. Names every part; decides nothing.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "certs/narrow_openssl.h"
#include "lib/metrics/process_metrics.h"
#include "lib/net/socket.h"
#include "proxy/app/await_command.h"
#include "proxy/app/bootstrap.h"
#include "proxy/app/drain_command.h"
#include "proxy/app/options.h"
#include "proxy/app/pod_bootstrap.h"
#include "proxy/app/server.h"
#include "proxy/app/validate.h"

namespace {
int fail(const heddle::Error& error) {
  std::fprintf(stderr, "heddle-proxy: %s\n", error.detail.c_str());
  return 1;
}
}  // namespace

int main(int argc, char** argv) {
  using namespace heddle;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of its writer
  if (auto narrowed = narrow_openssl(); !narrowed) return fail(narrowed.error());
  if (auto code = run_drain_command(argc, argv)) return *code;
  if (auto code = run_await_command(argc, argv)) return *code;
  const PodEnvironment environment = pod_environment(environ);
  ParsedOptions parsed = parse_options(argc, argv, is_in_pod(environment));
  if (parsed.exit) {
    std::fputs(parsed.exit->text.c_str(), parsed.exit->code == 0 ? stdout : stderr);
    return parsed.exit->code;
  }
  const std::string& file = parsed.options.config;
  auto settings = file.empty() ? load_pod_bootstrap(environment) : load_bootstrap(file);
  if (!settings) return fail(settings.error());
  if (parsed.options.validate) return validate_and_report(*settings, file.empty() ? "the pod's environment" : file);
  size_t files = raise_nofile_limit();
  auto log = make_log(settings->log);
  if (!log) return fail(log.error());
  (*log)->module("server").info("file limit", {{"files", files}});
  Registry metrics;
  ProcessMetrics process(metrics, HEDDLE_VERSION);
  SystemRandom random;
  auto server = Server::create({*settings, file, **log, metrics, random});
  if (!server) return fail(server.error());
  return (*server)->run();
}
