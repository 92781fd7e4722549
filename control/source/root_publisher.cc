#include "control/source/root_publisher.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
const KubeResource kConfigMaps{"", "v1", "configmaps"};
}  // namespace

class RootPublisher::Feed final : public KubeWatch::Observer {
 public:
  Feed(RootPublisher& publisher, What what, KubeWatch::Selection selection)
      : publisher_(publisher),
        what_(what),
        watch_(publisher.parts_.client, publisher.parts_.random, std::move(selection), *this) {}
  bool is_synced() const noexcept { return is_synced_; }

 private:
  void on_synced(const std::vector<JsonValue>& objects) override {
    for (const JsonValue& object : objects) {
      if (Result<KubeKey> key = KubeKey::of(object)) put(*key, object);
    }
    is_synced_ = true;
    publisher_.work();
  }
  void on_put(const KubeKey& key, const JsonValue& object) override {
    put(key, object);
    publisher_.work();
  }
  void on_delete(const KubeKey& key) override {
    RootTargets& targets = publisher_.targets_;
    if (what_ == What::kNamespace) targets.remove_namespace(key.name);
    if (what_ == What::kPod) targets.remove_pod(key.namespace_name, key.name);
    if (what_ == What::kConfigMap) targets.remove_config_map(key.namespace_name);
    publisher_.work();
  }
  void put(const KubeKey& key, const JsonValue& object) {
    RootTargets& targets = publisher_.targets_;
    if (what_ == What::kNamespace) targets.put_namespace(key.name, object);
    if (what_ == What::kPod) targets.put_pod(key.namespace_name, key.name);
    if (what_ == What::kConfigMap) targets.put_config_map(key.namespace_name, object);
  }

  RootPublisher& publisher_;
  What what_;
  bool is_synced_ = false;
  KubeWatch watch_;
};

RootPublisher::RootPublisher(Parts parts)
    : parts_(std::move(parts)), look_timer_(parts_.client.loop().timer([this] { look(); })) {}
RootPublisher::~RootPublisher() = default;

void RootPublisher::start() {
  auto feed = [this](What what, KubeWatch::Selection selection) {
    feeds_.push_back(std::make_unique<Feed>(*this, what, std::move(selection)));
  };
  feed(What::kNamespace, {{"", "v1", "namespaces"}});
  feed(What::kPod, {{"", "v1", "pods"}, "", str_cat(kInjectLabel, "=enabled")});
  feed(What::kConfigMap, {kConfigMaps, "", "", str_cat("metadata.name=", kRootConfigMap)});
  look();
}

void RootPublisher::look() {
  look_timer_->arm(kLook);
  targets_.use(parts_.roots());
  work();
}

bool RootPublisher::is_synced() const {
  return std::all_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed->is_synced(); });
}

void RootPublisher::work() {
  if (is_writing_ || !is_synced()) return;
  std::optional<std::string> ns = targets_.due(parts_.client.loop().now());
  if (!ns) return;  // postponed ones: at the next look
  KubeRequest request;
  request.method = "PATCH";
  request.path = kConfigMaps.path(*ns, kRootConfigMap);
  request.query = "fieldManager=heddle&force=true";
  request.content_type = kube_patch::kApply;
  request.body = root_config_map(targets_.roots());
  request.is_repeatable = true;
  is_writing_ = true;
  writing_ =
      parts_.client.call(std::move(request), [this, to = *ns, roots = targets_.roots()](const KubeAnswer& answer) {
        is_writing_ = false;
        on_answer(to, roots, answer);
        work();
      });
}

void RootPublisher::on_answer(const std::string& ns, const std::string& roots, const KubeAnswer& answer) {
  if (answer.is_ok()) {
    targets_.written(ns, roots);
    return parts_.log.info("a namespace has the roots that its sidecars trust", {{"namespace", ns}});
  }
  targets_.postpone(ns, parts_.client.loop().now() + kAgain);
  parts_.log.warn("a namespace does not have the roots that its sidecars trust; it is tried again",
                  {{"namespace", ns}, {"error", answer.failure->to_error()}});
}
}  // namespace heddle
