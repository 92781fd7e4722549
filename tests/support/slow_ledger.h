// SlowLedger: the ledger of one of several control planes, over SQLite: changes and syncs wait until the test says what
// becomes of them, the oldest first, and what others commit is not seen before a sync.
#pragma once
#include <gtest/gtest.h>

#include <deque>

#include "control/store/sqlite_ledger.h"

namespace heddle {
class SlowLedger final : public Ledger {
 public:
  explicit SlowLedger(SqliteLedger& kept) : kept_(kept) {}

  size_t waiting() const { return calls_.size(); }
  bool is_sync() const { return !calls_.empty() && calls_.front()->is_sync; }
  // The oldest: as it should be.
  void answer() {
    std::shared_ptr<Call> call = next();
    call->tell(call->is_sync ? see_others() : kept_.apply(call->change));
  }
  // Nothing is kept.
  void refuse(Reason reason) { next()->tell(make_error(reason, "the ledger says no")); }
  // It is kept, and nobody confirms it.
  void lose_answer() {
    std::shared_ptr<Call> call = next();
    EXPECT_TRUE(kept_.apply(call->change));
    call->tell(make_error(Reason::kUnavailable, "the ledger does not answer"));
  }
  void answer_all() {
    while (!calls_.empty()) answer();
  }
  // What another control plane did.
  void elsewhere(LedgerChange change) { others_.push_back(std::move(change)); }

  Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) override {
    return kept_.find_join_token(hash);
  }
  Result<std::vector<JoinToken>> join_tokens() override { return kept_.join_tokens(); }
  Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) override {
    return kept_.find_admin_token(hash);
  }
  Result<std::vector<AdminTokenRow>> admin_tokens() override { return kept_.admin_tokens(); }
  Result<std::optional<Lineage>> find_lineage(std::string_view serial) override { return kept_.find_lineage(serial); }
  Result<std::vector<Lineage>> lineages() override { return kept_.lineages(); }
  Result<bool> knows_identity(std::string_view identity) override { return kept_.knows_identity(identity); }
  Result<std::optional<std::string>> meta(std::string_view name) override { return kept_.meta(name); }
  [[nodiscard]] Pending commit(LedgerChange change, Done done) override {
    return hold({false, std::move(change), std::move(done)});
  }
  [[nodiscard]] Pending sync(Done done) override { return hold({true, {}, std::move(done)}); }
  void set_observer(LedgerObserver*) override {}

 private:
  struct Call {
    bool is_sync;
    LedgerChange change;
    Done done;  // empty: its token is gone
    void tell(Result<void> result) {
      auto then = std::move(done);
      done = nullptr;
      if (then) then(std::move(result));
    }
  };
  struct Token final : Operation {
    explicit Token(std::shared_ptr<Call> c) : call(std::move(c)) {}
    ~Token() override { call->done = nullptr; }
    std::shared_ptr<Call> call;
  };
  Pending hold(Call call) {
    calls_.push_back(std::make_shared<Call>(std::move(call)));
    return std::make_unique<Token>(calls_.back());
  }
  std::shared_ptr<Call> next() {
    EXPECT_FALSE(calls_.empty()) << "nobody asks the ledger";
    if (calls_.empty()) return std::make_shared<Call>();
    std::shared_ptr<Call> out = std::move(calls_.front());
    calls_.pop_front();
    return out;
  }
  Result<void> see_others() {
    for (const LedgerChange& change : std::exchange(others_, {})) EXPECT_TRUE(kept_.apply(change));
    return {};
  }
  SqliteLedger& kept_;
  std::deque<std::shared_ptr<Call>> calls_;
  std::vector<LedgerChange> others_;
};
}  // namespace heddle
