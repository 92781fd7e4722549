#include "control/replicas/peer_client.h"

#include "certs/authorizer.h"
#include "control/replicas/peer_facts.h"
#include "control/replicas/peer_feed.h"

namespace heddle {
namespace {
HttpClientOptions options() {
  HttpClientOptions out;
  out.scheme = "https";
  out.authority = "heddle-control";
  out.keep_connection = false;
  out.max_line = kMaxPeerLine;
  out.max_body = kMaxFactsAnswer;
  return out;
}
}  // namespace

PeerClient::PeerClient(const PeerContext& context, const Address& address, Observer& observer)
    : context_(context),
      observer_(observer),
      tls_(context.loop, context.below, [this] { return Result<TlsSetup>(setup()); }),
      http_(SessionContext{context.loop, context.connections}, context.protocols, tls_, address, options()),
      backoff_(context.random, kRetry) {
  retry_ = context_.loop.timer([this] { dial(); });
  silence_ = context_.loop.timer([this] { lose(make_error(Reason::kTimeout, "nothing was heard for too long")); });
  retry_->arm(Duration(0));
}

TlsSetup PeerClient::setup() const {
  TlsSetup out;
  out.context = context_.client_context();
  out.check = Authorizer::exact(context_.self);
  out.only_alpn = alpn::kHttp2;
  return out;
}

void PeerClient::dial() {
  RpcRequest request;
  request.method = "POST";
  request.path = PeerFeed::kPath;
  request.headers.emplace_back("content-type", "application/x-ndjson");
  is_lost_ = false;
  silence_->arm(context_.silence);
  lines_ = http_.open_lines(std::move(request), *this, [this](const Result<void>& opened) {
    if (!opened) return lose(opened.error());
    if (!is_lost_) observer_.on_peer_open();
  });
}

void PeerClient::on_line(std::string_view line) {
  if (is_lost_) return;
  silence_->arm(context_.silence);
  Result<PeerMessage> message = decode_peer_message(line);
  if (!message) return lose(message.error());
  if (Result<void> taken = observer_.on_peer_message(*message); !taken) return lose(taken.error());
  if (std::holds_alternative<PeerNewest>(*message)) backoff_.reset();
}

// Maybe inside an upcall of the stream, which is therefore dropped at the end of the turn.
void PeerClient::lose(const Error& why) {
  if (std::exchange(is_lost_, true)) return;
  silence_->cancel();
  context_.loop.defer(drop_);
  retry_->arm(backoff_.next());
  observer_.on_peer_lost(why);
}

void PeerClient::call(std::string path, std::string body, Duration deadline, HttpClient::OnResponse done) {
  if (calls_.size() >= kMaxCalls) return done(make_error(Reason::kOverload, "it is asked too often"));
  RpcRequest request;
  request.method = "POST";
  request.path = std::move(path);
  request.headers.emplace_back("content-type", "application/json");
  request.body = std::move(body);
  Call& call = calls_.emplace_back();
  call.token = http_.call(std::move(request), deadline,
                          [this, &call, done = std::move(done)](Result<RpcResponse> response) mutable {
                            call.is_over = true;
                            context_.loop.defer(drop_calls_);
                            done(std::move(response));
                          });
}

void PeerClient::drop_calls() {
  calls_.remove_if([](const Call& call) { return call.is_over; });
}

void PeerClient::drop() {
  if (is_lost_) lines_.reset();
}
}  // namespace heddle
