#include "control/replicas/mesh_follower.h"

#include "certs/authorizer.h"

namespace heddle {
namespace {
HttpClientOptions options() {
  HttpClientOptions out;
  out.scheme = "https";
  out.authority = "heddle-control";
  out.keep_connection = false;
  out.max_line = kMaxMeshLine;
  return out;
}
}  // namespace

MeshFollower::MeshFollower(const PeerContext& context, const Address& leader, Parts parts)
    : context_(context),
      parts_(std::move(parts)),
      tls_(context.loop, context.below, [this] { return Result<TlsSetup>(setup()); }),
      http_(SessionContext{context.loop, context.connections}, context.protocols, tls_, leader, options()),
      backoff_(context.random, PeerClient::kRetry) {
  retry_ = context_.loop.timer([this] { dial(); });
  silence_ = context_.loop.timer([this] { lose(make_error(Reason::kTimeout, "nothing was heard for too long")); });
  retry_->arm(Duration(0));
}

TlsSetup MeshFollower::setup() const {
  TlsSetup out;
  out.context = context_.client_context();
  out.check = Authorizer::exact(context_.self);
  out.only_alpn = alpn::kHttp2;
  return out;
}

void MeshFollower::dial() {
  RpcRequest request;
  request.method = "POST";
  request.path = kMeshFeedPath;
  request.headers.emplace_back("content-type", "application/x-ndjson");
  is_lost_ = false;
  reader_ = MeshReader();
  silence_->arm(kSilence);
  lines_ = http_.open_lines(std::move(request), *this, [this](const Result<void>& opened) {
    if (!opened) lose(opened.error());
  });
}

void MeshFollower::on_line(std::string_view line) {
  if (is_lost_) return;
  silence_->arm(kSilence);
  Result<std::optional<MeshUpdate>> update = reader_.on_line(line);
  if (!update) return lose(update.error());
  bool is_whole = update->has_value();
  if (is_whole) {
    if (Result<void> taken = take(**std::move(update)); !taken) return lose(taken.error());
    backoff_.reset();
  }
  parts_.on_heard();
  if (is_whole) parts_.on_taken();
}

Result<void> MeshFollower::take(MeshUpdate update) {
  if (!update.is_state)
    return parts_.journal.take(ForeignEvent{update.version, std::move(update.note), std::move(update.puts)});
  JournalState state;
  state.version = update.version;
  for (ForeignEvent::Put& put : update.puts) {
    if (put.now != nullptr) state.resources.push_back(std::move(put.now));
  }
  if (parts_.journal.take(std::move(state))) return {};
  return make_error(Reason::kUpstreamProtocolError, "it leads no more: what it says is older than what is known");
}

// Maybe inside an upcall of the stream, which is therefore dropped at the end of the turn.
void MeshFollower::lose(const Error& why) {
  if (std::exchange(is_lost_, true)) return;
  parts_.log.limited(LogLevel::kWarn, {"mesh-leader-lost", 1}, "the control plane that leads is not heard",
                     {{"why", why}});
  silence_->cancel();
  context_.loop.defer(drop_);
  retry_->arm(backoff_.next());
}

void MeshFollower::drop() {
  if (is_lost_) lines_.reset();
}
}  // namespace heddle
