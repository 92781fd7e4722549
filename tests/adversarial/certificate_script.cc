#include "tests/adversarial/certificate_script.h"

#include <span>

#include "lib/base/strings.h"
#include "tests/adversarial/case_file.h"
#include "tests/adversarial/certificate_keys.h"
#include "tests/adversarial/whole_openssl.h"

namespace heddle::adversarial {
namespace {
// "+5s", "-1h": from now.
WallTime time_of(std::string_view text) {
  auto distance = parse_duration(text.substr(1));
  if (!distance) complain("not +DURATION or -DURATION", text);
  WallTime now{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
  return text.front() == '-' ? now - *distance : now + *distance;
}

// The extension in OpenSSL's syntax: critical unless the word ends in "?"; "none" leaves it out.
std::string extension_text(std::string value) {
  if (value == "none") return "";
  return take_suffix(value, "?") ? value : str_cat("critical,", value);
}

X509Shared changed_copy(const X509Shared& of) { return X509Shared(in_whole_openssl(of.get())); }

void add_extension(X509* certificate, int nid, const std::string& value) {
  ExtensionPtr made(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  HEDDLE_CHECK(made != nullptr && X509_add_ext(certificate, made.get(), -1) == 1);
}

// The public key's point, moved off its curve; it cannot be decoded any more.
void move_off_curve(X509* certificate) {
  X509_PUBKEY* key = X509_get_X509_PUBKEY(certificate);
  ASN1_OBJECT* algorithm = nullptr;
  const unsigned char* point = nullptr;
  int size = 0;
  X509_ALGOR* parameters = nullptr;
  X509_PUBKEY_get0_param(&algorithm, &point, &size, &parameters, key);
  auto* moved = static_cast<unsigned char*>(OPENSSL_memdup(point, static_cast<size_t>(size)));
  moved[size - 1] ^= 1;
  int type = 0;
  const void* curve = nullptr;
  X509_ALGOR_get0(nullptr, &type, &curve, parameters);
  ASN1_OBJECT* curve_copy = OBJ_dup(static_cast<const ASN1_OBJECT*>(curve));
  HEDDLE_CHECK(X509_PUBKEY_set0_param(key, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), type, curve_copy, moved, size) == 1);
}

void spoil_signature(X509* certificate) {
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, certificate);
  signature->data[signature->length - 1] ^= 1;
}

// TestCa signs for itself with a key of ours only.
X509Shared self_signed(const CertSpec& spec, EVP_PKEY* key) {
  static const TestCa anybody("td.test");
  CertSpec signable = spec;
  signable.raw_key = key;
  X509Shared out = changed_copy(anybody.issue(signable).chain.front());
  X509_set_issuer_name(out.get(), X509_get_subject_name(out.get()));
  ExtensionPtr issuer(X509_delete_ext(out.get(), X509_get_ext_by_NID(out.get(), NID_authority_key_identifier, -1)));
  HEDDLE_CHECK(X509_sign(out.get(), key, EVP_sha256()) > 0);
  return X509Shared(from_der<X509Ptr>(to_der(out.get(), i2d_X509), d2i_X509));
}

int nid_of(std::string_view word) {
  return word == "ku" ? NID_key_usage : word == "eku" ? NID_ext_key_usage : NID_basic_constraints;
}
}  // namespace

struct CertificateScript::Order {
  std::string by = "td";  // or "self"
  CertSpec spec;
  std::string key = "p256";
  std::vector<std::string> twice;
  const EVP_MD* digest = nullptr;
  size_t pad = 0;    // bytes of a comment
  size_t extra = 0;  // copies of the root sent along
  bool off_curve = false;
  bool bad_signature = false;
  std::string show;     // names of the authorities sent along, instead of the way to the root
  std::string present;  // an authority, instead of a leaf

  bool changes() const { return !twice.empty() || digest != nullptr || pad > 0 || off_curve || bad_signature; }
  X509Shared change(const X509Shared& made, const PrivateKey& signer) const;
};

X509Shared CertificateScript::Order::change(const X509Shared& made, const PrivateKey& signer) const {
  if (!changes()) return made;
  X509Shared out = changed_copy(made);
  for (const std::string& word : twice) {
    const std::string& again = word == "ku"    ? spec.key_usage
                               : word == "eku" ? spec.extended_key_usage
                                               : spec.basic_constraints;
    if (word == "san") {
      int at = X509_get_ext_by_NID(out.get(), NID_subject_alt_name, -1);
      X509_add_ext(out.get(), X509_get_ext(out.get(), at), -1);
    } else {
      add_extension(out.get(), nid_of(word), again);
    }
  }
  if (pad > 0) add_extension(out.get(), NID_netscape_comment, std::string(pad, 'x'));
  if (off_curve) move_off_curve(out.get());
  HEDDLE_CHECK(X509_sign(out.get(), signer.raw(), digest == nullptr ? EVP_sha256() : digest) > 0);
  if (bad_signature) spoil_signature(out.get());
  // Others read it from its bytes.
  return X509Shared(from_der<X509Ptr>(to_der(out.get(), i2d_X509), d2i_X509));
}

CertificateScript::CertificateScript() {
  authorities_.try_emplace("td", "td.test");
  authorities_.try_emplace("td2", "td2.test");
  authorities_.try_emplace("stranger", "td.test");
  authorities_.try_emplace("revoked", "revoked.test");
  authorities_.try_emplace("unknown", "unknown.test");
  CertSpec expired = CertSpec::authority("expired root");
  expired.not_after = time_of("-1h");
  authorities_.try_emplace("expired", TestCa("expired.test", expired));
  for (const char* name : {"td", "td2", "expired"}) bundle_.replace(authorities_.at(name).roots());
  bundle_.replace(*DomainRoots::create(*TrustDomain::parse("revoked.test"), {}, {}));
}

std::shared_ptr<EVP_PKEY> CertificateScript::key(const std::string& kind) {
  auto& held = keys_[kind];
  if (held == nullptr) held = make_key(kind);
  return held;
}

CertificateScript::Order CertificateScript::read(std::string_view words, CertSpec spec) {
  using Set = void (*)(Order&, const std::string&);
  static const std::map<std::string_view, Set> kWords = {
      {"uri", [](Order& o, const std::string& v) { o.spec.uris.push_back(v); }},
      {"me", [](Order& o, const std::string&) { o.spec.uris.push_back("spiffe://td.test/ns/a/sa/b"); }},
      {"dns", [](Order& o, const std::string& v) { o.spec.dns.push_back(v); }},
      {"cn", [](Order& o, const std::string& v) { o.spec.common_name = v; }},
      {"san", [](Order& o, const std::string&) { o.spec.names_criticality = Criticality::kNotCritical; }},
      {"bc", [](Order& o, const std::string& v) { o.spec.basic_constraints = extension_text(v); }},
      {"ku", [](Order& o, const std::string& v) { o.spec.key_usage = extension_text(v); }},
      {"eku", [](Order& o, const std::string& v) { o.spec.extended_key_usage = v == "none" ? "" : v; }},
      {"nc", [](Order& o, const std::string& v) { o.spec.name_constraints = extension_text(v); }},
      {"unknown", [](Order& o, const std::string& v) { o.spec.unknown_extension = v + "ASN1:UTF8String:x"; }},
      {"before", [](Order& o, const std::string& v) { o.spec.not_before = time_of(v); }},
      {"after", [](Order& o, const std::string& v) { o.spec.not_after = time_of(v); }},
      {"key", [](Order& o, const std::string& v) { o.key = v; }},
      {"by", [](Order& o, const std::string& v) { o.by = v; }},
      {"names", [](Order& o, const std::string& v) { o.spec.dns.resize(parse_int<size_t>(v).value_or(0), "a"); }},
      {"twice", [](Order& o, const std::string& v) { o.twice.push_back(v); }},
      {"digest", [](Order& o, const std::string& v) { o.digest = EVP_get_digestbyname(v.c_str()); }},
      {"pad", [](Order& o, const std::string& v) { o.pad = parse_int<size_t>(v).value_or(0); }},
      {"extra", [](Order& o, const std::string& v) { o.extra = parse_int<size_t>(v).value_or(0); }},
      {"show", [](Order& o, const std::string& v) { o.show = v; }},
      {"present", [](Order& o, const std::string& v) { o.present = v; }},
      {"off-curve", [](Order& o, const std::string&) { o.off_curve = true; }},
      {"bad-signature", [](Order& o, const std::string&) { o.bad_signature = true; }},
  };
  Order order;
  order.spec = std::move(spec);
  for (const std::string& word : words_of(words)) {
    size_t equals = std::min(word.find('='), word.size());
    auto known = kWords.find(std::string_view(word).substr(0, equals));
    if (known == kWords.end()) complain("no word of a certificate", word);
    known->second(order, word.substr(std::min(equals + 1, word.size())));
  }
  return order;
}

// For who signs: a key of ours, so one that we would take.
std::shared_ptr<const PrivateKey> CertificateScript::private_key(const std::string& kind) {
  Pkcs8Ptr der(EVP_PKEY2PKCS8(key(kind).get()));
  auto made = PrivateKey::from_der(to_der(der.get(), i2d_PKCS8_PRIV_KEY_INFO));
  HEDDLE_CHECK(made.has_value());
  return *made;
}

void CertificateScript::add_authority(const std::string& name, const Order& order) {
  const TestCa& parent = authorities_.at(order.by);
  CertSpec spec = order.spec;
  if (order.key != "p256") spec.key = private_key(order.key);
  TestCa made = parent.intermediate(spec);
  changed_[name] = order.change(made.chain().front(), *parent.key());
  authorities_.insert_or_assign(name, std::move(made));
}

CertChain CertificateScript::sent_along(const Order& order) const {
  CertChain out;
  if (order.show.empty() && order.by != "self") {
    const CertChain& way = authorities_.at(order.by).chain();
    for (const X509Shared& one : std::span(way).first(way.size() - 1)) out.push_back(as_changed(one));
  }
  for (std::string_view name : split(order.show, ',')) {
    if (!name.empty() && name != "none") out.push_back(as_changed(authorities_.at(std::string(name)).chain().front()));
  }
  out.insert(out.end(), order.extra, authorities_.at("td").chain().front());
  return out;
}

X509Shared CertificateScript::as_changed(const X509Shared& certificate) const {
  for (const auto& [name, changed] : changed_) {
    if (authorities_.at(name).chain().front() == certificate) return changed;
  }
  return certificate;
}

ShownCertificates CertificateScript::make(const Order& order) {
  if (!order.present.empty()) {
    const TestCa& authority = authorities_.at(order.present);
    EVP_PKEY_up_ref(authority.key()->raw());
    return {authority.chain(), std::shared_ptr<EVP_PKEY>(authority.key()->raw(), EVP_PKEY_free)};
  }
  CertSpec spec = order.spec;
  std::shared_ptr<EVP_PKEY> held = key(order.key);
  spec.raw_key = held.get();
  bool self = order.by == "self";
  const TestCa& issuer = authorities_.at(self ? "td" : order.by);
  Svid made = issuer.issue(spec);
  ShownCertificates out{{order.change(made.chain.front(), *issuer.key())}, held};
  if (self) out.chain = {self_signed(order.spec, held.get())};
  CertChain along = sent_along(order);
  out.chain.insert(out.chain.end(), along.begin(), along.end());
  return out;
}

ShownCertificates CertificateScript::play(std::string_view script) {
  changed_.clear();
  for (size_t end = script.find("; "); end != script.npos; end = script.find("; ")) {
    std::string_view statement = script.substr(0, end);
    size_t space = statement.find(' ');
    std::string name(statement.substr(0, space));
    add_authority(name, read(statement.substr(space), CertSpec::authority(name)));
    script.remove_prefix(end + 2);
  }
  return make(read(script, CertSpec{}));
}
}  // namespace heddle::adversarial
