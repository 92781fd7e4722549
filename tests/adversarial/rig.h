// Rig: one proxy, or two joined by mutual TLS, before a recording upstream; started once for all cases of a test suite.
// settle() checks what must hold after every case: the proxy serves a good request, and nothing of the case is left.
#pragma once
#include "tests/adversarial/case_file.h"
#include "tests/adversarial/recorder.h"
#include "tests/support/mesh_fixture.h"

namespace heddle::adversarial {
class Rig : public MeshFixture {
 public:
  // h1 or h2 in, h1 out: an inbound sidecar whose port is open.
  static std::unique_ptr<Rig> single(const Address& application, PortProtocol = PortProtocol::kHttp,
                                     InboundTls = InboundTls::kOff);
  // The same behind a balancer: every connection begins with a PROXY header, good ones with `header`.
  static std::unique_ptr<Rig> balanced(const Address& application, PortProtocol, InboundTls, std::string header);
  // h1 or h2 in, h2 between the sidecars, h1 out.
  static std::unique_ptr<Rig> pair(const Address& application);
  // h1 or h2 in, cleartext h2 out.
  static std::unique_ptr<Rig> to_h2(const Address& application);

  const Address& entry() const { return front().address(); }
  TestCa& ca() { return ca_; }
  // "" when everything is well, else what is not.
  std::string settle(std::string_view canary_body = "ok");
  // Basic blocks that a good request on a new connection takes; 0 where the build does not count them.
  uint64_t request_work();
  // Connections that were ended for this kind of abuse, so far.
  int64_t ended_for(std::string_view kind);
  // Connections that were refused for this reason, so far.
  int64_t refused_for(std::string_view reason);
  // Waits until no connection is left; who ended one is counted by then.
  bool wait_alone();

 private:
  void TestBody() override {}
  Sidecar& front() const { return outbound_ ? *outbound_ : *inbound_.front(); }
  std::string canary(std::string_view body);
  std::string left_behind();
  uint64_t request_work_ = 0;
  std::string header_;
  size_t files_ = 0;
  int canaries_ = 0;
};
}  // namespace heddle::adversarial
