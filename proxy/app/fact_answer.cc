#include "proxy/app/fact_answer.h"

#include <utility>

#include "lib/api/fact_wire.h"
#include "lib/base/json_writer.h"

namespace heddle {
KeptFacts merge_facts(const std::vector<FactSlots>& of_workers, size_t most, std::string_view ns,
                      std::string_view own_id) {
  size_t all = 0;
  for (const FactSlots& slots : of_workers) all += slots.size();
  KeptFacts out;
  for (const FactSlots& slots : of_workers) {
    size_t keep = all <= most ? slots.size() : slots.size() * most / all;
    for (size_t i = slots.size() - keep; i < slots.size(); ++i) {
      RequestFact fact = fact_of(slots[i]);
      fact.ns = ns;
      if (fact.direction == FactDirection::kOutbound) fact.peer = own_id;
      out.facts.push_back(std::move(fact));
      out.seen += slots[i].stands_for;
    }
  }
  return out;
}

void collect_facts(const FactSources& from, size_t most, UniqueFunction<void(KeptFacts)> answer) {
  if (!from.settings.facts || from.workers.empty()) return answer({});
  struct Collected {
    UniqueFunction<void(KeptFacts)> answer;
    size_t most;
    std::string ns;
    std::string own_id;
    size_t missing;
    std::vector<FactSlots> slots{};
  };
  auto collected = std::make_shared<Collected>(
      Collected{std::move(answer), most, from.settings.ns, from.own_id, from.workers.size()});
  for (const auto& worker : from.workers) {
    worker->list_facts(from.loop, [collected](FactSlots slots) {
      collected->slots.push_back(std::move(slots));
      if (--collected->missing > 0) return;
      collected->answer(merge_facts(collected->slots, collected->most, collected->ns, collected->own_id));
    });
  }
}

std::string facts_json(const KeptFacts& kept) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("seen", kept.seen);
  write_facts(out.key("facts"), kept.facts);
  out.end_object();
  return text;
}
}  // namespace heddle
