#include "proxy/app/explain_answer.h"

#include <utility>

#include "lib/base/strings.h"
#include "lib/decision/explain_request.h"

namespace heddle {
namespace {
Result<LiveQuestion> read_question(std::string_view body, const ExplainSources& from) {
  HEDDLE_TRY(LiveWords asked, read_live_words(body));
  HEDDLE_TRY(size_t listener, choose_listener(asked, from.listeners));
  asked.words.client_ns = from.settings.ns;
  Problems problems;
  std::optional<ExplainQuery> query = ExplainQuery::parse(asked.words, problems);
  if (!query) return explain_refusal(problems);
  return LiveQuestion{std::make_shared<const ExplainQuery>(*std::move(query)), listener};
}

// How sure it is that this is what the mesh says.
void add_source(ConfigSource* config, Explanation& out) {
  if (config == nullptr) return out.trace.add("config", "none: this proxy has no source of it");
  ConfigStatus status = config->status();
  out.sidecar->source = status.source;
  std::string text = str_cat("version ", out.version.text(), " from ", status.source);
  if (status.from_disk) text.append(", the last good one of an earlier run");
  if (status.lag > Duration{}) text.append(str_cat(", perhaps ", format_duration(status.lag / 1s * 1s), " old"));
  if (status.refused) text.append(str_cat("; version ", status.refused->text(), " was refused"));
  out.trace.add("config", std::move(text));
}
}  // namespace

void answer_explain(std::string_view body, const ExplainSources& from, OnExplained answer) {
  Result<LiveQuestion> question = read_question(body, from);
  if (!question) return answer(std::move(question).error());
  auto query = question->query;
  auto complete = [query, checker = &from.checker, config = from.config, alive = from.alive,
                   answer = std::move(answer)](Result<Explanation> found) mutable {
    if (alive.expired()) return;
    if (!found) return answer(std::move(found).error());
    add_checks(*checker, *found);
    add_source(config, *found);
    answer(explanation_json(*query, *found));
  };
  from.worker.explain(from.loop, *std::move(question), std::move(complete));
}
}  // namespace heddle
