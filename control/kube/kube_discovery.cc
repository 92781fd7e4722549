#include "control/kube/kube_discovery.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMostVersions = 64;  // of the groups that are asked for

std::string text_of(const JsonValue& object, std::string_view field) {
  std::optional<JsonValue> found = object.find(field);
  return found ? std::string(found->as_string().value_or("")) : "";
}

bool lists(const JsonValue& verbs, std::string_view verb) {
  for (size_t i = 0; i < verbs.size(); ++i) {
    if (verbs.at(i).as_string() == verb) return true;
  }
  return false;
}

Error malformed(std::string_view what) {
  return make_error(Reason::kUpstreamProtocolError, std::string(what), Origin::kUpstream);
}
}  // namespace

Result<void> KubeServed::add_groups(const JsonValue& group_list) {
  JsonValue groups = group_list.find("groups").value_or(JsonValue());
  if (!groups.is_array()) return malformed("a list of API groups without groups");
  for (size_t i = 0; i < groups.size(); ++i) {
    JsonValue group = groups.at(i);
    JsonValue all = group.find("versions").value_or(JsonValue());
    std::string preferred = text_of(group.find("preferredVersion").value_or(JsonValue()), "version");
    std::vector<std::string>& out = versions_[text_of(group, "name")];
    for (size_t n = 0; n < all.size(); ++n) {
      std::string version = text_of(all.at(n), "version");
      if (!version.empty()) out.insert(version == preferred ? out.begin() : out.end(), version);
    }
  }
  return {};
}

Result<void> KubeServed::add_resources(std::string_view group, std::string_view version, const JsonValue& list) {
  JsonValue resources = list.find("resources").value_or(JsonValue());
  if (!resources.is_array()) return malformed("a list of API resources without resources");
  for (size_t i = 0; i < resources.size(); ++i) {
    JsonValue resource = resources.at(i);
    JsonValue verbs = resource.find("verbs").value_or(JsonValue());
    std::string name = text_of(resource, "name");
    if (name.empty() || !lists(verbs, "list") || !lists(verbs, "watch")) continue;
    KubeResource at{std::string(group), std::string(version), name};
    resources_.insert_or_assign(path_of(at), text_of(resource, "kind"));
  }
  return {};
}

std::vector<std::string> KubeServed::versions(std::string_view group) const {
  auto found = versions_.find(group);
  return found == versions_.end() ? std::vector<std::string>{} : found->second;
}

std::optional<KubeResource> KubeServed::find(std::string_view group, std::string_view plural,
                                             std::initializer_list<std::string_view> wanted) const {
  std::vector<std::string> order(wanted.begin(), wanted.end());
  if (order.empty()) order = versions(group);
  for (const std::string& version : order) {
    KubeResource resource{std::string(group), version, std::string(plural)};
    if (has(resource)) return resource;
  }
  return std::nullopt;
}

std::string KubeServed::kind(const KubeResource& resource) const {
  auto found = resources_.find(path_of(resource));
  return found == resources_.end() ? "" : found->second;
}

KubeResource KubeServed::endpoints() const {
  return find("discovery.k8s.io", "endpointslices", {"v1", "v1beta1"}).value_or(KubeResource{"", "v1", "endpoints"});
}

// The groups, then each version in turn.
class KubeDiscovery::Round final : public Operation {
 public:
  Round(KubeClient& client, std::set<std::string> groups, Done done)
      : client_(client), groups_(std::move(groups)), done_(std::move(done)) {}
  void start() {
    ask("/apis", [this](const JsonValue& document) -> Result<void> {
      HEDDLE_CHECK_OK(served_.add_groups(document));
      left_.push_back({"", "v1", ""});
      for (const std::string& group : groups_) {
        for (std::string& version : served_.versions(group)) left_.push_back({group, std::move(version), ""});
      }
      if (left_.size() > kMostVersions) left_.resize(kMostVersions);
      return {};
    });
  }

 private:
  template <class Take>
  void ask(std::string path, Take take) {
    KubeRequest request;
    request.path = std::move(path);
    call_ = client_.call(std::move(request), [this, take](const KubeAnswer& answer) {
      if (answer.failure) return finish(answer.failure->to_error());
      Result<void> taken = take(answer.object);
      if (!taken) return finish(std::move(taken).error());
      next();
    });
  }
  void next() {
    if (left_.empty()) return finish(std::move(served_));
    KubeResource at = std::move(left_.back());
    left_.pop_back();
    std::string path = str_cat(at.group.empty() ? "/api/" : "/apis/", at.group_version());
    ask(std::move(path),
        [this, at](const JsonValue& list) { return served_.add_resources(at.group, at.version, list); });
  }
  void finish(Result<KubeServed> result) {
    Done done = std::move(done_);
    done(std::move(result));
  }

  KubeClient& client_;
  std::set<std::string> groups_;
  Done done_;
  KubeServed served_;
  std::vector<KubeResource> left_;
  Pending call_;
};

Pending KubeDiscovery::discover(std::set<std::string> groups, Done done) {
  auto round = std::make_unique<Round>(client_, std::move(groups), std::move(done));
  round->start();
  return round;
}
}  // namespace heddle
