#include "cli/ca_text.h"
#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kLookEvery = 1s;
constexpr std::string_view kSteady = "steady";

std::string step_body(const std::vector<std::string>& except) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("except").begin_array();
  for (const std::string& word : except) out.string(word);
  out.end_array().end_object();
  return body;
}

Result<ApiReply> look(CommandContext& context) {
  return context.api.call({.path = "/v1/ca", .deadline = context.timeout});
}

Result<ApiReply> take_step(const std::string& step, const std::vector<std::string>& except, CommandContext& context) {
  return context.api.call(
      {.method = "POST", .path = str_cat("/v1/ca/", step), .body = step_body(except), .deadline = context.timeout});
}

// What an operator must do by hand, or may have forgotten.
std::string_view advice(std::string_view step) {
  if (step == "prepare")
    return "Copies of root.pem and admin.context elsewhere: replace them before it is activated.\n";
  return "";
}

ExitCode run_step(const CaRotateOptions& options, CommandContext& context) {
  Result<ApiReply> reply = take_step(options.step, options.except, context);
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  context.console.out << ca_text(reply->body, context.clock.wall(), context.console.color) << advice(options.step);
  return ExitCode::kOk;
}

// Through all phases, from whichever there is. It looks, and takes a step when nobody keeps it from being taken; a
// control plane that restarts meanwhile is waited for. Interrupted, the rotation stays where it is.
class WholeRotation {
 public:
  WholeRotation(const CaRotateOptions& options, CommandContext& context)
      : options_(options), context_(context), ends_(context.clock.now() + options.wait) {}

  ExitCode run() {
    while (true) {
      std::optional<ExitCode> end = turn();
      if (end) return *end;
      if (context_.clock.now() >= ends_) return give_up();
      context_.pause(kLookEvery);
    }
  }

 private:
  std::optional<ExitCode> turn() {
    Result<ApiReply> now = look(context_);
    if (!now || !now->ok()) return on_failure(now);
    bool is_first = !std::exchange(answered_, true);
    std::string phase = text_at(now->body, {"phase"});
    if (phase == kSteady && under_way_) return done(now->body);
    if (phase == kSteady && ca_is_given(now->body)) return not_ours();
    if (phase != kSteady) under_way_ = true;
    if (is_first && under_way_) context_.console.out << "goes on: the new root is " << printable(phase) << "\n";
    late_ = ca_laggards(now->body);
    std::string next = text_at(now->body, {"next"});
    if (under_way_ && waits_to(next)) return std::nullopt;
    return take(next);
  }

  std::optional<ExitCode> not_ours() {
    return context_.console.fail(make_error(
        Reason::kConflict,
        "the root is not ours: the control plane signs with an authority that is given by files (--ca-cert-file). "
        "Whoever owns the root issues another one; replace the files, and the rotation goes by itself"));
  }

  bool waits_to(const std::string& next) {
    if (late_.empty()) return false;
    std::string said = str_cat("waiting to ", printable(next), ": ", join(late_, "; "));
    if (said != std::exchange(said_, said)) context_.console.out << said << std::endl;
    return true;
  }

  std::optional<ExitCode> take(const std::string& step) {
    Result<ApiReply> taken = take_step(step, {}, context_);
    if (taken && !taken->ok() && taken->reason() == Reason::kConflict)
      return std::nullopt;  // somebody came: look again
    if (!taken || !taken->ok()) return on_failure(taken);
    under_way_ = true;
    context_.console.out << printable(step) << ": done" << std::endl << advice(step);
    return step == "retire" ? done(taken->body) : std::nullopt;
  }

  std::optional<ExitCode> on_failure(const Result<ApiReply>& reply) {
    if (!reply && (!answered_ || reply.error().reason != Reason::kUnavailable))
      return context_.console.fail(reply.error());
    if (reply && reply->reason() != Reason::kDraining) return context_.console.fail(*reply);
    late_ = {"no answer from the control plane"};
    return std::nullopt;
  }

  std::optional<ExitCode> done(const JsonValue& ca) {
    context_.console.out << "\n" << ca_text(ca, context_.clock.wall(), context_.console.color);
    return ExitCode::kOk;
  }

  ExitCode give_up() {
    std::string why = late_.empty() ? "" : str_cat(": ", join(late_, "; "));
    return context_.console.fail(
        make_error(Reason::kTimeout, str_cat("not done within ", format_duration(options_.wait), why,
                                             "\nThe rotation stays where it is; the same command goes on.")));
  }

  const CaRotateOptions& options_;
  CommandContext& context_;
  MonoTime ends_;
  std::vector<std::string> late_;
  std::string said_;
  bool answered_ = false;   // once: then it is waited for
  bool under_way_ = false;  // from here on steady means done
};
}  // namespace

ExitCode run_ca_status(const CaStatusOptions& options, CommandContext& context) {
  Result<ApiReply> reply = look(context);
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body)
                               : ca_text(reply->body, context.clock.wall(), context.console.color));
  return ExitCode::kOk;
}

ExitCode run_ca_rotate(const CaRotateOptions& options, CommandContext& context) {
  return options.step.empty() ? WholeRotation(options, context).run() : run_step(options, context);
}
}  // namespace heddle
