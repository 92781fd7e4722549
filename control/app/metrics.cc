#include "control/app/metrics.h"

namespace heddle {
namespace {
constexpr MetricFamily kSidecars{"heddle_control_sidecars", "Watch streams open.", MetricType::kGauge};
constexpr MetricFamily kSentAway{
    "heddle_control_streams_sent_away_total",
    "Watch streams that were asked to come anew: for their age, since this control plane had more than its share, or "
    "since they hold a newer version than its store, which is not current, has.",
    MetricType::kCounter,
    {"reason"}};
constexpr MetricFamily kVersion{"heddle_control_store_sequence", "Sequence of the newest version of the store.",
                                MetricType::kGauge};
constexpr MetricFamily kRuns{"heddle_control_slowest_sequence",
                             "Sequence of the oldest version that a connected sidecar runs.", MetricType::kGauge};
constexpr MetricFamily kResources{"heddle_control_resources", "Resources in the store.", MetricType::kGauge};
constexpr MetricFamily kBytes{"heddle_control_store_bytes", "Bytes of all resources as sidecars get them.",
                              MetricType::kGauge};
constexpr MetricFamily kExpiry{"heddle_control_identity_expiry_timestamp_seconds",
                               "When the control plane's own certificate expires, since 1970.", MetricType::kGauge};
constexpr MetricFamily kCaExpiry{"heddle_control_ca_expiry_timestamp_seconds",
                                 "When the authority that signs certificates expires, since 1970.", MetricType::kGauge};
constexpr MetricFamily kCaPhase{"heddle_control_ca_rotation_phase",
                                "Rotation of the root: 0 steady, 1 prepared, 2 activated.", MetricType::kGauge};
constexpr MetricFamily kCaWaits{"heddle_control_ca_rotation_waits_for",
                                "Sidecars that keep a rotation's step, which is due by itself, from being taken.",
                                MetricType::kGauge};
constexpr MetricFamily kCaAlarm{
    "heddle_control_ca_alarm",
    "What is to be done about the CA: 0 nothing, 1 a rotation waits or the given authority ends soon, 2 urgently.",
    MetricType::kGauge};
constexpr MetricFamily kCaFiles{"heddle_control_ca_files_refused",
                                "1 while the files of the given authority are refused and the old one stays.",
                                MetricType::kGauge};
constexpr MetricFamily kBundleExpiry{"heddle_control_bundle_certificate_expiry_timestamp_seconds",
                                     "When the certificate that the bundle endpoint shows expires, since 1970.",
                                     MetricType::kGauge};
constexpr MetricFamily kBundleFiles{
    "heddle_control_bundle_files_refused",
    "1 while the files of the bundle endpoint's certificate are refused and the old one stays.", MetricType::kGauge};
constexpr MetricFamily kBundleAnswers{"heddle_control_bundle_answers_total",
                                      "How often our trust bundle was fetched from the bundle endpoint.",
                                      MetricType::kCounter};
constexpr MetricFamily kBundleConnections{"heddle_control_bundle_connections",
                                          "Connections of the bundle endpoint; at its cap others wait.",
                                          MetricType::kGauge};
constexpr MetricFamily kBundleCrowded{
    "heddle_control_bundle_crowded_total",
    "Connections to the bundle endpoint that were closed at once: their address held as many as it may.",
    MetricType::kCounter};
constexpr const MetricFamily* kFamilies[] = {
    &kSidecars,      &kSentAway,          &kVersion,      &kRuns,    &kResources, &kBytes,        &kExpiry,
    &kCaExpiry,      &kCaPhase,           &kCaWaits,      &kCaAlarm, &kCaFiles,   &kBundleExpiry, &kBundleFiles,
    &kBundleAnswers, &kBundleConnections, &kBundleCrowded};

double seconds(WallTime time) { return std::chrono::duration<double>(time.since_epoch()).count(); }
}  // namespace

ControlPlaneMetrics::ControlPlaneMetrics(Registry& registry, const Sources& sources) : sources_(sources) {
  MetricScope scope = registry.scope();
  auto add = [&](const MetricFamily& family, auto read) {
    callbacks_.push_back(scope.callback(family, {}, [this, read] { return static_cast<double>(read(sources_)); }));
  };
  auto add_sent_away = [&](const char* reason, uint64_t WatchHub::SentAway::*count) {
    callbacks_.push_back(scope.callback(kSentAway, {{"reason", reason}}, [this, count] {
      return static_cast<double>(sources_.hub.sent_away().*count);
    }));
  };
  add(kSidecars, [](const Sources& s) { return s.hub.size(); });
  add_sent_away("age", &WatchHub::SentAway::age);
  add_sent_away("imbalance", &WatchHub::SentAway::imbalance);
  add_sent_away("behind", &WatchHub::SentAway::behind);
  add(kVersion, [](const Sources& s) { return s.store.version().sequence; });
  add(kRuns, [](const Sources& s) { return s.hub.min_runs().sequence; });
  add(kResources, [](const Sources& s) { return s.store.view().size(); });
  add(kBytes, [](const Sources& s) { return s.store.view().total_bytes(); });
  add(kExpiry, [](const Sources& s) { return seconds(s.identity.not_after()); });
  add(kCaExpiry, [](const Sources& s) { return seconds(s.ca.state().signer->not_after()); });
  add(kCaPhase, [](const Sources& s) { return static_cast<int>(s.ca.state().phase); });
  add(kCaWaits, [](const Sources& s) { return s.outlook.waits_for; });
  add(kCaAlarm, [](const Sources& s) { return static_cast<int>(s.outlook.alarm); });
  add(kCaFiles, [](const Sources& s) { return s.outlook.are_files_refused ? 1 : 0; });
  if (sources_.bundle == nullptr) return;
  add(kBundleExpiry, [](const Sources& s) { return seconds(s.bundle->certificate().not_after()); });
  add(kBundleFiles, [](const Sources& s) { return s.bundle->certificate().is_refused() ? 1 : 0; });
  add(kBundleAnswers, [](const Sources& s) { return s.bundle->answered(); });
  add(kBundleConnections, [](const Sources& s) { return s.bundle->connections(); });
  add(kBundleCrowded, [](const Sources& s) { return s.bundle->crowded(); });
}

std::span<const MetricFamily* const> control_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
