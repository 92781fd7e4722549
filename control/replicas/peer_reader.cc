#include "control/replicas/peer_reader.h"

#include "lib/base/strings.h"

namespace heddle {
PeerReader::PeerReader(NodeRegistry& registry, std::string name, WallTime now)
    : registry_(registry), name_(std::move(name)) {
  registry_.on_replica_silent(name_, now);
}

void PeerReader::begin() {
  rows_.clear();
  is_greeted_ = false;
  is_complete_ = false;
}

void PeerReader::end(WallTime now) {
  begin();
  registry_.on_replica_silent(name_, now);
}

Result<void> PeerReader::on(const PeerMessage& message, WallTime now) {
  bool is_hello = std::holds_alternative<PeerHello>(message);
  if (is_hello == is_greeted_) return make_error(Reason::kBadRequest, "hello is the first message, and comes once");
  return std::visit([&](const auto& m) { return take(m, now); }, message);
}

Result<void> PeerReader::take(const PeerHello& hello, WallTime) {
  if (hello.protocol != kPeerProtocol) {
    return make_error(
        Reason::kUnsupported,
        str_cat("the control plane ", hello.name, " (", hello.software, ") speaks protocol ",
                std::to_string(hello.protocol), " between control planes; expected ", std::to_string(kPeerProtocol)));
  }
  is_greeted_ = true;
  return {};
}

Result<void> PeerReader::take(const PeerRow& row, WallTime) {
  rows_.insert(row.status.key);
  if (rows_.size() > kMaxRows) {
    return make_error(Reason::kTooLarge,
                      str_cat("a control plane tells of more than ", std::to_string(kMaxRows), " sidecars"));
  }
  registry_.on_replica_row(name_, row.status);
  return {};
}

Result<void> PeerReader::take(const PeerGone& gone, WallTime) {
  rows_.erase(gone.key);
  registry_.on_replica_row_gone(name_, gone.key);
  return {};
}

Result<void> PeerReader::take(const PeerNewest& newest, WallTime now) {
  registry_.on_replica_newest(name_, newest.version);
  if (is_complete_) return {};
  is_complete_ = true;
  registry_.on_replica_rows(name_, rows_);
  registry_.on_replica(name_, now);
  return {};
}

Result<void> PeerReader::take(const PeerTrust& trust, WallTime) {
  registry_.on_replica_trust(name_, {trust.bundle, trust.authority, ""});
  return {};
}

Result<void> PeerReader::take(const PeerHeartbeat&, WallTime now) {
  if (is_complete_) registry_.on_replica(name_, now);
  return {};
}
}  // namespace heddle
