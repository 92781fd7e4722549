// WatchReplica: the other end of a watch stream: it decodes every line, applies batches as a sidecar would and checks
// what the protocol promises (docs/watch-protocol.md): no gap, no reorder, no duplicate, the announced hash, versions
// that never go back. A violation is a test failure. Owned by the test; no loop.
#pragma once
#include <gtest/gtest.h>

#include <map>

#include "lib/api/watch_messages.h"
#include "lib/base/strings.h"
#include "lib/config/content_hash.h"

namespace heddle {
class WatchReplica {
 public:
  // True: a batch is complete and waits for ack() or nack().
  bool receive(std::string_view line) {
    EXPECT_TRUE(line.ends_with('\n'));
    Result<ControlMessage> message = decode_control_message(line.substr(0, line.size() - 1));
    EXPECT_TRUE(message.has_value()) << line;
    if (!message) return false;
    return std::visit([this](const auto& m) { return on(m); }, *message);
  }
  WatchAck ack() {
    content_ = std::move(next_);
    version_ = pending_version_;
    batch_ = Batch::kNone;
    ++applied_;
    return {*version_};
  }
  WatchNack nack() {
    batch_ = Batch::kNone;
    return {pending_version_, {{"", "spec", "the test refuses it"}}};
  }
  // The connection is lost: an unfinished batch is forgotten, the content stays.
  void disconnect() { batch_ = Batch::kNone; }
  WatchHello hello(std::string node, std::vector<ResourceKey> wants) const {
    WatchHello out{.node = std::move(node), .software = "test", .wants = std::move(wants)};
    if (version_) {
      out.version = version_;
      out.hash = hash_of(content_);
    }
    return out;
  }

  using Content = std::map<std::string, std::string>;
  const Content& content() const { return content_; }
  std::string hash() const { return hash_of(content_); }
  std::optional<Version> version() const { return version_; }
  const std::vector<WatchBegin>& begins() const { return begins_; }
  const std::vector<WatchHeartbeat>& heartbeats() const { return heartbeats_; }
  const std::vector<ResourceKey>& unknown() const { return unknown_; }
  const std::optional<WatchRetryAfter>& retry_after() const { return retry_after_; }
  const std::vector<WatchTrust>& trusts() const { return trusts_; }
  const std::vector<WatchFactsRequest>& questions() const { return questions_; }
  const std::vector<WatchRelease>& releases() const { return releases_; }
  const std::vector<WatchAddresses>& addresses() const { return addresses_; }
  int drains() const { return drains_; }
  int applied() const { return applied_; }
  bool is_waiting() const { return batch_ == Batch::kComplete; }

  static std::string hash_of(const Content& content) {
    ContentHasher hasher;
    for (const auto& [key, bytes] : content) hasher.put(key, sha256(as_bytes(bytes)));
    return to_hex(hasher.value());
  }

 private:
  enum class Batch { kNone, kOpen, kComplete };
  bool on(const WatchBegin& m) {
    EXPECT_NE(batch_, Batch::kComplete) << "a second batch before the first was answered";
    batch_ = Batch::kOpen;
    begins_.push_back(m);
    next_ = m.kind == BatchKind::kDelta ? content_ : Content();
    if (m.kind == BatchKind::kDelta) {
      EXPECT_EQ(m.from, version_) << "a delta that does not begin at what the replica holds";
    }
    if (version_ && version_->epoch == m.to.epoch) {
      EXPECT_GE(m.to, *version_) << "the version went back";
    }
    touched_.clear();
    return false;
  }
  bool on(const WatchPut& m) {
    EXPECT_EQ(batch_, Batch::kOpen);
    EXPECT_TRUE(touched_.emplace(m.key.text(), true).second) << "twice in one batch: " << m.key.text();
    auto known = next_.find(m.key.text());
    EXPECT_TRUE(known == next_.end() || known->second != m.resource) << "a put that changes nothing";
    next_[m.key.text()] = m.resource;
    return false;
  }
  bool on(const WatchDelete& m) {
    EXPECT_EQ(batch_, Batch::kOpen);
    EXPECT_TRUE(touched_.emplace(m.key.text(), true).second) << "twice in one batch: " << m.key.text();
    EXPECT_EQ(next_.erase(m.key.text()), 1U) << "a delete of what is not there";
    return false;
  }
  bool on(const WatchEnd& m) {
    EXPECT_EQ(batch_, Batch::kOpen);
    EXPECT_EQ(m.version, begins_.back().to);
    EXPECT_EQ(m.hash, hash_of(next_)) << "the batch does not lead to the announced hash";
    batch_ = Batch::kComplete;
    pending_version_ = m.version;
    return true;
  }
  bool on(const WatchHeartbeat& m) {
    EXPECT_NE(batch_, Batch::kOpen) << "a heartbeat inside a batch";
    heartbeats_.push_back(m);
    return false;
  }
  bool on(const WatchUnknown& m) {
    EXPECT_NE(batch_, Batch::kOpen);
    unknown_.insert(unknown_.end(), m.services.begin(), m.services.end());
    return false;
  }
  bool on(const WatchRetryAfter& m) {
    retry_after_ = m;
    return false;
  }
  bool on(const WatchDrain&) {
    EXPECT_NE(batch_, Batch::kOpen);
    ++drains_;
    return false;
  }
  bool on(const WatchTrust& m) {
    EXPECT_NE(batch_, Batch::kOpen) << "trust inside a batch";
    trusts_.push_back(m);
    return false;
  }
  bool on(const WatchFactsRequest& m) {
    EXPECT_NE(batch_, Batch::kOpen) << "a question inside a batch";
    questions_.push_back(m);
    return false;
  }
  bool on(const WatchRelease& m) {
    EXPECT_NE(batch_, Batch::kOpen) << "a release inside a batch";
    releases_.push_back(m);
    return false;
  }
  bool on(const WatchAddresses& m) {
    EXPECT_NE(batch_, Batch::kOpen) << "an answer inside a batch";
    addresses_.push_back(m);
    return false;
  }
  bool on(const WatchIgnored&) { return false; }

  Content content_;
  Content next_;
  std::map<std::string, bool> touched_;
  std::vector<WatchAddresses> addresses_;
  std::optional<Version> version_;
  Version pending_version_;
  Batch batch_ = Batch::kNone;
  std::vector<WatchBegin> begins_;
  std::vector<WatchHeartbeat> heartbeats_;
  std::vector<ResourceKey> unknown_;
  std::optional<WatchRetryAfter> retry_after_;
  std::vector<WatchTrust> trusts_;
  std::vector<WatchFactsRequest> questions_;
  std::vector<WatchRelease> releases_;
  int drains_ = 0;
  int applied_ = 0;
};
}  // namespace heddle
