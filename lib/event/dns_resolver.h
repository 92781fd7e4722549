// DnsResolver: DNS over c-ares: UDP, TCP where an answer was cut, the servers of /etc/resolv.conf or given ones. Names
// are absolute: no search list, no /etc/hosts (it has no TTLs). A resolv.conf that changed is read before the next
// question. c-ares checks that an answer comes from the server that was asked, with the id and the question sent. Each
// server is tried kTries times, first for `timeout`, then twice as long. At most kMaxAtOnce questions are on their way,
// the others wait in order. Belongs to one loop; nothing is cached.
#pragma once
#include <deque>
#include <memory>
#include <string>

#include "lib/event/dns_answer.h"
#include "lib/event/loop.h"

namespace heddle {
struct DnsSettings {
  static constexpr size_t kMaxServers = 8;
  std::vector<Address> servers;  // empty: those of the system
  Duration timeout = 2s;         // of the first try
  bool operator==(const DnsSettings&) const = default;
};

class DnsResolver final : public DnsLookup {
 public:
  static constexpr int kTries = 3;
  static constexpr size_t kMaxAtOnce = 64;
  DnsResolver(Loop&, DnsSettings);
  ~DnsResolver() override;
  Pending ask(const DnsQuestion&, OnAnswer) override;

 private:
  class Channel;
  struct Asked;  // a question and who waits for its answer
  struct Lookup;
  struct Answered {
    std::weak_ptr<Asked> asked;
    DnsAnswer answer;
  };
  void start_waiting();
  void choose_channel();
  void on_answer(std::weak_ptr<Asked>, DnsAnswer);
  void deliver();

  Loop& loop_;
  DnsSettings settings_;
  std::string stamp_;                               // of resolv.conf as the newest channel read it
  std::vector<std::unique_ptr<Channel>> channels_;  // the last one is asked, the others end what they have
  std::deque<std::weak_ptr<Asked>> waiting_;
  size_t at_once_ = 0;
  std::vector<Answered> answered_;
  DeferredOf<DnsResolver, &DnsResolver::deliver> deliver_{*this};
};
}  // namespace heddle
