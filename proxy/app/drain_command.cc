#include "proxy/app/drain_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/net/connector.h"
#include "lib/rpc/http_client.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
constexpr Duration kAnswer = 10s;  // beyond the wait itself
constexpr Duration kGoodbye = 200ms;
constexpr char kHelp[] =
    "Examples:\n"
    "  heddle-proxy drain --wait                    until nobody sends requests any more, at most 25s\n"
    "  heddle-proxy drain --wait --timeout 1m       at most so long\n"
    "\n"
    "The sidecar goes on for the application until SIGTERM. Exit 0 also when the time is over; 1: no sidecar answers.";

std::optional<int> parse(int argc, const char* const* argv, DrainOptions& options) {
  CLI::App app{"heddle-proxy drain: takes the sidecar that runs here out of the mesh", "heddle-proxy drain"};
  app.footer(kHelp);
  std::string timeout = "25s";
  app.add_flag("--wait", options.wait,
               "until the control plane says that others let go of it, then say how that ended");
  app.add_option("--timeout", timeout, "at most so long")->type_name("DURATION")->capture_default_str();
  app.add_option("--socket", options.socket, "the sidecar's admin socket")
      ->envname("HEDDLE_ADMIN_SOCKET")
      ->type_name("PATH");
  app.add_option("-c,--config", options.config, "bootstrap file that names the socket")
      ->envname("HEDDLE_CONFIG")
      ->type_name("FILE");
  try {
    app.parse(argc, argv);
    auto within = parse_duration(timeout);
    if (!within || *within > 10min) throw CLI::ValidationError("--timeout", "expected a duration as 25s, at most 10m");
    options.within = *within;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s\nRun heddle-proxy drain --help for usage.\n", error.what());
    return 2;
  }
  return std::nullopt;
}

Result<Address> socket_of(const DrainOptions& options) {
  if (!options.socket.empty()) return Address::from_unix(options.socket);
  if (options.config.empty()) return Address::from_unix(kPodAdminSocket);
  HEDDLE_TRY(Settings settings, load_bootstrap(options.config));
  if (settings.admin_socket) return *settings.admin_socket;
  return make_error(Reason::kConfigInvalid, str_cat(options.config, ": the sidecar has no admin.socket"));
}

Result<RpcResponse> ask(const Address& socket, const DrainOptions& options) {
  Loop loop;
  ConnectionRegistry registry;
  Protocols protocols(loop, HttpLimits{});
  TcpConnector connector(loop);
  HttpClientOptions client_options;
  client_options.authority = "localhost";
  client_options.keep_connection = false;
  RpcRequest request;
  request.method = "POST";
  request.path = "/drain";
  request.query = str_cat("within=", format_duration(options.within), options.wait ? "&wait" : "");
  std::optional<Result<RpcResponse>> answer;
  {
    HttpClient client({loop, registry}, protocols, connector, socket, client_options);
    Pending pending = client.call(std::move(request), options.wait ? options.within + kAnswer : kAnswer,
                                  [&](Result<RpcResponse> response) { answer.emplace(std::move(response)); });
    loop.run_until([&] { return answer.has_value(); });
  }
  bool late = false;
  auto timer = loop.timer([&] { late = true; });
  timer->arm(kGoodbye);
  loop.run_until([&] { return late || registry.size() == 0; });
  registry.abort_all(make_error(Reason::kCancelled, "the command is over"));
  loop.run_until([&] { return registry.size() == 0; });  // connections must be gone before what made them
  if (!answer) return make_error(Reason::kCancelled, "interrupted");
  return *std::move(answer);
}

Result<std::string> drain(const DrainOptions& options) {
  HEDDLE_TRY(Address socket, socket_of(options));
  auto response = ask(socket, options);
  if (!response) return std::move(response).error().within(str_cat("no sidecar at ", socket.text()));
  if (response->status != 200 && response->status != 202) {
    return make_error(Reason::kUnavailable, str_cat("the sidecar answered ", std::to_string(response->status), ": ",
                                                    response->body.substr(0, 500)));
  }
  if (!options.wait) return std::string("draining");
  HEDDLE_TRY(JsonValue said, JsonValue::parse(response->body));
  auto text = said.find({"text"});
  return text && text->is_string() ? std::string(*text->as_string()) : response->body;
}
}  // namespace

std::optional<int> run_drain_command(int argc, const char* const* argv) {
  if (argc < 2 || std::string_view(argv[1]) != "drain") return std::nullopt;
  DrainOptions options;
  if (auto exit = parse(argc - 1, argv + 1, options)) return exit;
  Result<std::string> done = drain(options);
  if (!done) {
    std::fprintf(stderr, "heddle-proxy drain: %s\n", done.error().text().c_str());
    return 1;
  }
  std::printf("%s\n", done->c_str());
  return 0;
}
}  // namespace heddle
