#include "control/store/etcd_client.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kPause = 100ms;  // after all members were asked in vain
constexpr std::string_view kAuthenticate = "/v3/auth/authenticate";

bool was_sent(Reason failure) {
  return failure != Reason::kUpstreamConnectRefused && failure != Reason::kUpstreamConnectTimeout &&
         failure != Reason::kUpstreamConnectFailed;
}

template <class T>
UniqueFunction<void(Result<JsonValue>)> decoded(Result<T> (*decode)(const JsonValue&),
                                                UniqueFunction<void(Result<T>)> done) {
  return [decode, done = std::move(done)](Result<JsonValue> document) mutable {
    if (!document) return done(std::move(document).error());
    done(decode(*document));
  };
}
}  // namespace

// One call over the members; each answer ends in the next attempt or in finish(). Nothing dies in its own callback:
// answers are judged in a task of their own.
class EtcdClient::Call final : public Operation {
 public:
  Call(EtcdClient& client, std::string_view path, std::string body, OnDocument done)
      : client_(client), path_(path), body_(std::move(body)), done_(std::move(done)) {}
  void start() {
    late_.arm(loop(), client_.options_.whole);
    loop().defer(next_);
  }

 private:
  Loop& loop() { return client_.context_.loop; }

  void attempt() {
    pending_.reset();
    step_.reset();
    index_ = client_.current_;
    EtcdChannel& channel = client_.channel();
    http_ = channel.client();
    if (http_ != nullptr) return send();
    step_ = channel.resolve([this](Result<EtcdChannel::Client> ready) {
      if (!ready) return keep(std::move(ready).error());
      http_ = *std::move(ready);
      send();
    });
  }

  void send() {
    is_authenticating_ = !client_.options_.user.empty() && client_.token_.empty();
    const EtcdOptions& options = client_.options_;
    RpcRequest request = is_authenticating_
                             ? client_.request(kAuthenticate, encode_authenticate(options.user, options.password))
                             : client_.request(path_, body_);
    pending_ = http_->call(std::move(request), options.attempt,
                           [this](Result<RpcResponse> response) { keep(std::move(response)); });
  }

  void keep(Result<RpcResponse> response) {
    response_.emplace(std::move(response));
    loop().defer(judge_);
  }

  void judge() {
    Result<RpcResponse> response = *std::exchange(response_, std::nullopt);
    // An answer that is too large is so at every member.
    if (!response && response.error().reason == Reason::kTooLarge) return finish(std::move(response).error());
    if (!response) return try_another(std::move(response).error());
    if (response->status != 200) return on_refusal(decode_etcd_error(response->status, response->body));
    Result<JsonValue> document = JsonValue::parse(response->body, kMaxEtcdAnswer);
    if (!document) return finish(make_error(Reason::kUpstreamProtocolError, document.error().detail));
    if (!is_authenticating_) return finish(*std::move(document));
    Result<std::string> token = decode_token(*document);
    if (!token) return finish(std::move(token).error());
    client_.token_ = *std::move(token);
    attempt();
  }

  void on_refusal(const EtcdError& refusal) {
    if (refusal.is_member_at_fault()) return try_another(refusal.to_error());
    if (refusal.is_full()) return finish(full(refusal.to_error()));
    bool may_renew = refusal.is_unauthenticated() && !client_.options_.user.empty() && !is_authenticating_;
    if (!may_renew || std::exchange(has_renewed_, true)) return finish(refusal.to_error());
    client_.token_.clear();
    attempt();
  }

  // An earlier try that was not answered may have been done before etcd was full.
  Error full(Error why) const {
    if (may_be_done_) why.reason = Reason::kUnavailable;
    return why;
  }

  void try_another(Error why) {
    may_be_done_ = may_be_done_ || was_sent(why.reason);
    failure_ = std::move(why).within(client_.channels_[index_]->endpoint().text());
    client_.channels_[index_]->forget_address();
    client_.rotate_from(index_);
    if (++tried_ % client_.channels_.size() == 0) return pause_.arm(loop(), kPause);
    attempt();
  }

  void on_late() {
    if (!failure_) failure_ = make_error(Reason::kTimeout, "no answer in time");
    finish(make_error(Reason::kUnavailable, str_cat("no etcd member answered: ", failure_->detail), Origin::kUpstream));
  }

  void finish(Result<JsonValue> result) {
    late_.cancel();
    pause_.cancel();
    pending_.reset();
    step_.reset();
    judge_.cancel_deferred();
    OnDocument done = std::move(done_);
    done(std::move(result));
  }

  EtcdClient& client_;
  std::string_view path_;  // a literal
  std::string body_;
  OnDocument done_;
  size_t index_ = 0;
  size_t tried_ = 0;
  bool is_authenticating_ = false;
  bool has_renewed_ = false;
  bool may_be_done_ = false;  // by a member that did not answer
  std::optional<Error> failure_;
  std::optional<Result<RpcResponse>> response_;
  EtcdChannel::Client http_;
  Pending step_;
  Pending pending_;
  DeferredOf<Call, &Call::attempt> next_{*this};
  DeferredOf<Call, &Call::judge> judge_{*this};
  DeadlineOf<Call, &Call::attempt> pause_{*this};
  DeadlineOf<Call, &Call::on_late> late_{*this};
};

EtcdClient::EtcdClient(const SessionContext& context, Protocols& protocols, Connector& below, EtcdOptions options)
    : context_(context), options_(std::move(options)), names_(context.loop) {
  for (const EtcdEndpoint& endpoint : options_.endpoints) {
    channels_.push_back(std::make_unique<EtcdChannel>(context, protocols, below, names_, options_, endpoint));
  }
}

RpcRequest EtcdClient::request(std::string_view path, std::string body) const {
  RpcRequest out;
  out.method = "POST";
  out.path = std::string(path);
  out.headers.emplace_back("content-type", "application/json");
  bool is_anonymous = token_.empty() || path == kAuthenticate;
  if (!is_anonymous) out.headers.emplace_back("authorization", token_);
  out.body = std::move(body);
  return out;
}

Pending EtcdClient::call(std::string_view path, std::string body, OnDocument done) {
  auto call = std::make_unique<Call>(*this, path, std::move(body), std::move(done));
  call->start();
  return call;
}

void EtcdClient::rotate_from(size_t index) {
  if (current_ == index) current_ = (current_ + 1) % channels_.size();
}

Pending EtcdClient::range(const EtcdRange& range, Done<EtcdRangeAnswer> done) {
  return call("/v3/kv/range", encode(range), decoded(decode_range, std::move(done)));
}
Pending EtcdClient::put(const EtcdPut& put, Done<EtcdHeader> done) {
  return call("/v3/kv/put", encode(put), decoded(decode_header, std::move(done)));
}
Pending EtcdClient::transact(const EtcdTransaction& transaction, Done<EtcdTransactionAnswer> done) {
  return call("/v3/kv/txn", encode(transaction), decoded(decode_transaction, std::move(done)));
}
Pending EtcdClient::grant(Duration ttl, Done<EtcdLeaseAnswer> done) {
  return call("/v3/lease/grant", encode_lease_grant(ttl), decoded(decode_lease, std::move(done)));
}
Pending EtcdClient::keep_alive(int64_t lease, Done<EtcdLeaseAnswer> done) {
  return call("/v3/lease/keepalive", encode_lease_id(lease), decoded(decode_keep_alive, std::move(done)));
}
Pending EtcdClient::revoke(int64_t lease, Done<EtcdHeader> done) {
  return call("/v3/lease/revoke", encode_lease_id(lease), decoded(decode_header, std::move(done)));
}
Pending EtcdClient::compact(int64_t revision, Done<EtcdHeader> done) {
  return call("/v3/kv/compaction", encode_compaction(revision), decoded(decode_header, std::move(done)));
}
Pending EtcdClient::status(Done<EtcdStatus> done) {
  return call("/v3/maintenance/status", "{}", decoded(decode_status, std::move(done)));
}
}  // namespace heddle
