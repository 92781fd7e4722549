#include "control/cluster/translate.h"

#include <algorithm>

#include "control/cluster/annotated_policies.h"
#include "control/cluster/taken_over.h"
#include "control/cluster/unresolved_backends.h"
#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "lib/config/validate.h"

namespace heddle {
namespace {
constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";

struct Candidate {
  ClusterResource resource;
  ParsedSpec spec;
  bool is_annotated = false;  // made of annotations: gives way to what a team wrote
};
using Candidates = std::map<ResourceKey, Candidate>;

std::string object_text(std::string_view kind, const ObjectRef& ref) {
  return str_cat(kind, " ", ref.ns, "/", ref.name);
}

std::optional<WallTime> created_of(const JsonValue& object) {
  Result<WallTime> time = parse_time(text_at(object, {"metadata", "creationTimestamp"}));
  return time ? std::optional(*time) : std::nullopt;
}

// Slices by the Service they belong to.
std::map<ObjectRef, std::vector<const JsonValue*>> slices_by_service(const ClusterObjects& objects) {
  std::map<ObjectRef, std::vector<const JsonValue*>> out;
  for (const auto& [ref, slice] : objects.all(ClusterKind::kEndpointSlice)) {
    std::string_view service = text_at(slice, {"metadata", "labels", kServiceLabel});
    if (!service.empty()) out[{ref.ns, std::string(service)}].push_back(&slice);
  }
  return out;
}

// The keys that some subset asks for.
std::set<std::string> subset_labels(const ClusterObjects& objects) {
  std::set<std::string> out;
  for (const auto& [key, object] : objects.resources()) {
    std::optional<JsonValue> labels = object.find({"spec", "subsetOf", "labels"});
    if (key.kind != Kind::kBackendSet || !labels) continue;
    for (std::string_view label : labels->keys()) out.emplace(label);
  }
  return out;
}

class Translator {
 public:
  Translator(const ClusterObjects& objects, const ClusterSettings& settings) : objects_(objects), settings_(settings) {}

  Translation run() {
    add_services();
    add_resources();
    give_way();
    leave_out_what_does_not_fit();
    Translation out;
    for (auto& [key, one] : candidates_) out.resources.push_back(std::move(one.resource));
    out.problems = std::move(problems_);
    return out;
  }

 private:
  void add_services() {
    PodIndex pods = index_pods(objects_);
    std::set<std::string> labels = subset_labels(objects_);
    auto slices = slices_by_service(objects_);
    ServiceContext context{pods, labels, settings_};
    for (const auto& [ref, pod] : pods) {
      if (!pod.wrong_weight.empty()) {
        say(object_text("Pod", ref), "metadata.annotations[heddle.dev/weight]",
            str_cat(pod.wrong_weight, ": ", kEndpointWeightExpected));
      }
    }
    for (const auto& [ref, service] : objects_.all(ClusterKind::kService)) {
      ServiceParts parts{&service};
      if (auto found = slices.find(ref); found != slices.end()) parts.slices = found->second;
      parts.endpoints = objects_.find(ClusterKind::kEndpoints, ref);
      std::string object = object_text("Service", ref);
      for (const JsonValue& document : service_documents(parts, context, problems_))
        add(document, service, object, true);
    }
  }

  void add_resources() {
    for (const auto& [key, object] : objects_.resources()) {
      if (auto made = candidates_.find(key); made != candidates_.end() && !made->second.is_annotated) {
        say(object_text(info(key.kind).name, {key.ns, key.name}), "metadata.name",
            str_cat("is that of what ", made->second.resource.object, " becomes; choose another name"));
        continue;
      }
      std::optional<JsonValue> document = taken_over(key.kind, object);
      if (document) add(*document, object, object_text(info(key.kind).name, {key.ns, key.name}), false);
    }
  }

  // `from`: the object whose creation counts.
  void add(const JsonValue& document, const JsonValue& from, const std::string& object, bool is_made) {
    Problems problems;
    std::optional<Envelope> envelope = read_envelope(document, {}, problems);
    std::optional<ParsedSpec> spec = envelope ? parse_spec(*envelope, problems) : std::nullopt;
    if (std::optional<JsonValue> marked = mark(document, problems, object)) return add(*marked, from, object, is_made);
    if (!problems.empty() || !spec) return say_all(text_at(document, {"kind"}), object, problems, is_made);
    ResourceKey key = envelope->key;
    bool is_annotated = is_made && (key.kind == Kind::kTrafficPolicy || key.kind == Kind::kHealthPolicy);
    candidates_.insert_or_assign(
        key, Candidate{{std::move(*envelope), created_of(from), object}, std::move(*spec), is_annotated});
  }

  // Backends of kinds that nobody knows; nothing: there are none.
  std::optional<JsonValue> mark(const JsonValue& document, const Problems& problems, const std::string& object) {
    std::optional<JsonValue> marked;
    for (const Problem& problem : problems.items()) {
      if (unresolved_reason(problem.path) != "InvalidKind") continue;
      std::optional<JsonValue> next = with_unresolved(marked.value_or(document), problem.path, problem.message);
      if (!next) continue;
      say(object, problem.path, problem.message);
      marked = std::move(next);
    }
    return marked;
  }

  // True: the route is in force with a reference that leads nowhere, since that may be somebody else's doing.
  static bool mark(Candidate& route, const Problem& problem) {
    Envelope& envelope = route.resource.envelope;
    std::optional<JsonValue> marked;
    if (is_route(envelope.key.kind)) marked = with_unresolved(envelope.document, problem.path, problem.message);
    if (!marked) return false;
    Problems problems;
    std::optional<Envelope> next = read_envelope(*marked, {}, problems);
    std::optional<ParsedSpec> spec = next ? parse_spec(*next, problems) : std::nullopt;
    if (!problems.empty() || !spec) return false;
    envelope = *std::move(next);
    route.spec = *std::move(spec);
    return true;
  }

  // One policy per set: who wrote one means it.
  void give_way() {
    std::set<std::pair<Kind, ObjectRef>> taken;
    for (const auto& [key, one] : candidates_) {
      if (one.is_annotated) continue;
      for (const std::string& target : targets_of(one)) taken.insert({key.kind, {key.ns, target}});
    }
    std::erase_if(candidates_, [&](const auto& item) {
      if (!item.second.is_annotated) return false;
      std::vector<std::string> targets = targets_of(item.second);
      return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
        return taken.contains({item.first.kind, {item.first.ns, target}});
      });
    });
  }

  static std::vector<std::string> targets_of(const Candidate& one) {
    std::vector<std::string> out;
    const JsonValue& document = one.resource.envelope.document;
    if (std::string_view only = text_at(document, {"spec", "targetRef", "name"}); !only.empty()) out.emplace_back(only);
    std::optional<JsonValue> targets = document.find({"spec", "targetRefs"});
    for (size_t i = 0; targets && i < targets->size(); ++i) out.emplace_back(text_at(targets->at(i), {"name"}));
    return out;
  }

  // What resources get wrong together. Each round takes out who is to blame, which may leave others without what they
  // name; it ends, because each round takes at least one, or marks a reference of it.
  void leave_out_what_does_not_fit() {
    while (true) {
      Model model;
      for (const auto& [key, one] : candidates_) put_spec(model, key, one.spec);
      ConfigProblems found = validate(model, ModelScope::kWhole);
      if (found.empty()) return;
      std::set<ResourceKey> out;
      bool any = false;
      for (const ResourceProblem& problem : found.items) {
        auto blamed = candidates_.find(problem.key);
        if (blamed == candidates_.end()) continue;
        any = true;
        say(blamed->second.resource.object, problem.problem.path, problem.problem.message);
        if (!mark(blamed->second, problem.problem)) out.insert(problem.key);
      }
      for (const ResourceKey& key : out) candidates_.erase(key);
      if (!any) return;  // of nobody that is here
    }
  }

  void say(std::string object, std::string field, std::string message) {
    problems_.push_back({std::move(object), std::move(field), std::move(message)});
  }

  void say_all(std::string_view kind, const std::string& object, const Problems& problems, bool is_made) {
    for (const Problem& problem : problems.items()) {
      std::string from = is_made ? annotation_of(kind, problem.path) : std::string();
      say(object, from.empty() ? problem.path : str_cat("metadata.annotations[", from, "]"), problem.message);
    }
  }

  const ClusterObjects& objects_;
  const ClusterSettings& settings_;
  Candidates candidates_;
  ClusterProblems problems_;
};
}  // namespace

Translation translate(const ClusterObjects& objects, const ClusterSettings& settings) {
  return Translator(objects, settings).run();
}
}  // namespace heddle
