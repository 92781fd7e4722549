#include "proxy/app/options.h"

#include <CLI/CLI.hpp>

namespace heddle {
namespace {
constexpr char kExamples[] =
    "Examples:\n"
    "  heddle-proxy --config /etc/heddle/proxy.yaml            run\n"
    "  heddle-proxy --validate --config proxy.yaml             check the file, exit 0 or 1\n"
    "  heddle-proxy drain --wait                               tell the one that runs here that it will end\n"
    "  heddle-proxy await                                      until the one that runs here is ready\n"
    "  heddle-proxy quit                                       the one that runs here drains and ends\n"
    "  heddle-proxy                                            in a pod: what injection put into its environment\n"
    "\n"
    "Signals: TERM and INT drain and exit 0 (a second one exits at once), HUP reloads, USR1 reopens the logs.\n"
    "Every key of the file is described in docs/proxy-config.md.";
}  // namespace

ParsedOptions parse_options(int argc, const char* const* argv, bool in_pod) {
  ParsedOptions out;
  CLI::App app{"heddle-proxy: the sidecar of the Heddle service mesh", "heddle-proxy"};
  app.footer(kExamples);
  app.set_version_flag("--version", "heddle-proxy " HEDDLE_VERSION);
  app.add_option("-c,--config", out.options.config, "bootstrap file (YAML or JSON)")
      ->envname("HEDDLE_CONFIG")
      ->type_name("FILE");
  app.add_flag("--validate", out.options.validate, "check the file and what it names, then exit");
  try {
    app.parse(argc, argv);
    if (out.options.config.empty() && !in_pod) throw CLI::RequiredError("--config");
  } catch (const CLI::CallForHelp&) {
    out.exit = EarlyExit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    out.exit = EarlyExit{0, app.version() + "\n"};
  } catch (const CLI::ParseError& error) {
    out.exit = EarlyExit{2, std::string(error.what()) + "\nRun heddle-proxy --help for usage.\n"};
  }
  return out;
}
}  // namespace heddle
