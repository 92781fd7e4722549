#include "control/api/hints.h"

#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxNear = 10;          // problems for which a near name is looked for
constexpr size_t kMaxNamesTried = 1000;  // for one of them

// A reference as lib/config says that it leads nowhere: `no BackendSet "app" in namespace "default"`.
struct Missing {
  const KindInfo* kind;
  std::string name;
  std::string ns;
};
std::optional<Missing> read_missing(std::string_view message) {
  std::vector<std::string_view> quoted_parts = split(message, '"');
  if (quoted_parts.size() < 5 || !quoted_parts[0].starts_with("no ")) return std::nullopt;
  if (quoted_parts[2] != " in namespace ") return std::nullopt;
  const KindInfo* kind = find_kind(trim(quoted_parts[0].substr(3)));
  if (kind == nullptr) return std::nullopt;
  return Missing{kind, std::string(quoted_parts[1]), std::string(quoted_parts[3])};
}

std::string near_name(const Missing& missing, const View& known) {
  std::vector<std::string_view> names;
  std::vector<StoredResource::Ptr> keep;
  known.for_each(missing.kind->kind, [&](const StoredResource::Ptr& resource) {
    if (resource->key().ns != missing.ns || keep.size() >= kMaxNamesTried) return;
    keep.push_back(resource);
    names.push_back(keep.back()->key().name);
  });
  return std::string(closest_name(missing.name, names));
}

std::string missing_hint(const Missing& missing, const View* known) {
  std::string near = known == nullptr ? std::string() : near_name(missing, *known);
  std::string apply = str_cat("apply that ", missing.kind->name, " in the same transaction or before");
  return near.empty() ? apply : str_cat("did you mean ", in_quotes(near), "? Else ", apply);
}

std::string unknown_field_hint(std::string_view message) {
  constexpr std::string_view kMeant = "did you mean ";
  size_t at = message.find(kMeant);
  if (at == std::string_view::npos) return "remove it; docs/resources.md lists the fields of each kind";
  std::string_view near = message.substr(at + kMeant.size());
  return str_cat("write ", near.substr(0, near.find('?')), ", or remove it");
}

std::string hint_of(const ApiProblem& problem, const View* known) {
  std::string_view message = problem.message;
  if (message.starts_with("unknown field")) return unknown_field_hint(message);
  std::optional<Missing> missing = read_missing(message);
  if (!missing) return "";
  // What other namespaces hold is not told: its author need not be allowed to read them.
  Result<ResourceKey> author = ResourceKey::parse(problem.resource);
  return missing_hint(*missing, author && author->ns == missing->ns ? known : nullptr);
}

std::optional<Version> expected_of(const StoreOperation& operation) {
  if (const auto* put = std::get_if<PutOperation>(&operation)) return put->expected;
  return std::get<EraseOperation>(operation).expected;
}

// Whether the operation's author saw another one than there is.
bool is_stale(const StoreOperation& operation, const View& now) {
  std::optional<Version> expected = expected_of(operation);
  if (!expected) return false;
  StoredResource::Ptr found = now.find(key_of(operation));
  return *expected != (found == nullptr ? Version{} : found->meta().version);
}
}  // namespace

void add_hints(std::vector<ApiProblem>& problems, const View& known) {
  for (size_t i = 0; i < problems.size(); ++i) {
    if (problems[i].hint.empty()) problems[i].hint = hint_of(problems[i], i < kMaxNear ? &known : nullptr);
  }
}

void explain_conflict(const Error& why, const CommitRequest& request, const View& now,
                      std::vector<ApiProblem>& problems) {
  if (why.reason != Reason::kConflict || !problems.empty()) return;
  if (request.expected && *request.expected != now.version()) {
    std::string hint = str_cat("heddle diff --version ", request.expected->text(),
                               " shows what has changed since (it needs a role in all namespaces)");
    return problems.push_back({"", "expect", why.detail, std::move(hint)});
  }
  for (const StoreOperation& operation : request.operations) {
    if (!is_stale(operation, now)) continue;
    std::string hint = str_cat(get_command(key_of(operation)),
                               " shows it as it is now; leave resourceVersion out to "
                               "overwrite it");
    problems.push_back({key_of(operation).text(), "metadata.resourceVersion", why.detail, std::move(hint)});
    return;
  }
}

std::string get_command(const ResourceKey& key) {
  return str_cat("heddle get ", to_lower(info(key.kind).name), "/", key.name, " -n ", key.ns, " -o yaml");
}
}  // namespace heddle
