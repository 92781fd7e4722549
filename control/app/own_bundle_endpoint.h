// OwnBundleEndpoint: the public address where other trust domains fetch our bundle (SPIFFE Federation §5): GET / over
// TLS 1.2 or 1.3, nobody is asked for a certificate. Strangers come here, so it has little to give: a connection cap of
// its own (few descriptors, whoever takes them all keeps nobody from the API) of which one address gets a part, a gate
// that lets one step of a handshake pass in a turn, small heads, few streams, and nobody stays longer than
// kLongestStay. Control loop; before it is destroyed, abort() and run the loop until is_idle().
#pragma once
#include "control/app/bundle_certificate.h"
#include "control/app/endpoint.h"

namespace heddle {
class OwnBundleEndpoint {
 public:
  static constexpr size_t kMostConnections = 64;  // or 1 % of the descriptors, if that is less
  static constexpr size_t kSources = 8;           // so many hold all places; one address (IPv6: /64) holds a part
  static constexpr size_t kLeastOfSource = 2;     // which is this at least
  static constexpr size_t kMostHandshakes = 16;   // at once; the others wait
  static constexpr size_t kMostStreams = 4;       // of an HTTP/2 connection
  static constexpr size_t kMaxHead = 8 * 1024;    // bytes of a request's head
  static constexpr Duration kPatience = 5s;       // for a handshake, for a head, for the next request
  static constexpr Duration kLongestStay = 30s;   // of a connection that speaks HTTP
  struct Parts {
    Loop& loop;
    const OwnIdentity& own;
    Address address;
    BundleCertificateFiles files;  // none: https_spiffe
    Logger log;
  };
  // Errors of the files.
  static Result<std::unique_ptr<OwnBundleEndpoint>> create(Parts);

  // From now on this is answered.
  void use(const DomainRoots& bundle);
  // The error names the address.
  Result<void> listen() { return endpoint_.listen(); }
  const Address& address() const { return endpoint_.address(); }
  const BundleCertificate& certificate() const noexcept { return *certificate_; }
  size_t connections() const noexcept { return endpoint_.connections(); }
  uint64_t crowded() const noexcept { return endpoint_.crowded(); }
  uint64_t answered() const noexcept { return answered_; }
  void reload() { certificate_->reload(); }
  ControlEndpoint& endpoint() noexcept { return endpoint_; }

  class Access {
    friend class OwnBundleEndpoint;
    Access() = default;
  };
  OwnBundleEndpoint(Access, Loop&, const Address&, std::unique_ptr<BundleCertificate>);

 private:
  Protocols protocols_;
  std::unique_ptr<BundleCertificate> certificate_;
  ControlEndpoint endpoint_;
  RpcResponse answer_;
  uint64_t answered_ = 0;
};
}  // namespace heddle
