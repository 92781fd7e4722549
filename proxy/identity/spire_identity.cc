#include "proxy/identity/spire_identity.h"

#include <utility>

#include "certs/der_chain.h"
#include "certs/peer_certificate.h"
#include "lib/base/strings.h"

namespace heddle {
// What the offload thread made of a message.
struct SpireIdentity::Read {
  uint64_t stream = 0;
  Sha256Digest content{};
  Result<std::shared_ptr<const TlsIdentity>> identity = make_error(Reason::kInternal, "");
};

namespace {
// Of what is said, not of how: an agent may write its maps in any order.
Sha256Digest digest_of(const TlsMaterial& material) {
  return sha256(as_bytes(str_cat(to_der(material.svid->chain), encode_x509_bundles(*material.bundle))));
}
}  // namespace

SpireIdentity::SpireIdentity(const SpireParts& parts, Logger log, SpireIdentityOptions options)
    : loop_(parts.context.loop),
      log_(log),
      options_(std::move(options)),
      client_(parts.context, parts.protocols, parts.connector, options_.socket),
      retry_(parts.random),
      timer_(loop_.timer([this] { on_late(); })) {}

void SpireIdentity::ask() {
  stream_state_.begin();
  stream_ = client_.open({std::string(workload::kFetchX509Svid),
                          {{std::string(workload::kHeaderName), std::string(workload::kHeaderValue)}},
                          {}},
                         *this);
  timer_->arm(SpireStream::kFirstMessage);
}

// Without a stream it is time to ask; with one, its first message is late.
void SpireIdentity::on_late() {
  if (stream_ == nullptr) return ask();
  on_end({GrpcStatus::kDeadlineExceeded, "no answer in 30 s"});
}

void SpireIdentity::on_message(std::string_view message) {
  timer_->cancel();
  stream_state_.on_message(loop_.now());
  unread_ = std::make_shared<const Secret>(message);
  unread_of_ = stream_state_.number();
  read_next();
}

void SpireIdentity::on_end(const GrpcEnd& how) {
  end_stream(retry_.after(how.status, stream_state_.served(loop_.now())));
  Reason reason = how.status == GrpcStatus::kOk ? Reason::kUnavailable : reason_of(how.status);
  failed(make_error(reason, str_cat("the Workload API ended the stream: ", to_text(how.status), " ", how.message)));
}

void SpireIdentity::end_stream(Duration ask_again_after) {
  stream_state_.end();
  timer_->arm(ask_again_after);
  stream_.reset();
  log_.limited(LogLevel::kDebug, {"workload_api_retry"}, "the Workload API is asked again",
               {{"after", ask_again_after}});
}

void SpireIdentity::read_next() {
  if (reading_ || unread_ == nullptr) return;
  reading_ = true;
  read_ = offload_.compute(
      [message = std::exchange(unread_, nullptr), stream = unread_of_, rules = options_.rules, now = loop_.wall()] {
        Read out;
        out.stream = stream;
        auto material = read_x509_svids(message->view(), rules, now);
        if (material) out.content = digest_of(*material);
        out.identity = material ? TlsIdentity::create(*material)
                                : Result<std::shared_ptr<const TlsIdentity>>(std::move(material).error());
        return out;
      },
      [this](Read read) { on_read(std::move(read)); });
}

void SpireIdentity::on_read(Read read) {
  reading_ = false;
  bool is_good = read.identity.has_value();
  if (is_good) {
    take(read);
  } else {
    failed(std::move(read.identity).error().within("a message of the Workload API is refused"));
  }
  if (stream_state_.is_useless_after(is_good, read.stream, unread_ != nullptr)) {
    return end_stream(retry_.after_refused());
  }
  read_next();
}

void SpireIdentity::take(const Read& read) {
  last_error_.clear();
  retry_.on_good_message();
  if (content_ == read.content) return;  // a stream that was opened anew says the same
  if (content_) count(rotations_, Reason::kNone);
  content_ = read.content;
  const TlsIdentity& identity = **read.identity;
  log_.info("identity in use", {{"id", identity.svid->id.text()},
                                {"serial", serial_of(identity.svid->chain.front().get())},
                                {"valid_for", identity.svid->not_after - loop_.wall()}});
  identities_.publish(*read.identity);
}

void SpireIdentity::failed(const Error& why) {
  count(rotations_, why.reason);
  std::string error = why.text();
  // An agent that is away for hours is told once.
  if (error != last_error_) {
    log_.warn(content_ ? "no news of the identity, the old one stays" : "no identity yet", {{"error", error}});
  }
  last_error_ = std::move(error);
}

std::string SpireIdentity::not_ready(IdentityState state) const {
  std::string from = str_cat("the Workload API at ", options_.socket.text());
  if (state == IdentityState::kExpired) {
    std::string id = identities_.current()->svid->id.text();
    return str_cat("the SVID of ", id, " has expired and ", from, " gave no other: ", last_error_);
  }
  if (identities_.current() != nullptr) return "";
  if (last_error_.empty()) return str_cat("waiting for an SVID of ", from);
  return str_cat("no SVID of ", from, ": ", last_error_);
}

IdentityStatus SpireIdentity::status() const {
  IdentityStatus status;
  status.last_error = last_error_;
  status.state = stream_ != nullptr ? IdentityState::kFetching : IdentityState::kEmpty;
  if (auto current = identities_.current()) {
    describe(*current, loop_.wall(), status);
    status.state = last_error_.empty() ? IdentityState::kLive : IdentityState::kStale;
    if (status.health == SvidHealth::kExpired) status.state = IdentityState::kExpired;
  }
  status.not_ready = not_ready(status.state);
  return status;
}
}  // namespace heddle
