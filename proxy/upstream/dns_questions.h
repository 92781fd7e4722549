// DnsQuestions: what this process asks DNS: every question once, whoever needs its records, for as long as somebody
// does. Owns the timers; DnsSchedule decides. Says in the log when a question begins to fail, when its name is gone,
// and when it is answered again, once each. Main loop.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "lib/base/log.h"
#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/upstream/dns_schedule.h"

namespace heddle {
struct DnsInputs {
  Scheduler& scheduler;
  Random& random;
  Registry& metrics;
  Logger log;
  std::function<std::unique_ptr<DnsLookup>()> make_lookup;  // called at the first question
};

class DnsQuestions {
 public:
  // Who needs records. Told at the end of an answer; must not end its interest from there.
  class User {
   public:
    virtual void on_dns_answer() = 0;

   protected:
    ~User() = default;
  };

  class Running {
   public:
    Running(DnsQuestions&, DnsQuestion, DnsTtlBounds);
    const DnsQuestion& question() const noexcept { return question_; }
    const DnsSchedule& schedule() const noexcept { return schedule_; }
    const DnsRecords& records() const noexcept { return schedule_.records(); }

   private:
    friend class DnsQuestions;
    void ask();
    void on_answer(DnsAnswer);
    void tell(const std::string& before);
    std::string state() const;
    DnsQuestions& owner_;
    DnsQuestion question_;
    DnsSchedule schedule_;
    std::multiset<User*> users_;
    Pending pending_;
    std::unique_ptr<Timer> timer_;
  };

  // The interest of one user in one question; the last one that goes ends the question.
  class Use {
   public:
    Use() = default;
    Use(std::shared_ptr<Running> running, User& user);
    Use(Use&&) = default;
    Use& operator=(Use&&) = delete;
    ~Use();
    const Running& operator*() const noexcept { return *running_; }
    const Running* operator->() const noexcept { return running_.get(); }

   private:
    std::shared_ptr<Running> running_;
    User* user_ = nullptr;
  };

  explicit DnsQuestions(const DnsInputs&);
  ~DnsQuestions();
  [[nodiscard]] Use use(const DnsQuestion&, DnsTtlBounds, User&);
  size_t size() const noexcept;  // that are asked now and then

 private:
  DnsLookup& lookup();
  DnsInputs in_;
  std::unique_ptr<DnsLookup> lookup_;
  LabelledCounters lookups_;
  using Key = std::pair<DnsQuestion, DnsTtlBounds>;
  std::map<Key, std::weak_ptr<Running>> running_;
};
}  // namespace heddle
