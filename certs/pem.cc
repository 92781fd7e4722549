#include "certs/pem.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kWhite = " \t\r\n";
constexpr size_t kLine = 64;

Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

void skip_white(std::string_view& rest) { rest.remove_prefix(std::min(rest.find_first_not_of(kWhite), rest.size())); }

// Names what stands where "-----BEGIN label-----" should.
Error wrong_begin(std::string_view rest, std::string_view label) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  if (!rest.starts_with(kBegin)) {
    return bad(str_cat("PEM: expected -----BEGIN ", label, "-----, found ", in_quotes(rest.substr(0, 32))));
  }
  rest.remove_prefix(kBegin.size());
  std::string_view found = rest.substr(0, std::min<size_t>(rest.find("-----"), 40));
  return bad(str_cat("PEM: expected ", label, ", found ", in_quotes(found)));
}

Result<Secret> decode(std::string_view body) {
  std::string base64;
  base64.reserve(body.size());
  for (char c : body) {
    if (c != '\n' && c != '\r') base64.push_back(c);
  }
  auto der = from_base64(base64);
  OPENSSL_cleanse(base64.data(), base64.size());
  if (!der) return std::move(der).error().within("PEM");
  if (der->empty()) return bad("PEM: the block is empty");
  return Secret::take(*der);
}
}  // namespace

Result<std::vector<Secret>> parse_pem(std::string_view pem, std::string_view label, PemLimits limits) {
  if (pem.size() > limits.bytes) {
    return make_error(Reason::kTooLarge, str_cat("PEM: larger than ", std::to_string(limits.bytes), " bytes"));
  }
  const std::string begin = str_cat("-----BEGIN ", label, "-----");
  const std::string end = str_cat("-----END ", label, "-----");
  std::vector<Secret> blocks;
  for (skip_white(pem); !pem.empty(); skip_white(pem)) {
    if (!pem.starts_with(begin)) return wrong_begin(pem, label);
    if (blocks.size() == limits.blocks) {
      return make_error(Reason::kTooLarge, str_cat("PEM: more than ", std::to_string(limits.blocks), " blocks"));
    }
    pem.remove_prefix(begin.size());
    size_t body = pem.find(end);
    if (body == std::string_view::npos) return bad(str_cat("PEM: ", end, " is missing"));
    HEDDLE_TRY(auto der, decode(pem.substr(0, body)));
    blocks.push_back(std::move(der));
    pem.remove_prefix(body + end.size());
  }
  if (blocks.empty()) return bad(str_cat("PEM: no ", label, " in it"));
  return blocks;
}

std::string to_pem(std::string_view der, std::string_view label) {
  std::string base64 = to_base64(as_bytes(der));
  std::string out;
  out.reserve(base64.size() + base64.size() / kLine + 2 * label.size() + 40);
  out.append("-----BEGIN ").append(label).append("-----\n");
  for (size_t at = 0; at < base64.size(); at += kLine) out.append(base64, at, kLine).push_back('\n');
  out.append("-----END ").append(label).append("-----\n");
  OPENSSL_cleanse(base64.data(), base64.size());
  return out;
}

Result<X509Shared> parse_certificate(std::string_view der) {
  auto certificate = from_der<X509Ptr>(der, d2i_X509);
  if (certificate == nullptr) return bad("not an X.509 certificate in DER");
  return X509Shared(std::move(certificate));
}

Result<CertChain> parse_certificates(std::string_view pem, PemLimits limits) {
  HEDDLE_TRY(auto blocks, parse_pem(pem, kPemCertificate, limits));
  CertChain chain;
  for (const Secret& der : blocks) {
    auto certificate = parse_certificate(der.view());
    if (!certificate) {
      return std::move(certificate).error().within(str_cat("certificate ", std::to_string(chain.size() + 1)));
    }
    chain.push_back(*std::move(certificate));
  }
  return chain;
}

std::string to_pem(const CertChain& chain) {
  std::string out;
  for (const X509Shared& certificate : chain) out.append(to_pem(to_der(certificate.get(), i2d_X509), kPemCertificate));
  return out;
}
}  // namespace heddle
