#include "proxy/upstream/dns_questions.h"

#include <algorithm>
#include <utility>

namespace heddle {
DnsQuestions::Running::Running(DnsQuestions& owner, DnsQuestion question, DnsTtlBounds bounds)
    : owner_(owner),
      question_(std::move(question)),
      schedule_(bounds, owner.in_.random),
      timer_(owner.in_.scheduler.timer([this] { ask(); })) {
  timer_->arm(Duration{});
}

void DnsQuestions::Running::ask() {
  pending_ = owner_.lookup().ask(question_, [this](DnsAnswer answer) { on_answer(std::move(answer)); });
}

void DnsQuestions::Running::on_answer(DnsAnswer answer) {
  std::string before = state();
  bool is_failure = answer.kind == DnsAnswer::Kind::kFailed;
  owner_.lookups_[is_failure ? std::string_view(answer.why) : to_text(answer.kind)].add();
  schedule_.on_answer(std::move(answer), owner_.in_.scheduler.now());
  timer_->arm(schedule_.again_after());
  tell(before);
  for (User* user : users_) user->on_dns_answer();
}

std::string DnsQuestions::Running::state() const {
  if (!schedule_.is_heard()) return {};
  return std::string(schedule_.failures() > 0 ? "failed" : to_text(schedule_.kind()));
}

// A name without AAAA records is the usual thing; a name that is gone is not.
void DnsQuestions::Running::tell(const std::string& before) {
  std::string now = state();
  if (now == before) return;
  Logger& log = owner_.in_.log;
  std::string_view type = to_text(question_.type);
  if (now == "failed") {
    return log.warn("DNS lookup fails: the last answer stays",
                    {{"name", question_.name}, {"type", type}, {"why", schedule_.why()}});
  }
  if (now == "no-name") return log.warn("DNS name does not exist", {{"name", question_.name}, {"type", type}});
  if (before != "failed" && before != "no-name") return;
  log.info("DNS lookup works again", {{"name", question_.name}, {"type", type}, {"result", now}});
}

DnsQuestions::Use::Use(std::shared_ptr<Running> running, User& user) : running_(std::move(running)), user_(&user) {
  running_->users_.insert(user_);
}

DnsQuestions::Use::~Use() {
  if (running_ != nullptr) running_->users_.erase(running_->users_.find(user_));
}

DnsQuestions::DnsQuestions(const DnsInputs& inputs) : in_(inputs), lookups_(make_dns_lookup_counters(inputs.metrics)) {}
DnsQuestions::~DnsQuestions() = default;

DnsLookup& DnsQuestions::lookup() {
  if (lookup_ == nullptr) lookup_ = in_.make_lookup();
  return *lookup_;
}

DnsQuestions::Use DnsQuestions::use(const DnsQuestion& question, DnsTtlBounds bounds, User& user) {
  std::weak_ptr<Running>& slot = running_[{question, bounds}];
  std::shared_ptr<Running> running = slot.lock();
  if (running == nullptr) {
    std::erase_if(running_, [&](const auto& row) { return &row.second != &slot && row.second.expired(); });
    running = std::make_shared<Running>(*this, question, bounds);
    slot = running;
  }
  return {std::move(running), user};
}

size_t DnsQuestions::size() const noexcept {
  return static_cast<size_t>(
      std::count_if(running_.begin(), running_.end(), [](const auto& row) { return !row.second.expired(); }));
}
}  // namespace heddle
