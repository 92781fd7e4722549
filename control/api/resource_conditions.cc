#include "control/api/resource_conditions.h"

#include <algorithm>

#include "control/api/nack_sight.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// The sets are ascending by key text.
const StoredResource* find_in(const ScopeSet::Ptr& set, const std::string& key_text) {
  if (set == nullptr) return nullptr;
  auto found = std::lower_bound(set->resources.begin(), set->resources.end(), key_text,
                                [](const auto& one, const std::string& text) { return one->key_text() < text; });
  return found == set->resources.end() || (*found)->key_text() != key_text ? nullptr : found->get();
}

// What the nack says of the resource; nullptr: nothing.
const WatchNackError* error_of(const std::optional<WatchNack>& nack, const std::string& key_text) {
  if (!nack) return nullptr;
  auto found = std::find_if(nack->errors.begin(), nack->errors.end(),
                            [&](const WatchNackError& error) { return error.resource == key_text; });
  return found == nack->errors.end() ? nullptr : &*found;
}
}  // namespace

ResourceConditions::ResourceConditions(std::vector<HolderGroup> groups, const NodeRegistry& registry,
                                       AccessGrants grants, std::vector<Version> rest)
    : others_(registry, std::move(rest)), grants_(std::move(grants)), is_known_(true) {
  for (HolderGroup& group : groups) {
    const NodeStatus* status = group.is_refused ? registry.find(group.example) : nullptr;
    groups_.push_back({std::move(group), status == nullptr ? std::nullopt : status->nack});
  }
}

ResourceConditions::Count ResourceConditions::count(const StoredResource& resource) const {
  Count out;
  const std::string& key = resource.key_text();
  for (const Group& group : groups_) {
    if (find_in(group.holders.target, key) == nullptr) continue;
    const StoredResource* held = find_in(group.holders.held, key);
    bool is_held = held != nullptr && held->digest() == resource.digest();
    bool is_refused = group.holders.is_refused && (!is_held || error_of(group.nack, key) != nullptr);
    out.should += group.holders.sidecars;
    if (is_refused) {
      out.refused += group.holders.sidecars;
      out.refusing = &group;
    } else if (is_held) {
      out.live += group.holders.sidecars;
    }
  }
  return out;
}

// What the nack says of the resource, else the first of what it says that may be told.
std::string ResourceConditions::refusal(const NodeKey& node, const std::optional<WatchNack>& nack,
                                        const std::string& key_text) const {
  std::string who = str_cat("sidecar ", node.node, " (", node.identity, ") refused");
  if (!nack) return str_cat(who, " what it was sent");
  const WatchNackError* error = error_of(nack, key_text);
  std::string where;
  if (error == nullptr) {
    auto told = std::find_if(nack->errors.begin(), nack->errors.end(),
                             [this](const WatchNackError& one) { return may_see(grants_, one); });
    if (told == nack->errors.end()) return str_cat(who, " another resource of version ", nack->version.text());
    error = &*told;
    if (!error->resource.empty()) where = str_cat(error->resource, ": ");
  }
  if (!error->path.empty()) where.append(error->path).append(": ");
  return str_cat(who, " version ", nack->version.text(), ": ", where, error->message);
}

std::optional<JsonValue> ResourceConditions::programmed(const StoredResource& resource, Version newest) {
  if (!is_known_ || resource.key().kind == Kind::kFederatedTrustDomain) return std::nullopt;
  searches_ += groups_.size();
  if (searches_ > kMaxSearches) return std::nullopt;
  Count found = count(resource);
  std::string others = others_.text(resource.meta().version);
  std::string_view nobody =
      others.empty() ? "no connected sidecar holds it" : "no sidecar that is connected to this control plane holds it";
  std::string here = found.should == 0 ? std::string(nobody)
                                       : str_cat("version ", newest.text(), " is live on ", std::to_string(found.live),
                                                 " of ", std::to_string(found.should), " sidecars that hold it");
  return judge(resource, found, str_cat(here, others));
}

JsonValue ResourceConditions::judge(const StoredResource& resource, const Count& found, const std::string& live) const {
  std::optional<JsonValue> generation = JsonValue::integer(static_cast<int64_t>(resource.meta().generation));
  auto answer = [&](std::string_view status, std::string_view reason, std::string_view text) {
    return api_condition("Programmed", status, reason, text, generation);
  };
  const std::string& key = resource.key_text();
  if (found.refusing != nullptr) {
    const Group& group = *found.refusing;
    return answer("False", "Refused", str_cat(live, "; ", refusal(group.holders.example, group.nack, key)));
  }
  if (const NodeStatus* row = others_.refusing(key)) {
    return answer("False", "Refused", str_cat(live, "; ", refusal(row->key, row->nack, key)));
  }
  bool is_late = found.live < found.should || others_.running(resource.meta().version) < others_.size();
  if (is_late) return answer("False", "Pending", live);
  if (!others_.unheard().empty()) return answer("Unknown", "ReplicaNotHeard", live);
  return found.should == 0 ? answer("Unknown", "NoSidecar", live) : answer("True", "Programmed", live);
}

JsonValue api_condition(std::string_view type, std::string_view status, std::string_view reason,
                        std::string_view message, const std::optional<JsonValue>& generation) {
  JsonValue out = JsonValue::object()
                      .with({"type"}, JsonValue::string(type))
                      .with({"status"}, JsonValue::string(status))
                      .with({"reason"}, JsonValue::string(reason))
                      .with({"message"}, JsonValue::string(message));
  return generation ? out.with({"observedGeneration"}, *generation) : out;
}
}  // namespace heddle
