// EtcdClient: calls of etcd's API v3 through its JSON gateway. A call goes to the member that answered last; where that
// is gone, answers late, has no leader or leaves, the next one is asked, until the call's time is over. So a call may
// have been done more than once, or be done after it failed: every caller's changes are conditional or may be repeated.
// With a user it authenticates first, and again when etcd no longer knows its token. Control loop; must outlive its
// tokens and watches.
// Errors: kUnavailable (no member answered: unknown whether it was done), kIo (etcd is full: not done),
// kUnauthenticated, kForbidden, kNotFound, kTooLarge, kUnsupported, kUpstreamProtocolError.
#pragma once
#include "control/store/etcd_channel.h"
#include "control/store/etcd_messages.h"

namespace heddle {
class EtcdClient {
 public:
  template <class T>
  using Done = UniqueFunction<void(Result<T>)>;
  // Options must have passed check().
  EtcdClient(const SessionContext&, Protocols&, Connector& below, EtcdOptions);

  // `done` runs once, from the loop; it may destroy the token. Destroying the token keeps it silent.
  [[nodiscard]] Pending range(const EtcdRange&, Done<EtcdRangeAnswer>);  // linearizable
  [[nodiscard]] Pending put(const EtcdPut&, Done<EtcdHeader>);
  [[nodiscard]] Pending transact(const EtcdTransaction&, Done<EtcdTransactionAnswer>);
  [[nodiscard]] Pending grant(Duration ttl, Done<EtcdLeaseAnswer>);
  [[nodiscard]] Pending keep_alive(int64_t lease, Done<EtcdLeaseAnswer>);
  [[nodiscard]] Pending revoke(int64_t lease, Done<EtcdHeader>);
  [[nodiscard]] Pending compact(int64_t revision, Done<EtcdHeader>);
  [[nodiscard]] Pending status(Done<EtcdStatus>);
  // Any other call of the gateway, as JSON; `path` is a literal.
  [[nodiscard]] Pending call(std::string_view path, std::string body, Done<JsonValue>);

  Loop& loop() noexcept { return context_.loop; }
  const EtcdOptions& options() const noexcept { return options_; }
  const EtcdEndpoint& member() const noexcept { return channels_[current_]->endpoint(); }
  // The next call goes to another member: this one is suspected of having lost the others.
  void rotate() { rotate_from(current_); }

 private:
  class Call;
  friend class EtcdWatch;
  using OnDocument = Done<JsonValue>;
  // Unless somebody did so already.
  void rotate_from(size_t index);
  EtcdChannel& channel() { return *channels_[current_]; }
  RpcRequest request(std::string_view path, std::string body) const;

  SessionContext context_;
  EtcdOptions options_;
  NameLookup names_;
  std::vector<std::unique_ptr<EtcdChannel>> channels_;
  size_t current_ = 0;
  std::string token_;
};
}  // namespace heddle
