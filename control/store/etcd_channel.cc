#include "control/store/etcd_channel.h"

#include "certs/limits.h"
#include "control/store/etcd_messages.h"
#include "lib/base/file.h"
#include "lib/tls/web_client.h"

namespace heddle {
namespace {
Result<PemText> read(const std::string& path, size_t max) {
  Result<std::string> text = read_file(path, max);
  if (!text) return std::move(text).error().within(path);
  return PemText{*std::move(text), path};
}

HttpClientOptions client_options(const EtcdOptions& etcd) {
  HttpClientOptions options;
  options.connect = etcd.connect;
  options.max_body = kMaxEtcdAnswer;
  options.max_line = kMaxEtcdAnswer;  // a watch that was behind is told much at once
  return options;
}
}  // namespace

EtcdChannel::EtcdChannel(const SessionContext& context, Protocols& protocols, Connector& below, NameLookup& names,
                         const EtcdOptions& options, EtcdEndpoint endpoint)
    : options_(options),
      endpoint_(std::move(endpoint)),
      channel_({context, protocols, below, names}, HttpTarget{endpoint_.host, endpoint_.port, endpoint_.is_tls},
               client_options(options), [this] { return tls_setup(); }) {}

Result<TlsSetup> EtcdChannel::tls_setup() const {
  WebClientPem pem;
  HEDDLE_TRY(pem.ca, read(options_.ca_file, kMaxCaFile));
  if (!options_.cert_file.empty()) {
    HEDDLE_TRY(pem.certificate, read(options_.cert_file, kMaxChainPem));
    HEDDLE_TRY(pem.key, read(options_.key_file, kMaxChainPem));
  }
  return web_client_setup(pem, endpoint_.host, options_.connect);
}
}  // namespace heddle
