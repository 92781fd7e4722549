#include "control/plan/kept_request.h"

#include <algorithm>

#include "control/plan/secret_names.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kExact = "Exact ";

// Names are kept decoded; what would end one is escaped again.
std::string escaped(std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (char c : name) {
    if (std::string_view("&=%+ ").find(c) == std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

// Values are kept as they were sent.
std::string query_of(const std::vector<KeptField>& fields) {
  std::string out;
  for (const KeptField& field : fields) {
    if (field.value) out.append(str_cat(out.empty() ? "?" : "&", escaped(field.name), "=", *field.value));
  }
  return out;
}

bool has(const std::vector<KeptField>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [name](const KeptField& field) { return field.name == name; });
}
}  // namespace

KeptRequest::KeptRequest(const RequestFact& fact, BlockPool& pool) : fact_(fact), head_(pool), is_whole_(fill()) {}

bool KeptRequest::fill() {
  bool fits = head_.set_method(fact_.method) && head_.set_scheme("http") && head_.set_authority(fact_.host) &&
              head_.set_path(fact_.path + query_of(fact_.query));
  for (const KeptField& field : fact_.headers) {
    if (field.value && !is_secret_header(field.name)) fits = fits && head_.fields().add(field.name, *field.value);
  }
  for (const KeptMatch& secret : fact_.secrets) {
    std::string_view value = secret.matched ? SecretNames::kMatched : "0";
    fits = fits && head_.fields().add(SecretNames::field(secret.name, secret.match), value);
  }
  return fits;
}

bool KeptRequest::knows_header(std::string_view name) const {
  size_t space = name.find(' ');
  if (space != std::string_view::npos) return knows_secret(name.substr(0, space), name.substr(space + 1));
  return has(fact_.headers, name);
}

bool KeptRequest::knows_query(std::string_view name) const { return has(fact_.query, name); }

bool KeptRequest::knows_presence(std::string_view lower_name) const {
  bool is_secret = is_secret_header(lower_name);
  return is_secret ? knows_secret(lower_name, kFactPresent) : has(fact_.headers, lower_name);
}

// Told as such, or known since the field was absent, or since it had exactly another value.
bool KeptRequest::knows_secret(std::string_view name, std::string_view how) const {
  auto decides = [&](const KeptMatch& kept) {
    if (kept.name != name) return false;
    if (kept.match == how) return true;
    if (kept.match == kFactPresent) return !kept.matched;
    return kept.matched && kept.match.starts_with(kExact) && how.starts_with(kExact);
  };
  return std::any_of(fact_.secrets.begin(), fact_.secrets.end(), decides);
}
}  // namespace heddle
