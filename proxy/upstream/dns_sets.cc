#include "proxy/upstream/dns_sets.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
class DnsSets::Set final : public DnsQuestions::User {
 public:
  Set(DnsSets& owner, const DnsSource& source, const std::string& label);
  bool is_for(const DnsSource& source) const noexcept { return source_ == source; }
  void use(const DnsSource& source);
  void on_dns_answer() override {
    is_dirty_ = true;
    owner_.look_->arm(Duration{});
  }
  // True: `found()` is another one now.
  bool look();
  bool is_settled() const;
  const std::shared_ptr<const ResolvedEndpoints>& found() const noexcept { return found_; }
  DnsSetStatus status(MonoTime now) const;

 private:
  using Use = DnsQuestions::Use;
  // The addresses of one host: of the set's name, or of a target.
  struct Host {
    Use ipv4;
    Use ipv6;
    bool is_heard() const { return ipv4->schedule().is_heard() && ipv6->schedule().is_heard(); }
    DnsHost addresses(uint16_t port, uint32_t weight) const;
  };
  Host host(const std::string& name);
  Use ask(const std::string& name, DnsRecordType type) {
    return owner_.questions_.use({name, type}, {source_.min_ttl, source_.max_ttl}, *this);
  }
  void use_targets();
  std::vector<const DnsQuestions::Running*> questions() const;
  Duration age() const;
  ResolvedEndpoints merge() const;

  DnsSets& owner_;
  DnsSource source_;
  std::vector<Use> srv_;               // one, or none
  SrvChoice choice_;                   // of type srv
  std::map<std::string, Host> hosts_;  // by name
  std::shared_ptr<const ResolvedEndpoints> found_;
  bool is_dirty_ = false;
  DnsSetMetrics metrics_;
  Pending age_;
};

DnsSets::Set::Set(DnsSets& owner, const DnsSource& source, const std::string& label)
    : owner_(owner),
      metrics_(owner.metrics_, label),
      age_(watch_dns_age(owner.metrics_, label, [this] { return std::chrono::duration<double>(age()).count(); })) {
  use(source);
}

// What was found of another name stays until this one was asked.
void DnsSets::Set::use(const DnsSource& source) {
  auto before = std::pair(std::exchange(srv_, {}), std::exchange(hosts_, {}));  // questions that stay go on
  source_ = source;
  choice_ = {};
  if (source.type == DnsType::kSrv) {
    srv_.push_back(ask(source.name, DnsRecordType::kSrv));
  } else {
    hosts_.emplace(source.name, host(source.name));
  }
  on_dns_answer();
}

DnsSets::Set::Host DnsSets::Set::host(const std::string& name) {
  return {ask(name, DnsRecordType::kA), ask(name, DnsRecordType::kAaaa)};
}

DnsHost DnsSets::Set::Host::addresses(uint16_t port, uint32_t weight) const {
  DnsHost out{ipv4->records().addresses, port, weight};
  const std::vector<Address>& more = ipv6->records().addresses;
  out.addresses.insert(out.addresses.end(), more.begin(), more.end());
  return out;
}

void DnsSets::Set::use_targets() {
  if (srv_.empty()) return;
  choice_ = choose_srv(srv_.front()->records().services);
  std::set<std::string_view> wanted;
  for (const SrvRecord& record : choice_.targets) {
    wanted.insert(record.target);
    if (!hosts_.contains(record.target)) hosts_.emplace(record.target, host(record.target));
  }
  std::erase_if(hosts_, [&](const auto& row) { return !wanted.contains(row.first); });
}

bool DnsSets::Set::is_settled() const {
  if (!srv_.empty() && !srv_.front()->schedule().is_heard()) return false;
  return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& row) { return row.second.is_heard(); });
}

ResolvedEndpoints DnsSets::Set::merge() const {
  std::vector<DnsHost> hosts;
  if (srv_.empty()) {
    hosts.push_back(hosts_.begin()->second.addresses(source_.port, 1));
  } else {
    for (const SrvRecord& record : choice_.targets) {
      hosts.push_back(hosts_.at(record.target).addresses(record.port, record.weight));
    }
  }
  ResolvedEndpoints out = merge_hosts(hosts);
  out.left_out += choice_.left_out;
  return out;
}

bool DnsSets::Set::look() {
  if (!std::exchange(is_dirty_, false)) return false;
  use_targets();
  auto fails = [](const DnsQuestions::Running* each) { return each->schedule().failures() > 0; };
  std::vector<const DnsQuestions::Running*> all = questions();
  metrics_.failing.set(std::any_of(all.begin(), all.end(), fails) ? 1 : 0);
  if (!is_settled()) return false;
  ResolvedEndpoints merged = merge();
  if (found_ != nullptr && *found_ == merged) return false;
  metrics_.endpoints.set(static_cast<int64_t>(merged.endpoints.size()));
  found_ = std::make_shared<const ResolvedEndpoints>(std::move(merged));
  return true;
}

std::vector<const DnsQuestions::Running*> DnsSets::Set::questions() const {
  std::vector<const DnsQuestions::Running*> out;
  for (const Use& use : srv_) out.push_back(&*use);
  for (const auto& [name, host] : hosts_) {
    out.push_back(&*host.ipv4);
    out.push_back(&*host.ipv6);
  }
  return out;
}

// Of the answer that is oldest; of one that never came it is not known.
Duration DnsSets::Set::age() const {
  Duration oldest{};
  for (const DnsQuestions::Running* each : questions()) {
    auto at = each->schedule().answered_at();
    if (at) oldest = std::max(oldest, owner_.scheduler_.now() - *at);
  }
  return oldest;
}

DnsSetStatus DnsSets::Set::status(MonoTime now) const {
  DnsSetStatus out{source_.name, to_text(source_.type), {}, 0, 0, 0};
  for (const DnsQuestions::Running* each : questions()) {
    const DnsSchedule& schedule = each->schedule();
    DnsQuestionStatus row;
    row.name = each->question().name;
    row.type = to_text(each->question().type);
    if (schedule.answered_at()) {
      row.result = to_text(schedule.kind());
      row.age = now - *schedule.answered_at();
      row.ttl = schedule.ttl();
    }
    if (schedule.is_heard() && schedule.next() > now) row.next = schedule.next() - now;
    row.failures = schedule.failures();
    row.why = schedule.why();
    out.unusable += schedule.records().unusable;
    out.questions.push_back(std::move(row));
  }
  if (found_ == nullptr) return out;
  out.endpoints = found_->endpoints.size();
  out.left_out = found_->left_out;
  return out;
}

DnsSets::DnsSets(const DnsInputs& inputs)
    : scheduler_(inputs.scheduler),
      metrics_(inputs.metrics),
      questions_(inputs),
      look_(inputs.scheduler.timer([this] { look(); })) {}
DnsSets::~DnsSets() = default;

void DnsSets::apply(const Snapshot& snapshot) {
  std::set<ResourceKey> wanted;
  for (const auto& entry : snapshot.backend_sets()) {
    if (entry == nullptr || !entry->spec->dns) continue;
    const ResourceKey& key = entry->spec->key;
    wanted.insert(key);
    std::unique_ptr<Set>& set = sets_[key];
    if (set == nullptr) {
      set = std::make_unique<Set>(*this, *entry->spec->dns, str_cat(key.ns, "/", key.name));
    } else if (!set->is_for(*entry->spec->dns)) {
      set->use(*entry->spec->dns);
    }
  }
  if (std::erase_if(sets_, [&](const auto& row) { return !wanted.contains(row.first); }) > 0) publish();
}

void DnsSets::look() {
  bool changed = false;
  for (auto& [key, set] : sets_) changed = set->look() || changed;
  if (changed) publish();
}

void DnsSets::publish() {
  auto out = std::make_shared<ResolvedSets>();
  for (const auto& [key, set] : sets_) {
    if (set->found() != nullptr) out->sets.emplace(key, set->found());
  }
  resolved_.publish(std::move(out));
}

bool DnsSets::is_settled() const {
  return std::all_of(sets_.begin(), sets_.end(), [](const auto& row) { return row.second->found() != nullptr; });
}

std::optional<DnsSetStatus> DnsSets::status(const ResourceKey& key) const {
  auto found = sets_.find(key);
  if (found == sets_.end()) return std::nullopt;
  return found->second->status(scheduler_.now());
}
}  // namespace heddle
