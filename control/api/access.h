// Who may do what on the configuration API (docs/access.md). A token holds grants: a built-in role, in some namespaces
// or in all. Every role may read in its namespaces, `admin` may do what any role may; what concerns the whole mesh
// needs a role in all namespaces. Pure: tables, no clock, no store; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/api/resource.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

namespace heddle {
enum class AccessRole : uint8_t { kViewer, kEditor, kSecurity, kPlan, kOperator, kAdmin };
std::string_view to_text(AccessRole) noexcept;  // "viewer"

struct AccessGrant {
  AccessRole role = AccessRole::kViewer;
  bool everywhere = false;                // in all namespaces, also those that do not exist yet; else
  std::vector<std::string> namespaces{};  // in these
  bool operator==(const AccessGrant&) const = default;
};
using AccessGrants = std::vector<AccessGrant>;

enum class AccessAction : uint8_t {
  kRead,          // a resource, or what else is told about a namespace
  kApply,         // a resource
  kDelete,        // a resource
  kJoinToken,     // make one for an identity of the namespace
  kFetchFacts,    // of requests of a namespace, for a plan
  kReadMesh,      // what concerns the whole mesh: CA, federation
  kOperate,       // the control plane: steps of the CA, and of everybody's rollouts
  kManageAccess,  // tokens of this API
  kUnlisted,      // what no table names
};

// What a caller asks for. The views must outlive it.
struct AccessAsk {
  AccessAction action = AccessAction::kUnlisted;
  std::string_view ns{};       // empty: of no namespace, so that only a role in all of them will do
  std::optional<Kind> kind{};  // of kRead, kApply, kDelete
};

// Its author decides about security, not about traffic: AuthorizationPolicy, Workload, FederatedTrustDomain.
bool is_security_kind(Kind) noexcept;

bool is_allowed(const AccessGrants&, const AccessAsk&) noexcept;
// kForbidden, naming what is missing: "this token may not apply AuthorizationPolicy in namespace shop: it needs the
// role security there".
Result<void> may(const AccessGrants&, const AccessAsk&);
// Nobody gives what he does not have: kForbidden names the first grant that `giver` does not cover.
Result<void> may_give(const AccessGrants& giver, const AccessGrants& given);

// What a request to this path needs before anything else is looked at; nothing: any token will do, the handler judges
// by namespace. A path that is in no table is kUnlisted, so what nobody judged is for admins only.
std::optional<AccessAction> access_door(std::string_view method, std::string_view path) noexcept;

// "editor:shop,web viewer:*", as the command line takes them.
std::string to_text(const AccessGrants&);
// [{"role":"editor","namespaces":["shop","web"]},{"role":"viewer","namespaces":["*"]}]
void write_grants(JsonWriter&, const AccessGrants&);
inline constexpr size_t kMaxGrants = 16;
inline constexpr size_t kMaxGrantNamespaces = 64;
// Every problem, at the reader's path.
AccessGrants read_grants(const std::vector<JsonReader>&);
// What write_grants wrote. Anything else is kInternal: a token of unknown rights has none.
Result<AccessGrants> parse_grants(std::string_view json);
}  // namespace heddle
