#include "proxy/app/leaving.h"

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string counted(uint64_t sidecars) {
  return str_cat(std::to_string(sidecars), sidecars == 1 ? " sidecar" : " sidecars");
}

std::string deadline_text(const LeaveOutcome& outcome) {
  if (!outcome.was_told) return "deadline: no control plane answered";
  if (outcome.missing > 0)
    return str_cat("deadline: ", counted(outcome.missing), " of ", std::to_string(outcome.sidecars),
                   " may still use it");
  return outcome.is_listed ? "deadline: the configuration still names it"
                           : "deadline: not all control planes were heard";
}

std::string what_happened(const LeaveOutcome& outcome) {
  switch (outcome.end) {
    case LeaveEnd::kAcknowledged:
      return outcome.sidecars == 0 ? "released: nobody used it" : str_cat("released by ", counted(outcome.sidecars));
    case LeaveEnd::kDeadline:
      return deadline_text(outcome);
    case LeaveEnd::kBusy:
      return "not waited for: too many sidecars leave at once";
    case LeaveEnd::kUnasked:
      return "not waited for: no control plane to ask";
    case LeaveEnd::kUnheard:
      return "not waited for: the control plane does not know the question";
    case LeaveEnd::kEnded:
      return "cut short: the process was told to end";
    case LeaveEnd::kNotLeaving:
      return "not waited for: this sidecar does not leave";
  }
  return {};
}
}  // namespace

std::string_view to_text(LeaveEnd end) noexcept {
  switch (end) {
    case LeaveEnd::kAcknowledged:
      return "acknowledged";
    case LeaveEnd::kDeadline:
      return "deadline";
    case LeaveEnd::kBusy:
      return "busy";
    case LeaveEnd::kUnasked:
      return "unasked";
    case LeaveEnd::kUnheard:
      return "unheard";
    case LeaveEnd::kEnded:
      return "ended";
    case LeaveEnd::kNotLeaving:
      return "not-leaving";
  }
  return "deadline";
}

std::string LeaveOutcome::text() const {
  return str_cat(what_happened(*this), ", after ", format_duration(waited / 1ms * 1ms));
}

std::string LeaveOutcome::json() const {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("end", to_text(end)).field("text", text());
  if (was_told) writer.field("sidecars", sidecars).field("missing", missing).field("listed", is_listed);
  writer.field("waited_ms", waited / 1ms).end_object();
  return out;
}

std::optional<LeaveEnd> Leaving::judge(MonoTime now, bool asks, std::optional<MonoTime> asked) const {
  if (told_ && told_->state == ReleaseState::kAcknowledged) return LeaveEnd::kAcknowledged;
  if (now - began_ >= deadline_ || (told_ && told_->state == ReleaseState::kDeadline)) return LeaveEnd::kDeadline;
  if (now - began_ < blind_) return std::nullopt;
  if (!asks) return LeaveEnd::kUnasked;
  if (told_) return told_->state == ReleaseState::kBusy ? std::optional(LeaveEnd::kBusy) : std::nullopt;
  return asked && now - *asked >= kUnheardAfter ? std::optional(LeaveEnd::kUnheard) : std::nullopt;
}

std::optional<LeaveOutcome> Leaving::look(MonoTime now, bool asks, std::optional<MonoTime> asked) const {
  std::optional<LeaveEnd> end = judge(now, asks, asked);
  if (!end) return std::nullopt;
  LeaveOutcome out{*end};
  out.was_told = told_.has_value();
  if (told_) {
    out.sidecars = told_->sidecars;
    out.missing = told_->missing;
    out.is_listed = told_->is_listed;
  }
  out.waited = waited(now);
  return out;
}

std::string Leaving::text() const {
  if (!told_ || (told_->missing == 0 && !told_->is_listed)) return "waits for the control plane";
  if (told_->missing == 0) return "waits for a configuration without it";
  return str_cat("waits for ", counted(told_->missing));
}
}  // namespace heddle
