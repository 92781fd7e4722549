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

// Another control plane made its own meanwhile: ours is nobody's. Unless it was kept by a try that was not confirmed.
Result<AdminContextState> made_or_lost(Ledger& ledger, const Sha256Digest& hash, const std::string& path) {
  HEDDLE_TRY(std::optional<AdminTokenRow> found, ledger.find_admin_token(hash));
  if (found) return AdminContextState::kMade;
  HEDDLE_CHECK_OK(remove_file(path));
  return AdminContextState::kMissing;
}

// The file first: a crash in between leaves a token nobody accepts, and the next start makes another.
Pending make_token(const AdminContextParts& parts, OnAdminContext done) {
  std::string token = parts.new_token.empty() ? new_access_token() : parts.new_token;
  if (Result<void> written = write_context(parts, token); !written) {
    done(std::move(written).error());
    return nullptr;
  }
  AdminTokenRow row{std::string(kAdminId), "admin", parts.now};
  auto hash = sha256(as_bytes(token));
  auto on_kept = [path = parts.path, hash, &ledger = parts.ledger, &audit = parts.audit, now = parts.now,
                  done = std::move(done)](const Result<void>& kept) mutable {
    auto then = std::move(done);
    if (!kept && kept.error().reason == Reason::kConflict) return then(made_or_lost(ledger, hash, path));
    audit.write_line(audit_line({"admin-token-create", std::string(kAdminId), path}, {"", "start-up", ""}, kept, now));
    if (!kept) return then(Error(kept.error()));
    then(AdminContextState::kMade);
  };
  return parts.ledger.commit({AddAdminToken{hash, std::move(row)}}, std::move(on_kept));
}
}  // namespace

Result<AdminContextState> rewrite_admin_context(const AdminContextParts& parts) {
  HEDDLE_TRY(std::optional<std::string> token, known_token(parts));
  if (!token) return AdminContextState::kMissing;
  HEDDLE_CHECK_OK(write_context(parts, *token));
  return AdminContextState::kKept;
}

Pending write_admin_context(const AdminContextParts& parts, OnAdminContext done) {
  Result<std::vector<AdminTokenRow>> tokens = parts.ledger.admin_tokens();
  if (tokens && tokens->empty()) return make_token(parts, std::move(done));
  done(tokens ? rewrite_admin_context(parts) : std::move(tokens).error());
  return nullptr;
}

Result<void> write_roots(const std::string& path, const DomainRoots& roots) {
  return atomic_write(path, roots.to_pem(), kPublicFile);
}
}  // namespace heddle
