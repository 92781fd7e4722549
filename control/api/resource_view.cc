#include "control/api/resource_view.h"

#include <set>

#include "control/api/view_model.h"
#include "lib/base/strings.h"
#include "lib/config/route_ports.h"

namespace heddle {
namespace {
bool is_route(Kind kind) noexcept { return kind == Kind::kHttpRoute || kind == Kind::kGrpcRoute || is_l4_route(kind); }

JsonValue condition(std::string_view type, bool holds, std::string_view reason, std::string_view message,
                    const std::optional<JsonValue>& generation) {
  return api_condition(type, holds ? "True" : "False", reason, message, generation);
}

std::string text_of(const std::vector<const RouteConflict*>& conflicts) {
  std::vector<std::string> texts;
  for (const RouteConflict* conflict : conflicts) texts.push_back(conflict->text());
  return join(texts, "; ");
}

std::string parent_path(size_t parent) { return str_cat("spec.parentRefs[", std::to_string(parent), "]"); }

// Why a parent of the route carries nothing that it judges; nothing where it does.
std::optional<std::string> idle_at(const Model& model, const ResourceKey& route, size_t parent) {
  auto found = model.http_routes.find(route);
  if (found == model.http_routes.end() || parent >= found->second->parents.size()) return std::nullopt;
  return idle_parent(model, *found->second, parent);
}

void warn_idle(const Model& model, const ResourceKey& route, std::vector<ApiProblem>& out) {
  auto found = model.http_routes.find(route);
  if (found == model.http_routes.end()) return;  // deleted
  for (size_t i = 0; i < found->second->parents.size(); ++i) {
    auto why = idle_parent(model, *found->second, i);
    if (why) out.push_back({route.text(), parent_path(i), *std::move(why)});
  }
}
}  // namespace

JsonValue ResourceView::document(const StoredResource& resource) {
  JsonValue document = resource.api_document();
  if (auto programmed = conditions_.programmed(resource, view_.version())) {
    document = document.with({"status", "conditions"}, JsonValue::array({&*programmed, 1}));
  }
  if (!is_route(resource.key().kind)) return document;
  return document.with({"status", "parents"}, parents_of(resource, document));
}

JsonValue ResourceView::parents_of(const StoredResource& resource, const JsonValue& document) {
  std::optional<JsonValue> generation = document.find({"metadata", "generation"});
  std::optional<JsonValue> refs = document.find({"spec", "parentRefs"});
  std::vector<JsonValue> out;
  for (size_t i = 0; refs && i < refs->size(); ++i) {
    std::vector<JsonValue> conditions = {accepted(resource.key(), i, refs->at(i), generation),
                                         condition("ResolvedRefs", true, "ResolvedRefs", "", generation)};
    out.push_back(JsonValue::object()
                      .with({"parentRef"}, refs->at(i))
                      .with({"controllerName"}, JsonValue::string(kController))
                      .with({"conditions"}, JsonValue::array(conditions)));
  }
  return JsonValue::array(out);
}

JsonValue ResourceView::accepted(const ResourceKey& route, size_t parent, const JsonValue& ref,
                                 const std::optional<JsonValue>& generation) {
  if (auto why = idle_at(model(), route, parent)) {
    return condition("Accepted", false, "NoMatchingParent", *why, generation);
  }
  std::vector<const RouteConflict*> lost = conflicts_of(route, parent);
  bool refused = !lost.empty() && all_lost(*lost.front(), lost.size(), ref.find("port").has_value());
  return condition("Accepted", !refused, refused ? "Conflicted" : "Accepted", text_of(lost), generation);
}

const Model& ResourceView::model() {
  if (!model_) model_ = model_of(view_).model;
  return *model_;
}

std::vector<const RouteConflict*> ResourceView::conflicts_of(const ResourceKey& route, size_t parent) {
  if (!conflicts_) conflicts_ = route_conflicts(model());
  std::vector<const RouteConflict*> out;
  for (const RouteConflict& conflict : *conflicts_) {
    if (conflict.loser == route && conflict.parent == parent) out.push_back(&conflict);
  }
  return out;
}

bool ResourceView::all_lost(const RouteConflict& one, size_t lost, bool names_port) const {
  if (names_port) return true;
  StoredResource::Ptr service = view_.find({Kind::kService, one.service.ns, one.service.name});
  if (service == nullptr) return true;
  std::optional<JsonValue> ports = service->api_document().find({"spec", "ports"});
  return !ports || lost >= ports->size();
}

std::vector<ApiProblem> warnings_of(const Transaction& transaction, const View& after) {
  std::set<ResourceKey> routes;
  for (const StoreOperation& operation : transaction) {
    if (is_route(key_of(operation).kind)) routes.insert(key_of(operation));
  }
  std::vector<ApiProblem> out;
  if (routes.empty()) return out;
  const Model model = model_of(after).model;
  for (const RouteConflict& conflict : route_conflicts(model)) {
    if (!routes.contains(conflict.loser) && !routes.contains(conflict.winner)) continue;
    out.push_back({conflict.loser.text(), conflict.parent_path(), conflict.text()});
  }
  for (const ResourceKey& route : routes) warn_idle(model, route, out);
  return out;
}
}  // namespace heddle
