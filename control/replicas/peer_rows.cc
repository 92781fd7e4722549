#include "control/replicas/peer_rows.h"

#include <algorithm>

#include "control/replicas/peer_lines.h"

namespace heddle {
namespace {
// FNV-1a, 64 bits; lengths go in, so that texts cannot run into each other. Nobody's safety depends on it: a change
// that collides is told with the next one.
class Fingerprint {
 public:
  Fingerprint& add(std::string_view text) {
    add(text.size());
    for (char c : text) byte(static_cast<unsigned char>(c));
    return *this;
  }
  Fingerprint& add(uint64_t number) {
    for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(number >> (8 * i)));
    return *this;
  }
  Fingerprint& add(WallTime time) { return add(static_cast<uint64_t>(time.since_epoch().count())); }
  Fingerprint& add(const std::optional<Version>& version) {
    add(static_cast<uint64_t>(version.has_value()));
    return version ? add(static_cast<uint64_t>(version->epoch)).add(static_cast<uint64_t>(version->sequence)) : *this;
  }
  uint64_t value() const noexcept { return value_; }

 private:
  void byte(unsigned char b) { value_ = (value_ ^ b) * 0x100000001b3ULL; }
  uint64_t value_ = 0xcbf29ce484222325ULL;
};

void add_nack(Fingerprint& out, const WatchNack& nack) {
  out.add(std::optional<Version>(nack.version));
  for (const WatchNackError& error : nack.errors) out.add(error.resource).add(error.path).add(error.message);
}

uint64_t fingerprint_of(const NodeStatus& row) {
  Fingerprint out;
  out.add(static_cast<uint64_t>(row.state)).add(row.address).add(row.serial).add(row.software).add(row.connected);
  out.add(row.features.size());
  for (const std::string& feature : row.features) out.add(feature);
  out.add(row.acked).add(row.request_change);
  if (row.state != NodeState::kLive) out.add(row.runs).add(row.behind_since);
  out.add(static_cast<uint64_t>(row.is_affected));
  if (row.nack) add_nack(out, *row.nack);
  if (row.trust) out.add(row.trust->bundle).add(row.trust->authority).add(row.trust->federated);
  return out.value();
}

uint64_t fingerprint_of(const WatchReport& report) {
  Fingerprint out;
  out.add(static_cast<uint64_t>(report.lag.count())).add(report.version);
  out.add(report.clock_ahead ? static_cast<uint64_t>(report.clock_ahead->count()) : UINT64_MAX);
  for (const BackendTrouble& trouble : report.backends) out.add(trouble.set).add(trouble.up).add(trouble.down);
  for (const auto& [name, value] : report.counters) out.add(name).add(value);
  return out.value();
}
}  // namespace

bool PeerRows::is_due(Told& told, const NodeStatus& row, MonoTime now) const {
  bool is_new = told.round == 0;
  uint64_t fingerprint = fingerprint_of(row);
  bool is_due = is_new || fingerprint != told.row;
  told.row = fingerprint;
  if (is_due || now - told.reported >= kReports) {
    uint64_t report = fingerprint_of(row.report);
    is_due = is_due || report != told.report;
    told.report = report;
    told.reported = now;
  }
  return is_due;
}

// A live row runs what is told as the newest. So that is the least that any live one runs: a sidecar which the hub has
// not looked at since a commit is live for the version before.
std::vector<std::string> PeerRows::take(const NodeRegistry& registry, Version store, MonoTime now) {
  std::vector<std::string> lines;
  ++round_;
  Version newest = store;
  registry.for_each_local([&](const NodeStatus& row) {
    if (row.state == NodeState::kLive) newest = std::min(newest, row.runs.value_or(Version{}));
    Told& told = told_[row.key];
    if (is_due(told, row, now)) lines.push_back(encode_row(row));
    told.round = round_;
  });
  std::erase_if(told_, [&](const auto& entry) {
    if (entry.second.round == round_) return false;
    lines.push_back(encode(PeerGone{entry.first}));
    return true;
  });
  if (newest_ != newest) lines.push_back(encode(PeerNewest{newest}));
  newest_ = newest;
  return lines;
}
}  // namespace heddle
