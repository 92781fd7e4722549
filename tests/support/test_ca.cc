#include "tests/support/test_ca.h"

#include "certs/pem.h"

namespace heddle {
namespace {
template <class T>
T must(Result<T> result) {
  HEDDLE_CHECK(result.has_value());
  return *std::move(result);
}

TrustDomain domain_of(std::string_view name) { return must(TrustDomain::parse(name)); }

void add(CertificateBuilder& builder, int nid, const std::string& value) {
  if (!value.empty()) builder.extension(nid, value.c_str());
}

void add_names(CertificateBuilder& builder, const CertSpec& spec) {
  if (spec.uris.empty() && spec.dns.empty()) return;
  SubjectNames names;
  names.uris = spec.uris;
  names.dns = spec.dns;
  names.critical = spec.names_criticality == Criticality::kCritical;
  builder.names(names);
}

int unknown_nid() {
  int known = OBJ_txt2nid("1.2.3.4.5");
  return known != NID_undef ? known : OBJ_create("1.2.3.4.5", "unknownToAll", "an extension nobody knows");
}

struct Signer {
  const X509* certificate;  // null: self-signed
  const PrivateKey& key;
};

X509Shared make(const CertSpec& spec, const EVP_PKEY* key, Signer signer) {
  CertificateBuilder builder;
  builder.random_serial().validity(spec.not_before, spec.not_after).public_key(key);
  if (!spec.common_name.empty()) builder.subject("CN", spec.common_name);
  builder.issuer(X509_get_subject_name(signer.certificate == nullptr ? builder.get() : signer.certificate));
  add(builder, NID_basic_constraints, spec.basic_constraints);
  add(builder, NID_key_usage, spec.key_usage);
  add(builder, NID_ext_key_usage, spec.extended_key_usage);
  add(builder, NID_name_constraints, spec.name_constraints);
  add(builder, unknown_nid(), spec.unknown_extension);
  add(builder, NID_subject_alt_name, spec.any_names);
  add_names(builder, spec);
  builder.key_identifiers(signer.certificate);
  return must(builder.sign(signer.key));
}

std::shared_ptr<const PrivateKey> key_of(const CertSpec& spec) {
  return spec.key != nullptr ? spec.key : must(PrivateKey::generate());
}

CertSpec root_spec(const TrustDomain& domain) {
  CertSpec spec = CertSpec::authority("root of " + domain.name().substr(0, 32));
  spec.uris = {domain.id()};
  return spec;
}

Svid svid_of(const TrustDomain& domain, const CertSpec& spec, CertChain chain, std::shared_ptr<const PrivateKey> key) {
  auto claimed = SpiffeId::parse(spec.uris.empty() ? std::string_view() : spec.uris.front());
  SpiffeId id = claimed ? *claimed : must(SpiffeId::parse(domain.id()));
  return Svid{id, std::move(chain), std::move(key), spec.not_before, spec.not_after, spec.not_before};
}
}  // namespace

CertSpec CertSpec::leaf(std::string_view uri) {
  CertSpec spec;
  spec.uris.emplace_back(uri);
  return spec;
}

CertSpec CertSpec::authority(std::string_view name) {
  CertSpec spec;
  spec.common_name = name;
  spec.names_criticality = Criticality::kNotCritical;
  spec.basic_constraints = "critical,CA:TRUE";
  spec.key_usage = "critical,keyCertSign,cRLSign";
  spec.extended_key_usage = "";
  return spec;
}

TestCa::TestCa(std::string_view trust_domain) : TestCa(trust_domain, root_spec(domain_of(trust_domain))) {}

TestCa::TestCa(std::string_view trust_domain, CertSpec root) : domain_(domain_of(trust_domain)), key_(key_of(root)) {
  chain_.push_back(make(root, key_->raw(), {nullptr, *key_}));
}

TestCa::TestCa(TrustDomain domain, CertChain chain, std::shared_ptr<const PrivateKey> key)
    : domain_(std::move(domain)), chain_(std::move(chain)), key_(std::move(key)) {}

Svid TestCa::issue(std::string_view id) const { return issue(CertSpec::leaf(id)); }

Svid TestCa::issue(const CertSpec& spec) const {
  auto key = key_of(spec);
  EVP_PKEY* subject_key = spec.raw_key != nullptr ? spec.raw_key : key->raw();
  CertChain chain{make(spec, subject_key, {certificate(), *key_})};
  chain.insert(chain.end(), chain_.begin(), chain_.end() - 1);
  return svid_of(domain_, spec, std::move(chain), std::move(key));
}

Svid TestCa::self_signed(const CertSpec& spec) const {
  auto key = key_of(spec);
  CertChain chain{make(spec, key->raw(), {nullptr, *key})};
  return svid_of(domain_, spec, std::move(chain), std::move(key));
}

TestCa TestCa::intermediate(const CertSpec& spec) const {
  auto key = key_of(spec);
  CertChain chain{make(spec, key->raw(), {certificate(), *key_})};
  chain.insert(chain.end(), chain_.begin(), chain_.end());
  return TestCa(domain_, std::move(chain), std::move(key));
}

DomainRoots::Ptr TestCa::roots() const { return must(DomainRoots::create(domain_, {chain_.back()}, {})); }

TrustBundle TestCa::bundle() const {
  TrustBundle bundle;
  bundle.replace(roots());
  return bundle;
}

std::string TestCa::root_pem() const { return to_pem({chain_.back()}); }
std::string TestCa::certificate_pem() const { return to_pem({chain_.front()}); }
}  // namespace heddle
