// Certificate signing requests, PEM or DER: what anybody with a join token may send to the control plane.
#include "certs/csr.h"
#include "certs/limits.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
void expect_request(const Csr& csr) {
  expect(!csr.id().path().empty(), "a request names a workload", csr.id().text());
  expect(bool(check_key_allowed(csr.public_key())), "its key is allowed");
  Result<Csr> der = Csr::parse_der(csr.to_der());
  expect(der && der->id() == csr.id() && der->to_der() == csr.to_der(), "a request survives DER", csr.id().text());
  Result<Csr> pem = Csr::parse_pem(csr.to_pem());
  expect(pem && pem->id() == csr.id() && pem->to_der() == csr.to_der(), "a request survives PEM", csr.id().text());
}
}  // namespace

HEDDLE_FUZZ_TARGET(csr, input) {
  ERR_clear_error();
  Result<Csr> csr = input.starts_with("-") ? Csr::parse_pem(input) : Csr::parse_der(input);
  expect(ERR_peek_error() == 0, "OpenSSL's error queue is left empty");
  if (csr) return expect_request(*csr);
  Reason reason = csr.error().reason;
  expect(reason == Reason::kBadRequest || reason == Reason::kTooLarge, "a refusal is the sender's fault",
         csr.error().text());
  expect(input.size() <= kMaxCsr || reason == Reason::kTooLarge, "the size of a request is bounded");
}
}  // namespace heddle::fuzz
