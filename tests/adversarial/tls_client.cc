#include "tests/adversarial/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "lib/base/strings.h"
#include "tests/adversarial/whole_openssl.h"

namespace heddle::adversarial {
namespace {
ShownCertificates shown_by(const Svid* svid) {
  if (svid == nullptr) return {};
  EVP_PKEY_up_ref(svid->key->raw());
  return {svid->chain, std::shared_ptr<EVP_PKEY>(svid->key->raw(), EVP_PKEY_free)};
}
}  // namespace

bool load(SSL_CTX* context, const ShownCertificates& shown) {
  SSL_CTX_set_security_level(context, 0);  // what our side would not take may be shown all the same
  X509Ptr leaf = shown.chain.empty() ? nullptr : in_whole_openssl(shown.chain.front().get());
  bool loaded = leaf == nullptr || (SSL_CTX_use_certificate(context, leaf.get()) == 1 &&
                                    SSL_CTX_use_PrivateKey(context, shown.key.get()) == 1);
  // Behind the leaf: they belong to the certificate that was set last.
  for (size_t i = 1; i < shown.chain.size(); ++i) SSL_CTX_add1_chain_cert(context, shown.chain[i].get());
  ERR_clear_error();
  return loaded;
}

TlsClient::TlsClient(const Address& address, const Svid* svid, std::string_view alpn)
    : TlsClient(address, shown_by(svid), alpn) {}

TlsClient::TlsClient(const Address& address, const ShownCertificates& shown, std::string_view alpn)
    : TlsClient(address, Prepare()) {
  load(context_.get(), shown);
  connect(alpn);
}

TlsClient::TlsClient(const Address& address, Prepare prepare)
    : socket_(address),
      context_(SSL_CTX_new_ex(whole_openssl(), nullptr, TLS_client_method())),
      prepare_(std::move(prepare)) {
  if (prepare_) prepare_(context_.get(), nullptr);
}

void TlsClient::show(const Svid& svid) { load(context_.get(), shown_by(&svid)); }

void TlsClient::connect(std::string_view alpn) {
  ssl_.reset(SSL_new(context_.get()));
  if (prepare_) prepare_(context_.get(), ssl_.get());
  timeval patience{10, 0};
  setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  std::string wire;
  for (std::string_view name : split(alpn, ',')) {
    if (!name.empty()) wire += str_cat(std::string(1, static_cast<char>(name.size())), name);
  }
  SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                      static_cast<unsigned>(wire.size()));
  SSL_set_verify(ssl_.get(), SSL_VERIFY_NONE, nullptr);  // who the proxy is, other tests ask
  SSL_set_fd(ssl_.get(), socket_.fd());
  ERR_clear_error();
  connected_ = SSL_connect(ssl_.get()) == 1;
  ended_ = !connected_;
  note_alert();
}

std::string TlsClient::chosen() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

void TlsClient::send(std::string_view bytes) {
  if (connected_ && !bytes.empty()) SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

std::string TlsClient::read_all() {
  std::string out;
  char room[16384];
  ERR_clear_error();
  int n = 1;
  while (connected_ && (n = SSL_read(ssl_.get(), room, sizeof(room))) > 0) out.append(room, static_cast<size_t>(n));
  if (connected_) ended_ = SSL_get_error(ssl_.get(), n) != SSL_ERROR_WANT_READ;
  note_alert();
  return out;
}

std::string TlsClient::read_until(std::string_view end) {
  std::string out;
  char room[4096];
  ERR_clear_error();
  int n = 1;
  while (connected_ && out.find(end) == out.npos && (n = SSL_read(ssl_.get(), room, sizeof(room))) > 0)
    out.append(room, static_cast<size_t>(n));
  return out;
}

void TlsClient::note_alert() {
  int reason = ERR_GET_REASON(ERR_peek_last_error());
  if (reason > SSL_AD_REASON_OFFSET) alert_ = reason - SSL_AD_REASON_OFFSET;
}
}  // namespace heddle::adversarial
