#include "control/source/kube_source.h"

#include <algorithm>

#include "control/cluster/status_plan.h"
#include "control/cluster/taken_over.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kAfterFailure = 1s;

// "gateway.networking.k8s.io" of "gateway.networking.k8s.io/v1".
std::string_view group_of(std::string_view api_version) { return api_version.substr(0, api_version.find('/')); }

PutOperation put_of(const ClusterResource& resource) {
  PutOperation out{resource.envelope};
  out.created = resource.created;
  return out;
}
}  // namespace

// One resource of the API.
class KubeSource::Feed final : public KubeWatch::Observer {
 public:
  Feed(KubeSource& source, const KubeResource& resource, std::variant<ClusterKind, Kind> kind)
      : source_(source),
        resource_(resource),
        kind_(kind),
        watch_(source.parts_.client, source.parts_.random, {resource}, *this) {}
  bool is_synced() const noexcept { return is_synced_; }
  const KubeResource& resource() const noexcept { return resource_; }
  const std::optional<Error>& trouble() const noexcept { return watch_.trouble(); }
  const KubeWatch& watch() const noexcept { return watch_; }
  bool holds(Kind kind) const { return kind_ == std::variant<ClusterKind, Kind>(kind); }

 private:
  void on_synced(const std::vector<JsonValue>& objects) override {
    for (const JsonValue& object : objects) put(object);
    is_synced_ = true;
    source_.on_feed_synced();
  }
  void on_put(const KubeKey&, const JsonValue& object) override {
    if (put(object)) source_.changed();
  }
  void on_delete(const KubeKey& key) override {
    if (const auto* core = std::get_if<ClusterKind>(&kind_)) {
      source_.objects_.erase(*core, {key.namespace_name, key.name});
    } else {
      ResourceKey resource{std::get<Kind>(kind_), key.namespace_name, key.name};
      source_.objects_.erase_resource(resource);
      source_.on_object(resource);
    }
    source_.changed();
  }
  // Whether it may matter.
  bool put(const JsonValue& object) {
    Result<KubeKey> key = KubeKey::of(object);
    if (!key) return false;
    const auto* core = std::get_if<ClusterKind>(&kind_);
    if (core == nullptr) return put_resource({std::get<Kind>(kind_), key->namespace_name, key->name}, object);
    JsonValue kept = *core == ClusterKind::kPod ? pod_essentials(object) : object;
    const JsonValue* before = source_.objects_.find(*core, {key->namespace_name, key->name});
    if (before != nullptr && *before == kept) return false;
    return source_.objects_.put(*core, kept);
  }

  // A status that was written, by us or others, is no reason to translate.
  bool put_resource(const ResourceKey& key, const JsonValue& object) {
    const auto& all = source_.objects_.resources();
    auto before = all.find(key);
    bool may_matter = before == all.end() || taken_over(key.kind, before->second) != taken_over(key.kind, object) ||
                      generation_of(before->second) != generation_of(object);
    source_.objects_.put_resource(key, object);
    source_.on_object(key);
    return may_matter;
  }

  KubeSource& source_;
  KubeResource resource_;
  std::variant<ClusterKind, Kind> kind_;
  bool is_synced_ = false;
  KubeWatch watch_;
};

KubeSource::KubeSource(Parts parts)
    : parts_(std::move(parts)),
      discovery_(parts_.client),
      debounce_(parts_.debounce),
      discover_timer_(parts_.loop.timer([this] { discover(); })),
      act_timer_(parts_.loop.timer([this] { act(); })) {}
KubeSource::~KubeSource() = default;

void KubeSource::start() { discover(); }

void KubeSource::discover() {
  std::set<std::string> groups{"discovery.k8s.io"};
  for (const KindInfo& kind : all_kinds()) groups.emplace(group_of(kind.api_version));
  discovering_ = discovery_.discover(std::move(groups), [this](Result<KubeServed> served) {
    discover_timer_->arm(served ? kDiscoverAgain : kAfterFailure);
    if (served) {
      if (trouble_) parts_.log.info("the API server answers again", {});
      trouble_.reset();
      follow(*served);
    } else {
      if (!trouble_) parts_.log.error("the API server does not say what it serves", {{"error", served.error()}});
      trouble_ = served.error();
    }
  });
}

// What was followed stays: its watch says when it is gone.
void KubeSource::follow(const KubeServed& served) {
  feed({"", "v1", "services"}, ClusterKind::kService);
  feed({"", "v1", "pods"}, ClusterKind::kPod);
  feed({"", "v1", "namespaces"}, ClusterKind::kNamespace);
  KubeResource endpoints = served.endpoints();
  feed(endpoints, endpoints.plural == "endpoints" ? ClusterKind::kEndpoints : ClusterKind::kEndpointSlice);
  for (const KindInfo& kind : all_kinds()) {
    if (!kind.supported || kind.kind == Kind::kService) continue;
    std::optional<KubeResource> found = served.find(group_of(kind.api_version), kind.plural);
    if (found && accepts_api_version(kind, found->group_version())) feed(*found, kind.kind);
  }
  is_discovered_ = true;
}

void KubeSource::feed(const KubeResource& resource, std::variant<ClusterKind, Kind> kind) {
  auto& slot = feeds_[resource.path()];
  if (slot == nullptr) slot = std::make_unique<Feed>(*this, resource, kind);
}

void KubeSource::on_feed_synced() {
  bool all = std::all_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed.second->is_synced(); });
  if (all) changed();
}

std::string KubeSource::waits_for() const {
  if (is_synced_) return {};
  if (!is_discovered_) return trouble_ ? str_cat("the API server: ", trouble_->detail) : "the API server";
  for (const auto& [path, feed] : feeds_) {
    if (feed->is_synced()) continue;
    std::string why = feed->trouble() ? str_cat(": ", feed->trouble()->detail) : "";
    return str_cat("the first list of ", feed->resource().plural, why);
  }
  return "the first transaction";
}

// Before all are there it is on_feed_synced() that counts.
void KubeSource::changed() {
  is_committed_ = false;
  bool all = std::all_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed.second->is_synced(); });
  if (!all && !is_synced_) return;
  act_timer_->arm(debounce_.on_event(parts_.loop.now(), true));
}

void KubeSource::act() {
  debounce_.on_acted();
  is_dirty_ = committing_ != nullptr;
  if (is_dirty_) return;
  is_committed_ = true;
  Translation translation = translate(objects_, parts_.settings);
  tell(translation.problems);
  std::set<ResourceKey> present;
  parts_.store.view().for_each([&](const StoredResource::Ptr& one) { present.insert(one->key()); });
  commit(transaction_.next(translation, present));
}

void KubeSource::commit(ClusterChange change) {
  if (change.is_empty() && is_synced_) return on_current();
  CommitRequest request;
  request.author = kAuthor;
  request.message = str_cat(std::to_string(change.puts.size()), " changed, ", std::to_string(change.erases.size()),
                            " gone in the cluster");
  request.is_of_source = true;
  for (const ClusterResource& one : change.puts) request.operations.push_back(put_of(one));
  for (const ResourceKey& key : change.erases) request.operations.push_back(EraseOperation{key});
  committing_ =
      parts_.store.commit(std::move(request), Admission([this](const View& after) { return parts_.judge(after); }),
                          [this, change = std::move(change)](Result<Commit> done) {
                            committing_ = nullptr;
                            on_committed(change, done);
                          });
}

void KubeSource::on_committed(const ClusterChange& change, const Result<Commit>& done) {
  if (!done) {
    is_committed_ = false;
    parts_.log.error("what the cluster says could not be written; it is tried again", {{"error", done.error()}});
    act_timer_->arm(kAfterFailure);
    return;
  }
  transaction_.on_committed(change);
  if (!is_synced_) {
    is_synced_ = true;
    parts_.log.info("the cluster is read", {{"version", done->version.text()}, {"resources", done->after.size()}});
    if (Task told = std::exchange(parts_.on_synced, nullptr)) told();
  }
  if (is_dirty_) act_timer_->arm(Duration(0));
  on_current();
}

void KubeSource::on_object(const ResourceKey& key) {
  if (observer_ != nullptr) observer_->on_object(key);
}

void KubeSource::on_current() {
  if (observer_ != nullptr && is_current()) observer_->on_current();
}

std::optional<KubeResource> KubeSource::resource_of(Kind kind) const {
  for (const auto& [path, feed] : feeds_) {
    if (feed->holds(kind)) return feed->resource();
  }
  return std::nullopt;
}

uint64_t KubeSource::relists() const {
  uint64_t out = 0;
  for (const auto& [path, feed] : feeds_) out += feed->watch().relists();
  return out;
}

std::optional<MonoTime> KubeSource::heard_at() const {
  std::optional<MonoTime> out;
  for (const auto& [path, feed] : feeds_) {
    if (feed->is_synced()) out = std::min(out.value_or(feed->watch().heard_at()), feed->watch().heard_at());
  }
  return out;
}

// Each once, when it is new.
void KubeSource::tell(const ClusterProblems& found) {
  for (const ClusterProblem& one : found) {
    if (std::find(problems_.begin(), problems_.end(), one) != problems_.end()) continue;
    parts_.log.warn("an object of the cluster is left out, or a part of it",
                    {{"object", one.object}, {"field", one.field}, {"problem", one.message}});
  }
  problems_ = found;
}
}  // namespace heddle
