#include "proxy/identity/workload_messages.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "certs/der_chain.h"
#include "certs/verify.h"
#include "certs/wipe.h"
#include "lib/base/strings.h"
#include "proxy/identity/workload.pb.h"

namespace heddle {
namespace {
Error bad(std::string detail) { return make_error(Reason::kBadRequest, std::move(detail)); }

// Wipes the keys when it goes.
struct SvidMessage {
  SvidMessage() = default;
  SvidMessage(const SvidMessage&) = delete;
  SvidMessage& operator=(const SvidMessage&) = delete;
  ~SvidMessage() {
    for (::X509SVID& svid : *message.mutable_svids()) wipe(*svid.mutable_x509_svid_key());
  }
  ::X509SVIDResponse message;
};

// Equal messages are equal bytes: maps are sorted. One allocation, because there may be a key in it.
std::string serialize(const google::protobuf::MessageLite& message) {
  std::string bytes(message.ByteSizeLong(), '\0');
  google::protobuf::io::ArrayOutputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedOutputStream out(&array);
  out.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&out);
  return bytes;
}

bool parse(google::protobuf::MessageLite& out, std::string_view bytes) {
  return out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Result<const ::X509SVID*> choose(const ::X509SVIDResponse& message, const WorkloadRules& rules) {
  if (message.svids().empty()) return bad("the message holds no SVID");
  if (!rules.id) return &message.svids(0);
  for (const ::X509SVID& svid : message.svids()) {
    if (svid.spiffe_id() == rules.id->text()) return &svid;
  }
  return make_error(Reason::kPeerIdentityUnexpected,
                    str_cat("no SVID of ", rules.id->text(), " among ", std::to_string(message.svids_size())));
}

Result<Svid> read_svid(const ::X509SVID& message, const WorkloadRules& rules) {
  if (message.x509_svid_key().empty()) return bad("x509_svid_key is missing");
  auto chain = parse_der_chain(message.x509_svid());
  if (!chain) return std::move(chain).error().within("x509_svid");
  auto key = PrivateKey::from_der(message.x509_svid_key());
  if (!key) return std::move(key).error().within("x509_svid_key");
  HEDDLE_TRY(Svid svid, Svid::from_chain(*std::move(chain), *std::move(key)));
  if (svid.id.text() != message.spiffe_id()) {
    return make_error(Reason::kPeerIdentityUnexpected,
                      str_cat("spiffe_id is ", in_quotes(std::string_view(message.spiffe_id()).substr(0, 200)),
                              ", the certificate is of ", svid.id.text()));
  }
  if (svid.id.trust_domain() != rules.domain) {
    return make_error(Reason::kPeerTrustDomainUnknown,
                      str_cat("the SVID is ", svid.id.text(), ", trustDomain is ", rules.domain.name()));
  }
  return svid;
}

// "spiffe://td"
Result<TrustDomain> read_domain(const std::string& text) {
  auto id = SpiffeId::parse(text);
  if (!id || !id->path().empty()) {
    return bad(
        str_cat("federated_bundles: ", in_quotes(std::string_view(text).substr(0, 200)), " is no trust domain id"));
  }
  return id->trust_domain();
}

Result<void> add_federated(const ::X509SVIDResponse& message, TrustBundle& bundle) {
  if (static_cast<size_t>(message.federated_bundles_size()) > workload::kMaxDomains) {
    return make_error(Reason::kTooLarge, "federated_bundles: more than 256 trust domains");
  }
  for (const auto& [name, der] : message.federated_bundles()) {
    HEDDLE_TRY(TrustDomain domain, read_domain(name));
    if (bundle.find(domain) != nullptr) return bad("federated_bundles: names our own trust domain, " + name);
    auto roots = DomainRoots::parse_der(domain, der);
    if (!roots) return std::move(roots).error().within("federated_bundles");
    bundle.replace(*std::move(roots));
  }
  return {};
}
}  // namespace

Result<Secret> encode_x509_svids(const Svid& svid, const TrustBundle& bundle) {
  SvidMessage out;
  ::X509SVID& first = *out.message.add_svids();
  first.set_spiffe_id(svid.id.text());
  first.set_x509_svid(to_der(svid.chain));
  HEDDLE_TRY(Secret key, svid.key->to_der());
  first.mutable_x509_svid_key()->assign(key.view());
  for (const TrustDomain& domain : bundle.domains()) {
    std::string roots = to_der(bundle.find(domain)->certificates());
    if (domain == svid.id.trust_domain()) {
      first.set_bundle(std::move(roots));
    } else {
      (*out.message.mutable_federated_bundles())[domain.id()] = std::move(roots);
    }
  }
  std::string bytes = serialize(out.message);
  return Secret::take(bytes);
}

std::string encode_x509_bundles(const TrustBundle& bundle) {
  ::X509BundlesResponse out;
  for (const TrustDomain& domain : bundle.domains()) {
    (*out.mutable_bundles())[domain.id()] = to_der(bundle.find(domain)->certificates());
  }
  return serialize(out);
}

bool is_workload_request(std::string_view message) {
  ::X509SVIDRequest request;
  return parse(request, message);
}

Result<TlsMaterial> read_x509_svids(std::string_view message, const WorkloadRules& rules, WallTime now) {
  SvidMessage in;
  if (!parse(in.message, message)) return bad("not an X509SVIDResponse");
  HEDDLE_TRY(const ::X509SVID* chosen, choose(in.message, rules));
  HEDDLE_TRY(Svid svid, read_svid(*chosen, rules));
  if (chosen->bundle().empty()) return bad("bundle is missing");
  auto roots = DomainRoots::parse_der(rules.domain, chosen->bundle());
  if (!roots) return std::move(roots).error();
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(*std::move(roots));
  HEDDLE_CHECK_OK(add_federated(in.message, *bundle));
  HEDDLE_CHECK_OK(verify_peer(svid.chain, *bundle, now));
  return TlsMaterial{std::make_shared<const Svid>(std::move(svid)), std::move(bundle)};
}
}  // namespace heddle
