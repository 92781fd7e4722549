// What the API says of versions that were: lists, one version, and what lies between two. Pure; control loop (the log).
// Everything is bounded by the log itself (EventLog::Limits).
#pragma once
#include "control/api/answers.h"
#include "control/store/store.h"

namespace heddle {
struct HistoryQuery {
  static constexpr size_t kDefaultLimit = 20;
  static constexpr size_t kMaxLimit = 1000;
  size_t limit = kDefaultLimit;
  std::optional<ResourceKey> resource{};  // only what changed this one
};

// "created", "configured", "deleted"
std::string_view result_of(const Change&) noexcept;
// "before" and "now" of an open object: the documents as GET shows them, each where there is one.
void write_documents(JsonWriter&, const Change&);

// {"version","oldest","items":[{"version","time","author","message","changes"}]}, newest first. `oldest`: the oldest
// that can be shown whole; what made it is forgotten. With a resource each item has its "result", too.
std::string history_json(const EventLog&, const HistoryQuery&);
// {"version","time","author","message","changes":[{"key","result","before","now"}]}; `resource`: of this one only.
std::string event_json(const Event&, const std::optional<ResourceKey>& resource);
// {"kind":"List","version","items":[...]}: everything there was.
std::string view_json(const View&, const std::optional<ResourceKey>& resource);
// {"from","to","changes":[...]}
std::string between_json(const View& from, const View& to);
}  // namespace heddle
