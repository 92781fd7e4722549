#include "cli/commands/rollout_wait.h"

#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "cli/rollout_text.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// "stage 2 of 3: 10%".
std::string stage_of(const JsonValue& rollout) {
  std::string number = scalar_at(rollout, {"stage"});
  std::optional<JsonValue> stages = rollout.find({"stages"});
  std::string out = str_cat("stage ", number);
  for (size_t i = 0; stages && i < stages->size(); ++i) {
    if (std::to_string(i + 1) != number) continue;
    out += str_cat(" of ", std::to_string(stages->size()), ": ", stages->at(i).as_string().value_or("?"));
  }
  return out;
}

std::optional<ExitCode> code_of(std::string_view phase) {
  if (phase == "promoted") return ExitCode::kOk;
  if (phase == "aborted" || phase == "rolled-back") return ExitCode::kFailure;
  if (phase == "paused") return ExitCode::kNotLive;
  return std::nullopt;
}
}  // namespace

ExitCode RolloutWait::run(ApiReply first) {
  if (auto code = judge(first)) return *code;
  while (true) {
    context_.pause(kLookEvery);
    Result<ApiReply> now = context_.api.call({.path = "/v1/rollouts", .deadline = context_.timeout});
    std::optional<ExitCode> code = now && now->ok() ? judge(*now) : on_failure(now);
    if (code) return *code;
  }
}

std::optional<ExitCode> RolloutWait::on_failure(const Result<ApiReply>& reply) {
  Reason why = reply ? reply->reason() : reply.error().reason;
  bool may_pass = exit_code_of(why) == ExitCode::kUnreachable;
  MonoTime now = context_.clock.now();
  if (!silent_since_) silent_since_ = now;
  if (may_pass && now - *silent_since_ < context_.timeout) return std::nullopt;
  progress_.clear();
  ExitCode code = reply ? context_.console.fail(*reply) : context_.console.fail(reply.error());
  context_.console.err << "the rollout goes on without being looked at: heddle rollout status\n";
  return code;
}

std::optional<ExitCode> RolloutWait::judge(const ApiReply& reply) {
  silent_since_.reset();
  std::optional<JsonValue> rollout = reply.body.find({"rollout"});
  if (!rollout || !rollout->is_object()) return end(reply, which_.empty() ? ExitCode::kOk : ExitCode::kFailure);
  std::string which = str_cat(text_at(*rollout, {"started"}), " ", text_at(*rollout, {"author"}));
  if (which_.empty()) which_ = which;
  if (which != which_) {
    progress_.clear();
    context_.console.err << "another rollout has taken its place; heddle history tells what became of it\n";
    return end(reply, ExitCode::kFailure);
  }
  if (auto code = code_of(text_at(*rollout, {"phase"}))) return end(reply, *code);
  if (!std::exchange(has_begun_, true)) {
    context_.console.err << "waits until the rollout is over; interrupted, it goes on: heddle rollout status\n";
  }
  tell(*rollout);
  return std::nullopt;
}

// On a terminal what is seen, in place; else a line for each stage and phase.
void RolloutWait::tell(const JsonValue& rollout) {
  std::string phase = text_at(rollout, {"phase"});
  std::string line = str_cat(stage_of(rollout), ", ", phase);
  std::string verdict = text_at(rollout, {"verdict"});
  if (context_.console.is_watched) {
    progress_.show(verdict.empty() ? line : str_cat(line, ": ", verdict));
  } else if (line != std::exchange(said_, line)) {
    context_.console.err << printable(line) << std::endl;
  }
}

ExitCode RolloutWait::end(const ApiReply& reply, ExitCode code) {
  progress_.clear();
  bool json = output_ == OutputFormat::kJson;
  context_.console.out << (json ? to_pretty_json(reply.body)
                                : rollout_text(reply.body, context_.clock.wall(), context_.console.color));
  if (code == ExitCode::kNotLive) {
    context_.console.err << "it is paused and waits for you: heddle rollout resume, promote or abort\n";
  }
  return code;
}
}  // namespace heddle
