#include "certs/subject_names.h"

#include <arpa/inet.h>

#include <algorithm>

#include "certs/limits.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string raw_bytes(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(ASN1_STRING_length(text))};
}

// Empty for an address of a wrong size.
std::string ip_text(const ASN1_STRING* address) {
  int size = ASN1_STRING_length(address);
  char text[INET6_ADDRSTRLEN] = {};
  if (size == 4) inet_ntop(AF_INET, ASN1_STRING_get0_data(address), text, sizeof(text));
  if (size == 16) inet_ntop(AF_INET6, ASN1_STRING_get0_data(address), text, sizeof(text));
  return text;
}

Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

// `critical` as X509_get_ext_d2i reports it: -1 absent, -2 more than once.
Result<SubjectNames> collect(GeneralNamesPtr decoded, int critical) {
  SubjectNames names;
  if (critical == -1) return names;
  if (critical == -2) return bad("the certificate has two subjectAltName extensions");
  if (decoded == nullptr) return bad("the subjectAltName extension cannot be decoded");
  names.present = true;
  names.critical = critical > 0;
  int count = sk_GENERAL_NAME_num(decoded.get());
  if (count > static_cast<int>(kMaxSubjectNames)) return bad("the certificate has more than 64 names");
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(decoded.get(), i);
    if (name->type == GEN_URI) names.uris.push_back(raw_bytes(name->d.uniformResourceIdentifier));
    if (name->type == GEN_DNS) names.dns.push_back(raw_bytes(name->d.dNSName));
    if (name->type == GEN_IPADD) names.ips.push_back(ip_text(name->d.iPAddress));
  }
  return names;
}

bool is_dns_label(std::string_view label) {
  auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), good);
}

bool is_dns_name(std::string_view name) {
  auto labels = split(name, '.');
  return name.size() <= 253 && std::all_of(labels.begin(), labels.end(), is_dns_label);
}

GeneralNamePtr text_name(int type, std::string_view text) {
  GeneralNamePtr name(GENERAL_NAME_new());
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  if (name == nullptr || value == nullptr) return nullptr;
  ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
  GENERAL_NAME_set0_value(name.get(), type, value);
  return name;
}

Result<GeneralNamePtr> dns_name(const std::string& text) {
  if (!is_dns_name(text)) return bad(str_cat(in_quotes(text), " is not a DNS name in lower case"));
  return text_name(GEN_DNS, text);
}

Result<GeneralNamePtr> ip_name(const std::string& text) {
  ASN1_OCTET_STRING* value = a2i_IPADDRESS(text.c_str());
  if (value == nullptr) {
    ERR_clear_error();
    return bad(str_cat(in_quotes(text), " is not an IP address"));
  }
  GeneralNamePtr name(GENERAL_NAME_new());
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, value);
  return name;
}

void add(GENERAL_NAMES* names, GeneralNamePtr name) { sk_GENERAL_NAME_push(names, name.release()); }
}  // namespace

Result<SubjectNames> subject_names(const X509* certificate) {
  int critical = 0;
  GeneralNamesPtr decoded(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  ERR_clear_error();
  return collect(std::move(decoded), critical);
}

Result<SubjectNames> subject_names(const STACK_OF(X509_EXTENSION) * extensions) {
  int critical = 0;
  GeneralNamesPtr decoded(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, &critical, nullptr)));
  ERR_clear_error();
  return collect(std::move(decoded), critical);
}

Result<SpiffeId> only_spiffe_id(const SubjectNames& names) {
  if (names.uris.size() != 1) {
    return bad(str_cat("exactly one URI name is required, found ", std::to_string(names.uris.size())));
  }
  return SpiffeId::parse(names.uris.front());
}

Result<ExtensionPtr> to_extension(const SubjectNames& names) {
  GeneralNamesPtr list(GENERAL_NAMES_new());
  if (list == nullptr) return make_error(Reason::kInternal, openssl_error());
  for (const std::string& uri : names.uris) add(list.get(), text_name(GEN_URI, uri));
  for (const std::string& dns : names.dns) {
    HEDDLE_TRY(auto name, dns_name(dns));
    add(list.get(), std::move(name));
  }
  for (const std::string& ip : names.ips) {
    HEDDLE_TRY(auto name, ip_name(ip));
    add(list.get(), std::move(name));
  }
  ExtensionPtr extension(X509V3_EXT_i2d(NID_subject_alt_name, names.critical ? 1 : 0, list.get()));
  if (extension == nullptr) return make_error(Reason::kInternal, openssl_error());
  return extension;
}
}  // namespace heddle
