#include "tests/adversarial/certificate_request.h"

#include <algorithm>

#include "certs/pem.h"
#include "lib/base/strings.h"
#include "tests/adversarial/case_file.h"
#include "tests/adversarial/whole_openssl.h"

namespace heddle::adversarial {
namespace {
// The words by name; `uri` and `dns` may come more than once.
using Words = std::multimap<std::string, std::string, std::less<>>;

Words by_name(std::string_view text) {
  Words out;
  for (const std::string& word : words_of(text)) {
    size_t equals = std::min(word.find('='), word.size());
    out.emplace(word.substr(0, equals), word.substr(std::min(equals + 1, word.size())));
  }
  return out;
}
std::string one(const Words& words, std::string_view name, std::string_view otherwise = "") {
  auto found = words.find(name);
  return found == words.end() ? std::string(otherwise) : found->second;
}
std::vector<std::string> all(const Words& words, std::string_view name) {
  std::vector<std::string> out;
  auto [from, to] = words.equal_range(name);
  for (; from != to; ++from) out.push_back(from->second);
  return out;
}

ExtensionsPtr extensions_of(const Words& words) {
  ExtensionsPtr out(sk_X509_EXTENSION_new_null());
  SubjectNames names;
  names.uris = all(words, "uri");
  names.dns = all(words, "dns");
  names.critical = true;
  bool named = !names.uris.empty() || !names.dns.empty();
  if (named) sk_X509_EXTENSION_push(out.get(), to_extension(names)->release());
  if (words.contains("san-twice")) sk_X509_EXTENSION_push(out.get(), to_extension(names)->release());
  for (auto [name, nid] :
       {std::pair("bc", NID_basic_constraints), std::pair("ku", NID_key_usage), std::pair("eku", NID_ext_key_usage),
        std::pair("nc", NID_name_constraints), std::pair("comment", NID_netscape_comment)}) {
    for (const std::string& value : all(words, name)) {
      sk_X509_EXTENSION_push(out.get(), X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    }
  }
  auto padding = parse_int<size_t>(one(words, "pad", "0"));
  if (*padding > 0) {
    std::string text(*padding, 'x');
    sk_X509_EXTENSION_push(out.get(), X509V3_EXT_conf_nid(nullptr, nullptr, NID_netscape_comment, text.c_str()));
  }
  return out;
}

std::string der_of(CertificateScript& keys, const Words& words) {
  std::string kind = one(words, "key", "p256");
  std::shared_ptr<EVP_PKEY> key = keys.key(kind);
  std::shared_ptr<EVP_PKEY> signer = keys.key(one(words, "signer", kind));
  X509ReqPtr request(X509_REQ_new_ex(whole_openssl(), nullptr));
  X509_REQ_set_pubkey(request.get(), key.get());
  std::string subject = one(words, "subject");
  if (!subject.empty()) {
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject.data()), static_cast<int>(subject.size()),
                               -1, 0);
  }
  ExtensionsPtr extensions = extensions_of(words);
  if (sk_X509_EXTENSION_num(extensions.get()) > 0) X509_REQ_add_extensions(request.get(), extensions.get());
  bool no_digest = EVP_PKEY_is_a(signer.get(), "ED25519") == 1 || EVP_PKEY_is_a(signer.get(), "ED448") == 1;
  const EVP_MD* digest = EVP_get_digestbyname(one(words, "digest", "sha256").c_str());
  X509_REQ_sign(request.get(), signer.get(), no_digest ? nullptr : digest);
  std::string der = to_der(request.get(), i2d_X509_REQ);
  if (words.contains("bad-signature")) der.back() = static_cast<char>(der.back() ^ 1);
  return der;
}

std::vector<std::string> cut_everywhere(const std::string& whole) {
  std::vector<std::string> out;
  for (size_t size = 0; size < whole.size(); ++size) out.push_back(whole.substr(0, size));
  return out;
}
}  // namespace

RequestBytes request_of(CertificateScript& keys, std::string_view text) {
  Words words = by_name(text);
  std::string der = der_of(keys, words);
  HEDDLE_CHECK(!der.empty());
  std::string pem = to_pem(der, kPemRequest);
  std::string as = one(words, "as", "der");
  if (as == "der") return {{der}};
  if (as == "der-trailing") return {{der + '\0', der + der}};
  if (as == "cut") return {cut_everywhere(der)};
  if (as == "pem") return {{pem}, true};
  if (as == "pem-cut") return {cut_everywhere(pem.substr(0, pem.size() - 1)), true};
  if (as == "pem-twice") return {{pem + pem}, true};
  if (as == "pem-trailing") return {{pem + "x", pem + "-----BEGIN", "x" + pem}, true};
  if (as == "pem-certificate") return {{to_pem(der, kPemCertificate)}, true};
  size_t times = parse_int<size_t>(as).value_or(0);
  HEDDLE_CHECK(times > 0);
  std::string many;
  for (size_t i = 0; i < times; ++i) many += pem;
  return {{many}, true};
}
}  // namespace heddle::adversarial
