#include "proxy/watch/watch_channel.h"

#include <utility>

#include "certs/authorizer.h"
#include "lib/api/watch_messages.h"

namespace heddle {
// One stream on a connection of its own.
class HttpWatchChannel::Stream final : public WatchStream, private LineObserver {
 public:
  Stream(HttpWatchChannel& channel, size_t at, Observer& observer)
      : observer_(observer),
        tls_(channel.context_.loop, *channel.dialers_[at], [&channel] { return channel.setup(); }),
        http_(channel.context_, channel.protocols_, tls_, channel.options_.addresses[at].address(), options(channel)) {
    if (channel.identities_.current() != nullptr) {
      dial();
      return;
    }
    first_identity_ = channel.identities_.subscribe(channel.context_.loop, [this](const auto&) {
      if (lines_ == nullptr) dial();
    });
  }
  void send(std::string_view line) override { static_cast<void>(lines_->send(line)); }

 private:
  void dial() {
    RpcRequest request;
    request.method = "POST";
    request.path = "/v1/watch";
    request.headers.emplace_back("content-type", "application/x-ndjson");
    lines_ = http_.open_lines(std::move(request), *this, [this](Result<void> opened) {
      if (!opened) return observer_.on_closed(opened.error());
      observer_.on_open();
    });
  }
  static HttpClientOptions options(const HttpWatchChannel& channel) {
    HttpClientOptions options;
    options.scheme = "https";
    options.authority = "heddle-control";
    options.connect = channel.options_.connect;
    options.keep_connection = false;
    options.max_line = kMaxControlLine;
    return options;
  }
  void on_line(std::string_view line) override { observer_.on_line(line); }
  void on_closed(const Error& why) override { observer_.on_closed(why); }

  Observer& observer_;
  TlsConnector tls_;
  HttpClient http_;
  Subscription first_identity_;
  std::unique_ptr<HttpClient::Lines> lines_;
};

HttpWatchChannel::HttpWatchChannel(const SessionContext& context, Protocols& protocols, Connector& below,
                                   Latest<TlsIdentity>& identities, WatchChannelOptions options)
    : context_(context),
      protocols_(protocols),
      identities_(identities),
      options_(std::move(options)),
      names_(context.loop) {
  for (const HostAddress& target : options_.addresses) {
    dialers_.push_back(std::make_unique<NamedConnector>(context_.loop, below, names_, target));
  }
}

std::unique_ptr<WatchStream> HttpWatchChannel::open(size_t address, Observer& observer) {
  return std::make_unique<Stream>(*this, address, observer);
}

Result<TlsSetup> HttpWatchChannel::setup() const {
  auto identity = identities_.current();
  if (identity == nullptr) return make_error(Reason::kUnavailable, "there is no identity yet");
  TlsSetup setup;
  setup.context = identity->client;
  setup.check = Authorizer::exact(options_.control);
  setup.handshake = options_.handshake;
  setup.only_alpn = alpn::kHttp2;
  return setup;
}
}  // namespace heddle
