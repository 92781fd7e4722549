#include "control/app/admin_context.h"

#include "certs/secret.h"
#include "control/api/access_token.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxContext = 256 * 1024;
constexpr std::string_view kAdminId = "admin";

Address reachable(const Address& api) {
  bool is_any = api.ip() == "0.0.0.0" || api.ip() == "::";
  return is_any ? Address::loopback(api.port()) : api;
}

Result<void> write_context(const AdminContextParts& parts, std::string_view token) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("address", reachable(parts.api).text()).field("id", parts.id.text());
  out.field("ca", parts.roots.to_pem()).field("token", token).end_object();
  text += "\n";
  Secret secret = Secret::take(text);
  return atomic_write(parts.path, secret.view(), kPrivateFile);
}

// The token in the file, if it is one of ours.
Result<std::optional<std::string>> known_token(const AdminContextParts& parts) {
  Result<std::string> text = read_file(parts.path, kMaxContext);
  if (!text && text.error().reason == Reason::kNotFound) return std::optional<std::string>();
  if (!text) return std::move(text).error();
  Result<JsonValue> document = JsonValue::parse(*text);
  if (!document) return std::move(document).error().within(parts.path);
  auto token = document->find("token");
  std::string value(token ? token->as_string().value_or("") : "");
  HEDDLE_TRY(std::optional<AdminTokenRow> found, parts.ledger.find_admin_token(sha256(as_bytes(value))));
  return found ? std::optional<std::string>(std::move(value)) : std::nullopt;
}

// The file first: a crash in between leaves a token nobody accepts, and the next start makes another.
Result<void> make_token(const AdminContextParts& parts) {
  std::string token = new_access_token();
  HEDDLE_CHECK_OK(write_context(parts, token));
  AdminTokenRow row{std::string(kAdminId), "admin", parts.now};
  HEDDLE_CHECK_OK(parts.ledger.add_admin_token(sha256(as_bytes(token)), row));
  parts.audit.write_line(audit_line({"admin-token-create", row.id, parts.path}, {"", "start-up", ""}, {}, parts.now));
  return {};
}
}  // namespace

Result<AdminContextState> write_admin_context(const AdminContextParts& parts) {
  HEDDLE_TRY(std::vector<AdminTokenRow> tokens, parts.ledger.admin_tokens());
  if (tokens.empty()) {
    HEDDLE_CHECK_OK(make_token(parts));
    return AdminContextState::kMade;
  }
  HEDDLE_TRY(std::optional<std::string> token, known_token(parts));
  if (!token) return AdminContextState::kMissing;
  HEDDLE_CHECK_OK(write_context(parts, *token));
  return AdminContextState::kKept;
}

Result<void> write_roots(const std::string& path, const DomainRoots& roots) {
  return atomic_write(path, roots.to_pem(), kPublicFile);
}
}  // namespace heddle
