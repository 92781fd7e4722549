#include "control/app/cluster_metrics.h"

namespace heddle {
namespace {
constexpr MetricFamily kObjects{"heddle_control_cluster_objects",
                                "Routes and policies of the cluster, by whether they are taken as they are.",
                                MetricType::kGauge,
                                {"kind", "state"}};
constexpr MetricFamily kWrites{
    "heddle_control_cluster_status_writes_total",
    "Writes of the status of an object of the cluster, by what came of it: done, conflict (somebody "
    "else was faster: tried again), refused, failed.",
    MetricType::kCounter,
    {"result"}};
constexpr MetricFamily kWaiting{"heddle_control_cluster_status_waiting",
                                "Objects whose status is to be compared or written.", MetricType::kGauge};
constexpr MetricFamily kEvents{"heddle_control_cluster_events_total", "Events written about Services.",
                               MetricType::kCounter};
constexpr MetricFamily kRelists{"heddle_control_cluster_relists_total",
                                "Lists of a kind after the first one: a watch was too old.", MetricType::kCounter};
constexpr MetricFamily kHeard{
    "heddle_control_cluster_heard_seconds",
    "Since the API server was heard, on the watch that is silent for longest: about a minute when "
    "nothing happens.",
    MetricType::kGauge};
constexpr const MetricFamily* kFamilies[] = {&kObjects, &kWrites, &kWaiting, &kEvents, &kRelists, &kHeard};
}  // namespace

ClusterMetrics::ClusterMetrics(Registry& registry, const KubeSource& source, const StatusWriter& writer, Loop& loop) {
  MetricScope scope = registry.scope();
  auto add = [&](const MetricFamily& family, const MetricLabels& labels, auto read) {
    callbacks_.push_back(scope.callback(family, labels, [read] { return static_cast<double>(read()); }));
  };
  for (const KindInfo& kind : all_kinds()) {
    if (!kind.supported || kind.kind == Kind::kService) continue;
    std::string name(kind.name);
    add(kObjects, {{"kind", name}, {"state", "accepted"}}, [&writer, at = kind.kind] { return writer.accepted(at); });
    add(kObjects, {{"kind", name}, {"state", "refused"}}, [&writer, at = kind.kind] { return writer.refused(at); });
  }
  add(kWrites, {{"result", "done"}}, [&writer] { return writer.counts().done; });
  add(kWrites, {{"result", "conflict"}}, [&writer] { return writer.counts().conflicts; });
  add(kWrites, {{"result", "refused"}}, [&writer] { return writer.counts().refused; });
  add(kWrites, {{"result", "failed"}}, [&writer] { return writer.counts().failed; });
  add(kWaiting, {}, [&writer] { return writer.waiting(); });
  add(kEvents, {}, [&writer] { return writer.counts().events; });
  add(kRelists, {}, [&source] { return source.relists(); });
  add(kHeard, {}, [&source, &loop] {
    std::optional<MonoTime> heard = source.heard_at();
    return heard ? std::chrono::duration<double>(loop.now() - *heard).count() : 0.0;
  });
}

std::span<const MetricFamily* const> cluster_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
