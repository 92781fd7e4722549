// ScriptedDns: a DnsLookup that a test answers by hand. Remembers what was asked; an answer goes to everybody who asked
// that question and still waits. Owned by the test; one loop.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "lib/event/dns_answer.h"

namespace heddle {
class ScriptedDns {
 public:
  // For DnsInputs::make_lookup.
  std::unique_ptr<DnsLookup> lookup() { return std::make_unique<Lookup>(*this); }
  // "a A, a AAAA": who waits, in the order of asking.
  std::string waiting() const {
    std::string out;
    for (const Asked* asked : waiting_) {
      out.append(out.empty() ? "" : ", ")
          .append(asked->question.name)
          .append(" ")
          .append(to_text(asked->question.type));
    }
    return out;
  }
  size_t asked() const noexcept { return asked_; }
  void answer(const DnsQuestion& question, const DnsAnswer& what) {
    std::vector<Asked*> all = waiting_;
    for (Asked* asked : all) {
      if (std::count(waiting_.begin(), waiting_.end(), asked) == 0 || asked->question != question) continue;
      std::erase(waiting_, asked);
      auto done = std::move(asked->done);
      done(what);
    }
  }

 private:
  struct Asked final : Operation {
    Asked(ScriptedDns& s, DnsQuestion q, DnsLookup::OnAnswer d)
        : script(s), question(std::move(q)), done(std::move(d)) {
      script.waiting_.push_back(this);
    }
    ~Asked() override { std::erase(script.waiting_, this); }
    ScriptedDns& script;
    DnsQuestion question;
    DnsLookup::OnAnswer done;
  };
  struct Lookup final : DnsLookup {
    explicit Lookup(ScriptedDns& s) : script(s) {}
    Pending ask(const DnsQuestion& question, OnAnswer done) override {
      ++script.asked_;
      return std::make_unique<Asked>(script, question, std::move(done));
    }
    ScriptedDns& script;
  };
  std::vector<Asked*> waiting_;
  size_t asked_ = 0;
};
}  // namespace heddle
