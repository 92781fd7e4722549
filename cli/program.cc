#include "cli/program.h"

#include "cli/age_warning.h"
#include "cli/api_client.h"
#include "cli/cluster_client.h"
#include "cli/commands/commands.h"
#include "cli/sidecar_client.h"

namespace heddle {
UseColor choose_color(ColorMode mode, const Environment& environment, IsTerminal terminal) {
  if (mode == ColorMode::kAlways) return UseColor::kYes;
  bool wanted = environment.no_color.empty() && environment.term != "dumb" && terminal == IsTerminal::kYes;
  return mode == ColorMode::kAuto && wanted ? UseColor::kYes : UseColor::kNo;
}

ExitCode run_program(const std::vector<std::string>& args, const Environment& environment, IsTerminal out_is_terminal,
                     Console& console) {
  auto parsed = parse_cli_options(args, environment);
  if (const auto* exit = std::get_if<CliExit>(&parsed)) {
    console.out << exit->out;
    console.err << exit->err;
    return exit->code;
  }
  const auto& options = std::get<CliOptions>(parsed);
  console.color = choose_color(options.color, environment, out_is_terminal);
  Loop loop;
  ApiClient client(loop, options.context_file, options.context_name);
  AgeWarning api(client, console.err);
  CommandContext context{console, api, loop};
  context.pause = [&loop](Duration pause) {
    bool is_over = false;
    auto timer = loop.timer([&is_over] { is_over = true; });
    timer->arm(pause);
    loop.run_until([&is_over] { return is_over; });
  };
  context.ask_sidecar = [&loop](const LiveOptions& sidecar, const ApiRequest& request) {
    return ask_sidecar(loop, sidecar, request);
  };
  context.ask_cluster = [&](const PreCheckOptions& where, const std::vector<ApiRequest>& questions) {
    return ask_cluster(loop, where, questions, options.timeout);
  };
  ExitCode code = run_command(options, context);
  console.out.flush();
  if (console.out || code != ExitCode::kOk) return code;
  return console.fail(make_error(Reason::kIo, "cannot write to standard output"));
}
}  // namespace heddle
