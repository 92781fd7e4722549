#include "cli/commands/change_body.h"

#include <set>

#include "cli/resource_table.h"
#include "cli/sources.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr int kMaxTries = 5;  // of listing, while others change the mesh

struct Listing {
  std::optional<Version> version{};
  std::vector<ResourceKey> keys{};
  bool is_torn = false;  // the mesh was changed while it was listed
};

bool is_meant(const PruneOptions& prune, const Resource& resource) {
  if (!prune.ns.empty() && resource.key.ns != prune.ns) return false;
  if (prune.selector.empty()) return true;
  Result<JsonValue> document = JsonValue::parse(resource.json);
  return document && prune.selector.matches(*document);
}

std::string meant_text(const PruneOptions& prune) {
  std::string where = prune.ns.empty() ? std::string("any namespace") : str_cat("namespace ", prune.ns);
  return prune.selector.empty() ? where : str_cat(where, " with these labels");
}

Result<void> take_items(const JsonValue& body, const KindInfo& kind, const PruneOptions& prune, Listing& out) {
  HEDDLE_TRY(Version version, Version::parse(text_at(body, {"version"})));
  out.is_torn = out.is_torn || (out.version && *out.version != version);
  out.version = version;
  std::optional<JsonValue> items = body.find("items");
  for (size_t i = 0; items && i < items->size(); ++i) {
    JsonValue item = items->at(i);
    if (!prune.selector.matches(item)) continue;
    HEDDLE_TRY(ResourceKey key, ResourceKey::make(kind.kind, text_at(item, {"metadata", "namespace"}),
                                                  text_at(item, {"metadata", "name"})));
    out.keys.push_back(std::move(key));
  }
  return {};
}

Result<Listing> list_once(const PruneOptions& prune, CommandContext& context) {
  Listing out;
  for (const KindInfo& kind : all_kinds()) {
    if (!kind.supported || out.is_torn) continue;
    ApiRequest request{.path = str_cat("/v1/resources/", kind.plural), .deadline = context.timeout};
    if (!prune.ns.empty()) request.query = str_cat("namespace=", prune.ns);
    HEDDLE_TRY(ApiReply reply, context.api.call(request));
    if (!reply.ok()) return make_error(reply.reason(), str_cat("--prune lists ", kind.plural, ": ", reply.message()));
    HEDDLE_CHECK_OK(take_items(reply.body, kind, prune, out));
  }
  return out;
}

Result<Listing> list_all(const PruneOptions& prune, CommandContext& context) {
  for (int i = 0; i < kMaxTries; ++i) {
    HEDDLE_TRY(Listing listing, list_once(prune, context));
    if (!listing.is_torn) return listing;
  }
  return make_error(Reason::kConflict, "--prune: the mesh is changed faster than it can be listed; try again");
}

// Files of something else, or an empty result of whatever makes them, would delete all of it.
Result<void> check_some_stays(const PruneOptions& prune, const std::vector<Resource>& resources) {
  for (const Resource& resource : resources) {
    if (is_meant(prune, resource)) return {};
  }
  return make_error(Reason::kConfigInvalid,
                    str_cat("--prune: no file has a resource in ", meant_text(prune),
                            ": everything there would be deleted; nothing was sent (heddle delete removes by name)"));
}
}  // namespace

Result<ChangeBody> read_change_body(const FileOptions& files, CommandContext& context) {
  LoadedResources loaded = load_sources(files, context.console.in);
  if (!loaded.ok()) return make_error(Reason::kConfigInvalid, loaded.text());
  if (!files.prune) return ChangeBody{list_body(loaded.resources)};
  HEDDLE_CHECK_OK(check_some_stays(*files.prune, loaded.resources));
  HEDDLE_TRY(Listing listing, list_all(*files.prune, context));
  std::set<ResourceKey> kept;
  for (const Resource& resource : loaded.resources) kept.insert(resource.key);
  std::vector<ResourceKey> erased;
  for (ResourceKey& key : listing.keys) {
    if (!kept.contains(key)) erased.push_back(std::move(key));
  }
  return ChangeBody{list_body(loaded.resources, erased), listing.version};
}

Result<std::optional<Version>> expected_of(const std::optional<Version>& said, const ChangeBody& body) {
  if (!said || !body.seen || *said == *body.seen) return body.seen ? body.seen : said;
  return make_error(Reason::kConflict,
                    str_cat("the mesh is at version ", body.seen->text(), ", not at the expected ", said->text(),
                            "; heddle diff --version ", said->text(), " shows what has changed since"));
}
}  // namespace heddle
