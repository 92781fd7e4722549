// RotationPlan: which steps of a root rotation may be taken, and who keeps one from it. Steady -> prepare -> prepared
// -> activate -> activated -> retire -> steady; abort leads back from prepared (reliability C7). Nothing is activated
// before every live sidecar uses the bundle with both roots, nothing is retired while one shows a certificate of the
// old root. Live: its certificate is valid, whether it is connected or not. The same for each other control plane that
// is there, and one that is not heard is taken for one that lags: what its sidecars use is not known. Pure: no sockets,
// clocks or files.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/result.h"

namespace heddle {
enum class RotationPhase : uint8_t {
  kSteady,     // one root
  kPrepared,   // a second one is in the bundle; the first signs
  kActivated,  // the second one signs; the first is in the bundle still
};
enum class RotationStep : uint8_t { kPrepare, kActivate, kRetire, kAbort };
std::string_view to_text(RotationPhase) noexcept;
std::string_view to_text(RotationStep) noexcept;
std::optional<RotationPhase> rotation_phase(std::string_view name) noexcept;
std::optional<RotationStep> rotation_step(std::string_view name) noexcept;
// The one that leads on from a phase.
RotationStep next_step(RotationPhase) noexcept;

// What a sidecar said that all of it uses.
struct TrustInUse {
  std::string bundle;     // digest of its roots
  std::string authority;  // pin of the root that vouches for its certificate
  bool operator==(const TrustInUse&) const = default;
};

struct LiveSidecar {
  std::string identity;
  std::string node;    // empty: it never said
  std::string serial;  // of its newest certificate; empty: not known
  bool is_connected = false;
  std::optional<TrustInUse> uses{};  // nothing: it did not say since it connected
  std::string instance{};            // of the process; empty: it said none
  // "web-1 (spiffe://...)"; by the serial, where there is no node.
  std::string name() const;
};

// Another control plane of the mesh.
struct ControlPlaneTrust {
  std::string name;
  size_t sidecars = 0;                // connected to it, as it said last
  std::optional<Duration> unheard{};  // for so long; nothing: it is heard
  std::optional<TrustInUse> uses{};   // itself: what it gives out, and shows
};

// A sidecar, or a control plane, that a step waits for.
struct Laggard {
  LiveSidecar sidecar;
  std::string why;
  std::string control_plane{};  // its name; empty: it is the sidecar
  std::string name() const;     // "control plane b", or the sidecar's
};

class RotationPlan {
 public:
  struct State {
    RotationPhase phase = RotationPhase::kSteady;
    std::string bundle;  // digest of the roots that are distributed
    std::string signer;  // pin of the root that signs
  };
  RotationPlan(State state, std::vector<LiveSidecar> live, std::vector<ControlPlaneTrust> others = {})
      : state_(std::move(state)), live_(std::move(live)), others_(std::move(others)) {}

  // Who keeps the step from being taken now; nobody for prepare and abort. `except`: nodes or serials of sidecars, and
  // names of control planes, that the operator answers for.
  std::vector<Laggard> laggards(RotationStep, std::span<const std::string> except = {}) const;
  // The phase after the step. kConflict: not a step of this phase,
  // or sidecars lag (each is named); kBadRequest: an exception names nobody.
  Result<RotationPhase> judge(RotationStep, std::span<const std::string> except = {}) const;

  const std::vector<LiveSidecar>& live() const noexcept { return live_; }
  bool has_bundle(const LiveSidecar& sidecar) const { return sidecar.uses && sidecar.uses->bundle == state_.bundle; }
  bool has_signer(const LiveSidecar& sidecar) const { return sidecar.uses && sidecar.uses->authority == state_.signer; }

 private:
  std::optional<std::string> fault(RotationStep, const LiveSidecar&) const;
  std::optional<std::string> fault(RotationStep, const ControlPlaneTrust&) const;
  bool is_known(const std::string& word) const;
  State state_;
  std::vector<LiveSidecar> live_;
  std::vector<ControlPlaneTrust> others_;
};
}  // namespace heddle
