// The main loop's part of POST /explain: reads the question, asks a worker, and writes what it says together with what
// only the main loop knows. The answer comes later on the same loop.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/unique_function.h"
#include "proxy/admin/explain_view.h"
#include "proxy/app/worker.h"
#include "proxy/watch/config_source.h"

namespace heddle {
struct ExplainSources {
  const Settings& settings;
  std::span<const ListenerRow> listeners;  // in the order of the settings
  Worker& worker;
  const HealthChecker& checker;
  ConfigSource* config;  // may be null
  Loop& loop;
  std::weak_ptr<const void> alive;  // when it is gone nobody waits any more, nor does the checker live
};
// The JSON of docs/api.md#explain.
using OnExplained = UniqueFunction<void(Result<std::string>)>;
void answer_explain(std::string_view body, const ExplainSources&, OnExplained);
}  // namespace heddle
