#include "proxy/upstream/checked_endpoint.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
HealthThresholds thresholds_of(const ActiveCheck& check) {
  return {check.unhealthy_threshold, check.healthy_threshold};
}
std::string_view kind_of(const ProbeSpec& spec) { return to_text(spec.check.kind); }
}  // namespace

Duration next_interval(const ActiveCheck& check, bool is_up, bool had_traffic) noexcept {
  auto or_usual = [&](Duration special) { return special == Duration{} ? check.interval : special; };
  if (!is_up) return or_usual(check.unhealthy_interval);
  return had_traffic ? check.interval : or_usual(check.no_traffic_interval);
}

// One check: waits, probes, judges, waits again. One timer serves both: until the next probe, or for its timeout.
class CheckedEndpoint::Check {
 public:
  Check(CheckedEndpoint& owner, const ProbeSpec& spec)
      : owner_(owner),
        spec_(spec),
        probe_(context().probes.make(spec)),
        tracker_(thresholds_of(spec.check)),
        timer_(context().scheduler.timer([this] { on_timer(); })) {
    timer_->arm(first_wait());
  }
  // The same question put differently: thresholds judge anew, what is known stays.
  Check(CheckedEndpoint& owner, const ProbeSpec& spec, const Check& before) : Check(owner, spec) {
    tracker_ = before.tracker_;
    tracker_.set_thresholds(thresholds_of(spec.check));
  }
  const ProbeSpec& spec() const noexcept { return spec_; }
  bool is_up() const noexcept { return tracker_.is_up(); }

 private:
  CheckedSetContext& context() noexcept { return owner_.context_; }
  Duration first_wait() {
    Duration within = std::min(spec_.check.interval, context().spread);
    return Duration(static_cast<Duration::rep>(context().random.unit() * static_cast<double>(within.count())));
  }
  void on_timer() {
    if (!running_) return start();
    pending_.reset();
    std::string detail = str_cat("no answer within ", format_duration(spec_.check.timeout));
    finish({make_error(Reason::kTimeout, std::move(detail), Origin::kUpstream), 0});
  }
  void start() {
    running_ = true;
    started_ = context().scheduler.now();
    timer_->arm(spec_.check.timeout);
    // The token of the probe before is let go only now: a result must not destroy its own token.
    pending_ = probe_->run([this](const ProbeResult& result) { finish(result); });
  }
  // From start to start, so that slow answers do not stretch the interval.
  void finish(const ProbeResult& result) {
    running_ = false;
    Duration took = context().scheduler.now() - started_;
    auto changed = tracker_.record(result.passed() ? CheckVerdict::kPassed : CheckVerdict::kFailed);
    Duration interval = next_interval(spec_.check, tracker_.is_up(), had_traffic());
    timer_->arm(std::max(Duration{}, context().random.jitter(interval, spec_.check.jitter) - took));
    owner_.on_result(spec_, result, took);
    if (changed) owner_.on_transition(*changed, spec_, result);
  }

  // Since this was asked last.
  bool had_traffic() noexcept {
    const EndpointHealth& health = owner_.verdict_->health();
    uint64_t before = std::exchange(seen_requests_, health.requests());
    return before != seen_requests_ || health.in_flight() > 0;
  }

  CheckedEndpoint& owner_;
  const ProbeSpec spec_;
  std::unique_ptr<Probe> probe_;
  HealthTracker tracker_;
  std::unique_ptr<Timer> timer_;
  Pending pending_;  // before the probe dies
  MonoTime started_;
  uint64_t seen_requests_ = 0;
  bool running_ = false;
};

CheckedEndpoint::CheckedEndpoint(CheckedSetContext& context, const EndpointKey& key,
                                 std::shared_ptr<EndpointVerdict> verdict)
    : context_(context), key_(key), verdict_(std::move(verdict)) {
  context_.metrics.endpoints_up.add(1);
}

CheckedEndpoint::~CheckedEndpoint() {
  checks_.clear();
  if (!is_up()) verdict_->withdraw();
  (is_up() ? context_.metrics.endpoints_up : context_.metrics.endpoints_down).add(-1);
}

void CheckedEndpoint::set_checks(const std::vector<ProbeSpec>& specs) {
  std::vector<std::unique_ptr<Check>> before = std::move(checks_);
  checks_.clear();
  for (size_t i = 0; i < specs.size(); ++i) {
    bool same_kind = i < before.size() && before[i]->spec().check.kind == specs[i].check.kind;
    if (!same_kind) {
      checks_.push_back(std::make_unique<Check>(*this, specs[i]));
    } else if (before[i]->spec() == specs[i]) {
      checks_.push_back(std::move(before[i]));
    } else {
      checks_.push_back(std::make_unique<Check>(*this, specs[i], *before[i]));
      before[i].reset();
    }
  }
  // A failing check that nobody asks for any more holds the endpoint down no longer.
  for (const auto& dropped : before) {
    if (dropped != nullptr && !dropped->is_up()) remove_failing();
  }
}

void CheckedEndpoint::on_result(const ProbeSpec& spec, const ProbeResult& result, Duration took) {
  if (!result.passed()) {
    last_failure_ = {str_cat(kind_of(spec), " check: ", result.why.text()), context_.scheduler.wall()};
  }
  verdict_->health().record_check({result.why.reason, result.status, took, context_.scheduler.wall()});
  context_.metrics.checks[result.why.reason].add(1);
}

void CheckedEndpoint::on_transition(Transition transition, const ProbeSpec& spec, const ProbeResult& result) {
  bool was_up = is_up();
  if (transition == Transition::kWentDown) {
    add_failing(str_cat(kind_of(spec), " check: ", result.why.text()));
  } else {
    remove_failing();
  }
  if (was_up != is_up()) log_transition(spec, result);
}

void CheckedEndpoint::add_failing(const std::string& why) {
  if (failing_++ != 0) return;
  why_down_ = why;
  verdict_->vote_down();
  context_.metrics.endpoints_up.add(-1);
  context_.metrics.endpoints_down.add(1);
  context_.metrics.transitions["down"].add(1);
}

void CheckedEndpoint::remove_failing() {
  if (--failing_ != 0) return;
  why_down_.clear();
  verdict_->withdraw();
  context_.metrics.endpoints_down.add(-1);
  context_.metrics.endpoints_up.add(1);
  context_.metrics.transitions["up"].add(1);
}

void CheckedEndpoint::log_transition(const ProbeSpec& spec, const ProbeResult& result) const {
  std::string_view identity = key_.identity ? std::string_view(key_.identity->text()) : std::string_view();
  if (is_up()) {
    return context_.log.info(
        "endpoint is up",
        {{"backend_set", context_.name}, {"endpoint", key_.address}, {"identity", identity}, {"check", kind_of(spec)}});
  }
  context_.log.warn("endpoint is down", {{"backend_set", context_.name},
                                         {"endpoint", key_.address},
                                         {"identity", identity},
                                         {"check", kind_of(spec)},
                                         {"reason", result.why.reason},
                                         {"detail", result.why.detail},
                                         {"status", result.status}});
}
}  // namespace heddle
