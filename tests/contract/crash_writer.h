// CrashWriter: the process that is killed (etcd_crash_test.cc): a control plane's store and ledger on etcd, which go on
// with the script, several changes at once, and say what they were told.
#pragma once
#include <unistd.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/contract/crash_script.h"
#include "tests/support/second_self.h"

namespace heddle {
inline EtcdJournal::Options crash_journal(std::string prefix) { return {std::move(prefix), 64, 16, 200ms, 2s}; }
inline EtcdMirror::Options crash_mirror(std::string prefix) { return {std::move(prefix), 1s, 2s}; }

// A member that is away, or the way to it, is left soon; the call is not given up while a busy machine stalls.
inline EtcdOptions crash_etcd(std::vector<EtcdEndpoint> endpoints, Duration whole) {
  EtcdOptions out;
  out.endpoints = std::move(endpoints);
  out.connect = 500ms;
  out.attempt = 1s;
  out.whole = whole;
  return out;
}

class CrashWriter {
 public:
  enum What : uint64_t { kOpened, kKept, kUnknown, kLedgerKept };
  // So many versions at most: watchers that lag find all of them in the log.
  static constexpr uint64_t kMost = 8;

  // The part that it plays: who it is, and where etcd is.
  static std::string part(const std::string& author, const std::string& prefix,
                          const std::vector<EtcdEndpoint>& endpoints) {
    std::string out = str_cat(author, " ", prefix);
    for (const EtcdEndpoint& endpoint : endpoints) out += str_cat(" ", std::to_string(endpoint.port));
    return out;
  }
  explicit CrashWriter(const std::string& part) {
    std::istringstream in(part);
    in >> author_ >> prefix_;
    for (uint16_t port = 0; in >> port;) endpoints_.push_back({false, "127.0.0.1", port});
  }
  // Until it is killed.
  [[noreturn]] void run() {
    EtcdOptions etcd = crash_etcd(endpoints_, 12s);
    node_ = rig_.open_etcd(etcd, crash_journal(prefix_));
    ledger_node_ = rig_.open_etcd_ledger(etcd, crash_mirror(prefix_));
    if (node_->store == nullptr || testing::Test::HasFailure()) ::_exit(1);
    last_ = node_->store->version().sequence + kMost;
    last_number_ = crash_script::number_of(ledger()) + kMost;
    SecondSelf::say({kOpened, node_->store->version().sequence});
    timer_ = rig_.loop.timer([this] { go_on(); });
    ledger_timer_ = rig_.loop.timer([this] { go_on_with_ledger(); });
    timer_->arm(Duration(0));
    ledger_timer_->arm(Duration(0));
    rig_.loop.run_until([] { return false; });
    ::_exit(1);
  }

 private:
  static constexpr int kAtOnce = 3;
  static constexpr Duration kAgain = 20ms;
  Ledger& ledger() { return *ledger_node_->ledger; }

  // Each depends on the one before it: when one fails, so do those behind it, and it goes on from what there is.
  void go_on() {
    if (under_way_ == 0) {
      next_ = node_->store->version().sequence + 1;
      has_failed_ = false;
    }
    while (!has_failed_ && under_way_ < kAtOnce && next_ <= last_) commit(next_++);
  }
  void commit(uint64_t version) {
    ++under_way_;
    tokens_.push_back(
        node_->store->commit(crash_script::commit_of(version, author_), nullptr,
                             [this, version](const Result<Commit>& done) { on_committed(version, done); }));
  }
  void on_committed(uint64_t version, const Result<Commit>& done) {
    --under_way_;
    if (done) SecondSelf::say({kKept, done->version.sequence});
    if (!done && done.error().reason == Reason::kUnavailable) SecondSelf::say({kUnknown, version});
    has_failed_ = has_failed_ || !done;
    timer_->arm(done ? Duration(0) : kAgain);
  }

  void go_on_with_ledger() {
    uint64_t number = crash_script::number_of(ledger()) + 1;
    if (number > last_number_) return;
    tokens_.push_back(ledger().commit(crash_script::ledger_change(number), [this, number](const Result<void>& done) {
      if (done) SecondSelf::say({kLedgerKept, number});
      ledger_timer_->arm(done ? Duration(0) : kAgain);
    }));
  }

  std::string author_;
  std::string prefix_;
  std::vector<EtcdEndpoint> endpoints_;
  LedgerRig rig_;
  std::unique_ptr<StoreRig::EtcdNode> node_;
  std::unique_ptr<LedgerRig::EtcdNode> ledger_node_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Timer> ledger_timer_;
  std::vector<Pending> tokens_;
  uint64_t next_ = 0;
  uint64_t last_ = 0;
  uint64_t last_number_ = 0;
  int under_way_ = 0;
  bool has_failed_ = false;
};
}  // namespace heddle
