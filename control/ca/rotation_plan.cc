#include "control/ca/rotation_plan.h"

#include <algorithm>
#include <array>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::array<std::string_view, 3> kPhases = {"steady", "prepared", "activated"};
constexpr std::array<std::string_view, 4> kSteps = {"prepare", "activate", "retire", "abort"};
constexpr size_t kNamed = 20;  // sidecars in one message; the rest is counted

template <class E, size_t N>
std::optional<E> by_name(const std::array<std::string_view, N>& names, std::string_view name) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

// nullopt: not a step of this phase.
std::optional<RotationPhase> after(RotationPhase phase, RotationStep step) {
  if (phase == RotationPhase::kPrepared && step == RotationStep::kAbort) return RotationPhase::kSteady;
  if (step != next_step(phase)) return std::nullopt;
  switch (phase) {
    case RotationPhase::kSteady:
      return RotationPhase::kPrepared;
    case RotationPhase::kPrepared:
      return RotationPhase::kActivated;
    case RotationPhase::kActivated:
      return RotationPhase::kSteady;
  }
  return std::nullopt;
}

Error conflict(std::string detail) { return make_error(Reason::kConflict, std::move(detail), Origin::kDownstream); }

Error wrong_phase(RotationPhase phase, RotationStep step) {
  std::string expected(to_text(next_step(phase)));
  if (phase == RotationPhase::kPrepared) expected += " or abort";
  return conflict(
      str_cat("the rotation is ", to_text(phase), ": the next step is ", expected, ", not ", to_text(step)));
}

std::string count_of(size_t count, std::string_view of) {
  return str_cat(std::to_string(count), " ", of, count == 1 ? "" : "s");
}

std::string counts_of(const std::vector<Laggard>& laggards) {
  auto is_sidecar = [](const Laggard& laggard) { return laggard.control_plane.empty(); };
  auto sidecars = static_cast<size_t>(std::count_if(laggards.begin(), laggards.end(), is_sidecar));
  std::vector<std::string> out;
  if (sidecars < laggards.size()) out.push_back(count_of(laggards.size() - sidecars, "control plane"));
  if (sidecars > 0) out.push_back(count_of(sidecars, "sidecar"));
  return join(out, " and ");
}

Error not_yet(RotationStep step, const std::vector<Laggard>& laggards) {
  std::vector<std::string> names;
  for (const Laggard& laggard : laggards) {
    if (names.size() == kNamed) break;
    names.push_back(str_cat(laggard.name(), " ", laggard.why));
  }
  if (laggards.size() > kNamed) names.push_back(str_cat(std::to_string(laggards.size() - kNamed), " more"));
  return conflict(str_cat("cannot ", to_text(step), " yet, because of ", counts_of(laggards), ": ", join(names, "; ")));
}

bool is_meant(const std::string& word, const LiveSidecar& sidecar) {
  return !word.empty() && (word == sidecar.node || word == sidecar.serial);
}
}  // namespace

std::string_view to_text(RotationPhase phase) noexcept { return kPhases[static_cast<size_t>(phase)]; }
std::string_view to_text(RotationStep step) noexcept { return kSteps[static_cast<size_t>(step)]; }
std::optional<RotationPhase> rotation_phase(std::string_view name) noexcept {
  return by_name<RotationPhase>(kPhases, name);
}
std::optional<RotationStep> rotation_step(std::string_view name) noexcept {
  return by_name<RotationStep>(kSteps, name);
}

RotationStep next_step(RotationPhase phase) noexcept {
  constexpr RotationStep kNext[] = {RotationStep::kPrepare, RotationStep::kActivate, RotationStep::kRetire};
  return kNext[static_cast<size_t>(phase)];
}

std::string LiveSidecar::name() const {
  return str_cat(node.empty() ? str_cat("serial ", serial) : node, " (", identity, ")");
}

std::optional<std::string> RotationPlan::fault(RotationStep step, const LiveSidecar& sidecar) const {
  if (step == RotationStep::kPrepare || step == RotationStep::kAbort) return std::nullopt;
  if (step == RotationStep::kActivate ? has_bundle(sidecar) : has_signer(sidecar)) return std::nullopt;
  if (!sidecar.is_connected) return "is not connected, and its certificate is still valid";
  if (!sidecar.uses) return "has not said which bundle it uses";
  if (step == RotationStep::kActivate) return "still uses an older bundle";
  return "still shows a certificate of another root than the one that signs";
}

std::string Laggard::name() const {
  return control_plane.empty() ? sidecar.name() : str_cat("control plane ", control_plane);
}

// One that is behind would also take sidecars back that come to it.
std::optional<std::string> RotationPlan::fault(RotationStep step, const ControlPlaneTrust& other) const {
  if (step == RotationStep::kPrepare || step == RotationStep::kAbort) return std::nullopt;
  if (other.unheard) {
    return str_cat("is not heard, for ", format_duration(std::chrono::floor<std::chrono::seconds>(*other.unheard)),
                   ": what its ", count_of(other.sidecars, "sidecar"), " and it use is unknown");
  }
  if (!other.uses) return "has not said which bundle it uses";
  if (step == RotationStep::kActivate && other.uses->bundle != state_.bundle) return "still gives out an older bundle";
  if (step == RotationStep::kRetire && other.uses->authority != state_.signer) {
    return "still shows a certificate of another root than the one that signs";
  }
  return std::nullopt;
}

std::vector<Laggard> RotationPlan::laggards(RotationStep step, std::span<const std::string> except) const {
  std::vector<Laggard> out;
  for (const ControlPlaneTrust& other : others_) {
    if (std::find(except.begin(), except.end(), other.name) != except.end()) continue;
    if (auto why = fault(step, other)) out.push_back({{}, *std::move(why), other.name});
  }
  for (const LiveSidecar& sidecar : live_) {
    if (std::any_of(except.begin(), except.end(), [&](const auto& word) { return is_meant(word, sidecar); })) continue;
    if (auto why = fault(step, sidecar)) out.push_back({sidecar, *std::move(why)});
  }
  return out;
}

bool RotationPlan::is_known(const std::string& word) const {
  return std::any_of(live_.begin(), live_.end(), [&](const LiveSidecar& s) { return is_meant(word, s); }) ||
         std::any_of(others_.begin(), others_.end(), [&](const ControlPlaneTrust& o) { return o.name == word; });
}

Result<RotationPhase> RotationPlan::judge(RotationStep step, std::span<const std::string> except) const {
  std::optional<RotationPhase> next = after(state_.phase, step);
  if (!next) return wrong_phase(state_.phase, step);
  for (const std::string& word : except) {
    if (is_known(word)) continue;
    return make_error(Reason::kBadRequest, str_cat("except: ", in_quotes(word), " is no live sidecar or control plane"),
                      Origin::kDownstream);
  }
  std::vector<Laggard> late = laggards(step, except);
  if (!late.empty()) return not_yet(step, late);
  return *next;
}
}  // namespace heddle
