#include "cli/commands/change_reply.h"

#include <algorithm>

#include "cli/change_text.h"
#include "cli/progress.h"
#include "cli/resource_table.h"
#include "cli/resource_words.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kAnswerTime = 5s;  // for the answer itself, after the waiting
constexpr Duration kGlance = 1s;      // how often who watches is told whom it waits for
constexpr Duration kLongest = 10min;  // that one request may wait (docs/api.md)

void print_results(const JsonValue& reply, DryRun dry_run, Console& console) {
  std::optional<JsonValue> results = reply.find("results");
  for (size_t i = 0; results && i < results->size(); ++i) {
    std::string key = text_at(results->at(i), {"key"});
    Result<ResourceKey> parsed = ResourceKey::parse(key);
    console.out << printable(parsed ? resource_name(*parsed) : key) << " "
                << printable(text_at(results->at(i), {"result"})) << (dry_run == DryRun::kYes ? " (dry run)" : "")
                << "\n";
  }
  if (dry_run == DryRun::kNo) console.out << "version " << printable(scalar_at(reply, {"version"})) << "\n";
}

Result<ApiReply> ask(const std::string& version, Duration how_long, CommandContext& context) {
  ApiRequest request{.path = "/v1/wait", .deadline = how_long + kAnswerTime};
  request.query = str_cat("version=", version, "&timeout=", format_duration(how_long));
  return context.api.call(request);
}

// In pieces: the control plane lets nobody wait for longer than one, and who watches is told of each whom it waits for.
Result<ApiReply> ask_in_pieces(const std::string& version, CommandContext& context) {
  Progress progress(context.console);
  Duration piece = context.console.is_watched ? kGlance : kLongest;
  MonoTime ends = context.clock.now() + context.timeout;
  while (true) {
    Duration left = std::max<Duration>(1ms, ends - context.clock.now());
    Result<ApiReply> reply = ask(version, std::min(left, piece), context);
    bool is_late = reply && !reply->ok() && reply->reason() == Reason::kTimeout;
    if (!is_late || left <= piece) return reply;
    progress.show(str_cat("waiting: ", reply->message()));
  }
}

// Each of those that lag on a line of its own; false when the answer names none.
bool print_laggards(const JsonValue& reply, const std::string& version, Console& console) {
  std::optional<JsonValue> behind = reply.find("behind");
  if (!behind || behind->size() == 0 || text_at(behind->at(0), {"text"}).empty()) return false;
  bool is_refused = text_at(reply, {"end"}) == "refused";
  console.err << "error: " << (is_refused ? "refused" : "timeout") << ": version " << printable(version)
              << " does not run on " << behind->size() << (behind->size() == 1 ? " sidecar" : " sidecars") << "\n";
  for (size_t i = 0; i < behind->size(); ++i) {
    JsonValue one = behind->at(i);
    console.err << "  " << printable(text_at(one, {"node"})) << " (" << printable(text_at(one, {"identity"})) << ") "
                << printable(text_at(one, {"text"})) << "\n";
  }
  return true;
}

// Everything that sidecars refused, unless the lines of print_laggards() said it: they have the first of each.
void print_refusals(const ApiReply& reply, Console& console) {
  std::vector<std::string> problems = reply.problems();
  if (problems.size() <= reply.body.find("behind").value_or(JsonValue()).size()) return;
  for (const std::string& problem : problems) console.err << "  refused: " << printable(problem) << "\n";
}
}  // namespace

std::string change_query(const ChangeSaid& said, DryRun dry_run) {
  std::vector<std::string> parts;
  if (dry_run == DryRun::kYes) parts.emplace_back("dryRun=true");
  if (said.expected) parts.push_back(str_cat("expect=", said.expected->text()));
  if (!said.message.empty()) parts.push_back(str_cat("message=", percent_encoded(said.message)));
  return join(parts, "&");
}

void print_warnings(const JsonValue& reply, Console& console) {
  std::optional<JsonValue> warnings = reply.find("warnings");
  for (size_t i = 0; warnings && i < warnings->size(); ++i) {
    JsonValue one = warnings->at(i);
    console.err << "warning: " << printable(resource_title(text_at(one, {"resource"}))) << ": "
                << printable(text_at(one, {"path"})) << ": " << printable(text_at(one, {"message"})) << "\n";
  }
}

ExitCode tell_change(const ApiReply& reply, DryRun dry_run, WaitLive wait, CommandContext& context) {
  print_warnings(reply.body, context.console);
  print_results(reply.body, dry_run, context.console);
  if (wait == WaitLive::kNo || dry_run == DryRun::kYes) return ExitCode::kOk;
  context.console.out.flush();
  ExitCode code = wait_until_live(scalar_at(reply.body, {"version"}), context);
  return code == ExitCode::kOk ? code : ExitCode::kNotLive;
}

ExitCode wait_until_live(const std::string& version, CommandContext& context) {
  Result<ApiReply> reply = ask_in_pieces(version, context);
  Console& console = context.console;
  if (!reply) return console.fail(reply.error());
  if (!reply->ok() && print_laggards(reply->body, version, console)) {
    print_refusals(*reply, console);
    return exit_code_of(reply->reason());
  }
  if (!reply->ok()) return console.fail(*reply);
  std::string sidecars = scalar_at(reply->body, {"sidecars"});
  console.out << "version " << printable(version) << " runs on " << printable(sidecars)
              << (sidecars == "1" ? " sidecar\n" : " sidecars\n");
  return ExitCode::kOk;
}
}  // namespace heddle
