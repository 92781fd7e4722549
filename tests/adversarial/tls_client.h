// TlsClient: a blocking TLS client by hand for one exchange of bytes: any ALPN, with or without a certificate.
#pragma once
#include <functional>

#include "lib/tls/ssl_ptr.h"
#include "tests/adversarial/certificate_script.h"
#include "tests/support/blocking_http.h"

namespace heddle::adversarial {
// Whatever a test shows as its own; false when OpenSSL cannot even hold it (a key without its private half).
bool load(SSL_CTX*, const ShownCertificates&);

class TlsClient {
 public:
  // Without `svid` no certificate is shown. `alpn`: names between commas, "" for none.
  TlsClient(const Address& address, const Svid* svid, std::string_view alpn);
  TlsClient(const Address& address, const ShownCertificates&, std::string_view alpn);
  // In steps: `prepare` gets the context first (with a null SSL), then the connection; show(); connect().
  using Prepare = std::function<void(SSL_CTX*, SSL*)>;
  TlsClient(const Address& address, Prepare prepare);
  void show(const Svid& svid);
  void send_first(std::string_view bytes) { socket_.send(bytes); }  // before connect(): in front of TLS
  void connect(std::string_view alpn);
  bool is_connected() const { return connected_; }
  std::string chosen() const;
  void send(std::string_view bytes);
  std::string read_all();  // until the end, an alert or the patience is over
  std::string read_until(std::string_view end);
  bool ended() const { return ended_; }
  int alert() const { return alert_; }  // the last one received, or 0
  SSL* raw() { return ssl_.get(); }

 private:
  void note_alert();
  BlockingClient socket_;
  SslContextPtr context_;
  SslPtr ssl_;
  Prepare prepare_;
  bool connected_ = false;
  bool ended_ = false;
  int alert_ = 0;
};
}  // namespace heddle::adversarial
