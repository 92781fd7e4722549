#include "lib/rpc/http_channel.h"

#include "lib/base/strings.h"
#include "lib/event/soon.h"

namespace heddle {
std::string HttpTarget::authority() const {
  bool is_v6 = host.find(':') != std::string::npos;
  return str_cat(is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":", std::to_string(port));
}

HttpChannel::HttpChannel(const Around& around, HttpTarget target, HttpClientOptions options,
                         TlsConnector::SetupSource tls)
    : context_(around.context),
      protocols_(around.protocols),
      names_(around.names),
      target_(std::move(target)),
      options_(std::move(options)),
      tls_(around.context.loop, around.below, std::move(tls)),
      connector_(target_.is_tls ? static_cast<Connector&>(tls_) : around.below) {
  options_.scheme = target_.is_tls ? "https" : "http";
  options_.authority = target_.authority();
  Result<Address> ip = Address::from_ip(target_.host, target_.port);
  is_ip_ = ip.has_value();
  if (ip) use(*ip);
}

void HttpChannel::use(Address address) {
  client_ = std::make_shared<HttpClient>(context_, protocols_, connector_, std::move(address), options_);
}

Pending HttpChannel::resolve(OnReady done) {
  if (names_.is_full()) {
    return soon(context_.loop, [done = std::move(done)]() mutable {
      done(make_error(Reason::kRateLimited, "other names are being looked up"));
    });
  }
  return names_.find(target_.host, target_.port,
                     [this, done = std::move(done)](Result<std::vector<Address>> found) mutable {
                       if (!found) return done(std::move(found).error());
                       use(found->front());
                       done(client_);
                     });
}

void HttpChannel::forget_address() {
  if (!is_ip_) client_ = nullptr;
}
}  // namespace heddle
