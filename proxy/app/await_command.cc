#include "proxy/app/await_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "lib/base/strings.h"
#include "lib/net/connector.h"
#include "lib/rpc/http_client.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
constexpr Duration kTry = 2s;
constexpr Duration kPause = 200ms;
constexpr Duration kLongest = 1h;
constexpr std::string_view kAdminSocket = "/var/run/heddle/admin.sock";
constexpr char kAwaitHelp[] =
    "Examples:\n"
    "  heddle-proxy await                           until the sidecar of this pod is ready, at most 60s\n"
    "  heddle-proxy await --timeout 5m              at most so long\n"
    "\n"
    "Exit 0: it is ready; 1: the time is over, and what was missing is said.";
constexpr char kQuitHelp[] =
    "Examples:\n"
    "  heddle-proxy quit                            the sidecar of this pod finishes what is open and exits 0\n"
    "\n"
    "For Jobs whose sidecar is no native one: call it when the work is done. Exit 1: no sidecar answers.";

// Requests one after the other, from a loop that runs only for them.
class Asker {
 public:
  ~Asker() {
    registry_.abort_all(make_error(Reason::kCancelled, "the command is over"));
    loop_.run_until([this] { return registry_.size() == 0; });  // connections must be gone before what made them
  }
  Result<RpcResponse> ask(const Address& address, std::string method, std::string path, Duration deadline) {
    HttpClientOptions options;
    options.authority = "localhost";
    options.connect = deadline;
    options.keep_connection = false;
    RpcRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    HttpClient client({loop_, registry_}, protocols_, connector_, address, options);
    std::optional<Result<RpcResponse>> answer;
    Pending pending = client.call(std::move(request), deadline,
                                  [&](Result<RpcResponse> response) { answer.emplace(std::move(response)); });
    loop_.run_until([&] { return answer.has_value(); });
    if (!answer) return make_error(Reason::kCancelled, "interrupted");
    return *std::move(answer);
  }
  void pause(Duration time) {
    bool over = false;
    auto timer = loop_.timer([&] { over = true; });
    timer->arm(time);
    loop_.run_until([&] { return over; });
  }
  MonoTime now() const { return loop_.now(); }

 private:
  Loop loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector connector_{loop_};
};

std::optional<int> parsed(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s\nRun %s --help for usage.\n", error.what(), app.get_name().c_str());
    return 2;
  }
  return std::nullopt;
}

int fail(std::string_view command, const std::string& why) {
  std::fprintf(stderr, "heddle-proxy %s: %s\n", std::string(command).c_str(), why.c_str());
  return 1;
}

// Each new reason is said once.
int await_ready(const AwaitOptions& options) {
  auto address = health_address(options);
  if (!address) return fail("await", address.error().detail);
  Asker asker;
  MonoTime began = asker.now();
  std::string said;
  while (true) {
    std::string missing = missing_of(asker.ask(*address, "GET", "/readyz", std::min(kTry, options.timeout)));
    Duration spent = asker.now() - began;
    if (missing.empty()) {
      std::printf("ready after %s\n", format_duration(spent / 1ms * 1ms).c_str());
      return 0;
    }
    if (spent + kPause >= options.timeout) {
      return fail("await", str_cat("not ready after ", format_duration(options.timeout), ": ", missing));
    }
    if (missing != said) std::printf("waiting for the sidecar at %s: %s\n", address->text().c_str(), missing.c_str());
    std::fflush(stdout);
    said = std::move(missing);
    asker.pause(kPause);
  }
}

std::optional<int> read_await(int argc, const char* const* argv, AwaitOptions& options) {
  CLI::App app{"heddle-proxy await: waits until the sidecar that runs here is ready", "heddle-proxy await"};
  app.footer(kAwaitHelp);
  std::string timeout = "60s";
  app.add_option("--timeout", timeout, "at most so long, up to 1h")->type_name("DURATION")->capture_default_str();
  app.add_option("--health", options.health, "the sidecar's health address")
      ->envname("HEDDLE_HEALTH_ADDRESS")
      ->type_name("ADDRESS");
  app.add_option("-c,--config", options.config, "bootstrap file that names it")
      ->envname("HEDDLE_CONFIG")
      ->type_name("FILE");
  if (auto exit = parsed(app, argc, argv)) return exit;
  auto time = parse_duration(timeout);
  if (time && *time > Duration{} && *time <= kLongest) {
    options.timeout = *time;
    return std::nullopt;
  }
  std::fputs("--timeout: expected a duration as 60s, at most 1h\n", stderr);
  return 2;
}

int quit(int argc, const char* const* argv) {
  CLI::App app{"heddle-proxy quit: asks the sidecar that runs here to end", "heddle-proxy quit"};
  app.footer(kQuitHelp);
  std::string socket(kAdminSocket);
  app.add_option("--socket", socket, "the sidecar's admin socket")
      ->envname("HEDDLE_ADMIN_SOCKET")
      ->type_name("PATH")
      ->capture_default_str();
  if (auto exit = parsed(app, argc, argv)) return *exit;
  auto address = Address::from_unix(socket);
  if (!address) return fail("quit", address.error().detail);
  auto answer = Asker().ask(*address, "POST", "/drain", kTry);
  if (!answer) return fail("quit", str_cat("no sidecar at ", socket, ": ", answer.error().text()));
  if (answer->status != 202) return fail("quit", str_cat("the sidecar answered ", std::to_string(answer->status)));
  std::puts("the sidecar ends");
  return 0;
}
}  // namespace

std::string missing_of(const Result<RpcResponse>& readyz) {
  if (!readyz) return readyz.error().text();
  if (readyz->status == 200) return {};
  std::vector<std::string_view> failed;
  for (std::string_view line : split(readyz->body, '\n')) {
    if (line.starts_with("[-]")) failed.push_back(line.substr(3));
  }
  if (failed.empty()) return str_cat("status ", std::to_string(readyz->status));
  std::string out;
  for (std::string_view line : failed) out += str_cat(out.empty() ? "" : "; ", line);
  return out;
}

Result<Address> health_address(const AwaitOptions& options) {
  Result<Address> address = Address::parse(options.health.empty() ? kPodHealthAddress : options.health);
  if (options.health.empty() && !options.config.empty()) {
    HEDDLE_TRY(Settings settings, load_bootstrap(options.config));
    if (!settings.health) return make_error(Reason::kConfigInvalid, str_cat(options.config, ": no health.address"));
    address = *settings.health;
  }
  if (address && address->ip() == "0.0.0.0") return Address::loopback(address->port());
  if (address && address->ip() == "::") return Address::from_ip("::1", address->port());
  return address;
}

std::optional<int> run_await_command(int argc, const char* const* argv) {
  std::string_view command = argc < 2 ? "" : argv[1];
  if (command == "quit") return quit(argc - 1, argv + 1);
  if (command != "await") return std::nullopt;
  AwaitOptions options;
  if (auto exit = read_await(argc - 1, argv + 1, options)) return exit;
  return await_ready(options);
}
}  // namespace heddle
