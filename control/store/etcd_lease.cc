#include "control/store/etcd_lease.h"

#include <algorithm>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string unique_mark(Random& random, const std::string& self) {
  uint64_t words[2] = {random.next(), random.next()};
  return str_cat(to_hex(std::as_bytes(std::span(words))), " ", self);
}
std::string name_in(const std::string& mark) { return mark.substr(std::min(mark.find(' '), mark.size() - 1) + 1); }
}  // namespace

EtcdLease::EtcdLease(EtcdClient& client, Random& random, Options options, OnChange on_change)
    : client_(client),
      options_(std::move(options)),
      mark_(unique_mark(random, options_.self)),
      on_change_(std::move(on_change)),
      state_(options_.times) {
  timer_ = client_.loop().timer([this] { step(); });
  timer_->arm(Duration(0));
}

EtcdLease::~EtcdLease() = default;

std::optional<EtcdCompare> EtcdLease::fence() const {
  std::optional<int64_t> token = state_.token(client_.loop().now());
  if (!token) return std::nullopt;
  return EtcdCompare{EtcdCompare::Target::kCreateRevision, options_.key, EtcdCompare::Is::kEqual, *token};
}

Pending EtcdLease::resign(Task done) {
  has_resigned_ = true;
  timer_->cancel();
  call_ = nullptr;
  int64_t lease = state_.lease();
  state_.on_lease_lost();
  timer_->arm(Duration(0));  // tells
  // A lease of 0 does not exist, which etcd says at once.
  return client_.revoke(lease, [done = std::move(done)](const Result<EtcdHeader>&) mutable { done(); });
}

// Tells what has changed, then does what is due; one request at a time.
void EtcdLease::step() {
  MonoTime now = client_.loop().now();
  bool leads = state_.is_leader(now);
  if (leads != told_) {
    told_ = leads;
    // It may resign; the step goes on afterwards all the same.
    on_change_(leads);
  }
  if (has_resigned_) return;
  EtcdLeaseState::Step due = state_.next(now);
  if (is_asking_ || due == EtcdLeaseState::Step::kWait) {
    Duration least = is_asking_ ? options_.times.retry : Duration(0);
    return timer_->arm(std::max(state_.wake_at(now) - now, least));
  }
  is_asking_ = true;
  if (due == EtcdLeaseState::Step::kGrant) return grant(now);
  if (due == EtcdLeaseState::Step::kKeepAlive) return keep_alive(now);
  campaign();
}

void EtcdLease::grant(MonoTime sent) {
  call_ = client_.grant(options_.times.ttl, [this, sent](const Result<EtcdLeaseAnswer>& lease) {
    lease ? state_.on_granted(sent, lease->id) : state_.on_error(client_.loop().now());
    after_answer();
  });
  timer_->arm(options_.times.retry);
}

void EtcdLease::keep_alive(MonoTime sent) {
  call_ = client_.keep_alive(state_.lease(), [this, sent](const Result<EtcdLeaseAnswer>& lease) {
    if (!lease) {
      state_.on_error(client_.loop().now());
    } else if (lease->ttl == Duration(0)) {
      state_.on_lease_lost();
    } else {
      state_.on_kept(sent);
    }
    after_answer();
  });
  timer_->arm(options_.times.retry);
}

void EtcdLease::campaign() {
  EtcdTransaction transaction;
  transaction.compare = {{EtcdCompare::Target::kCreateRevision, options_.key, EtcdCompare::Is::kEqual, 0}};
  transaction.success = {EtcdPut{options_.key, mark_, state_.lease()}};
  transaction.failure = {EtcdRange{options_.key}};
  call_ = client_.transact(transaction, [this](const Result<EtcdTransactionAnswer>& answer) {
    if (answer) {
      take(*answer);
    } else if (answer.error().reason == Reason::kNotFound) {
      state_.on_lease_lost();  // "requested lease not found"
    } else {
      state_.on_error(client_.loop().now());
    }
    after_answer();
  });
  timer_->arm(options_.times.retry);
}

void EtcdLease::take(const EtcdTransactionAnswer& answer) {
  if (answer.succeeded) return state_.on_elected(answer.header.revision);
  MonoTime now = client_.loop().now();
  if (answer.answers.empty() || answer.answers[0].found.empty()) return state_.on_error(now);
  const EtcdKeyValue& key = answer.answers[0].found.front();
  // Ours: an earlier try came through, and its answer was lost. With an older lease of ours it will be gone soon.
  bool is_ours = key.value == mark_ && key.lease == state_.lease();
  is_ours ? state_.on_elected(key.create_revision) : state_.on_follower(now, name_in(key.value));
}

void EtcdLease::after_answer() {
  is_asking_ = false;
  timer_->arm(Duration(0));
}
}  // namespace heddle
