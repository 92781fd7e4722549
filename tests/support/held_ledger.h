// HeldLedger: one control plane's sight of a ledger that others write, too. While it holds, a change waits for
// release(), and is refused then if a document it touches was written meanwhile, as etcd does it.
#pragma once
#include <deque>

#include "control/store/ledger.h"

namespace heddle {
class HeldLedger final : public Ledger {
 public:
  explicit HeldLedger(Ledger& shared) : shared_(shared) {}
  void hold() { is_holding_ = true; }
  size_t held() const { return held_.size(); }
  // The oldest change goes on; nothing is held any more.
  void release() {
    is_holding_ = false;
    Held held = std::move(held_.front());
    held_.pop_front();
    for (const auto& [name, before] : held.documents) {
      if (*shared_.meta(name) != before) return held.done(make_error(Reason::kConflict, "was changed"));
    }
    Pending token = shared_.commit(std::move(held.change), std::move(held.done));
  }
  // As release(), but nobody confirms the change, which is lost.
  void lose() {
    is_holding_ = false;
    Held held = std::move(held_.front());
    held_.pop_front();
    held.done(make_error(Reason::kUnavailable, "nobody confirmed it"));
  }

  Pending commit(LedgerChange change, Done done) override {
    if (!is_holding_) return shared_.commit(std::move(change), std::move(done));
    Held held{std::move(change), std::move(done), {}};
    for (const LedgerOperation& operation : held.change) {
      const auto* put = std::get_if<PutMeta>(&operation);
      if (put != nullptr) held.documents.emplace_back(put->name, *shared_.meta(put->name));
    }
    held_.push_back(std::move(held));
    return nullptr;
  }
  Pending sync(Done done) override { return shared_.sync(std::move(done)); }
  void set_observer(LedgerObserver*) override {}
  Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) override {
    return shared_.find_join_token(hash);
  }
  Result<std::vector<JoinToken>> join_tokens() override { return shared_.join_tokens(); }
  Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) override {
    return shared_.find_admin_token(hash);
  }
  Result<std::vector<AdminTokenRow>> admin_tokens() override { return shared_.admin_tokens(); }
  Result<std::optional<Lineage>> find_lineage(std::string_view serial) override { return shared_.find_lineage(serial); }
  Result<std::vector<Lineage>> lineages() override { return shared_.lineages(); }
  Result<bool> knows_identity(std::string_view identity) override { return shared_.knows_identity(identity); }
  Result<std::optional<std::string>> meta(std::string_view name) override { return shared_.meta(name); }

 private:
  struct Held {
    LedgerChange change;
    Done done;
    std::vector<std::pair<std::string, std::optional<std::string>>> documents;  // as they were
  };
  Ledger& shared_;
  bool is_holding_ = false;
  std::deque<Held> held_;
};
}  // namespace heddle
