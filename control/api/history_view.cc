#include "control/api/history_view.h"

#include <algorithm>

#include "control/api/view_changes.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
const Change* change_of(const Event& event, const ResourceKey& key) {
  auto found = std::find_if(event.changes.begin(), event.changes.end(), [&](const Change& c) { return c.key == key; });
  return found == event.changes.end() ? nullptr : &*found;
}

void write_note(JsonWriter& out, const Event& event) {
  out.field("version", event.version.text()).field("time", format_time(event.note.time));
  out.field("author", event.note.author).field("message", event.note.message);
}

void write_change(JsonWriter& out, const Change& change) {
  out.begin_object().field("key", change.key.text()).field("result", result_of(change));
  write_documents(out, change);
  out.end_object();
}
}  // namespace

std::string_view result_of(const Change& change) noexcept {
  if (change.now == nullptr) return "deleted";
  return change.before == nullptr ? "created" : "configured";
}

void write_documents(JsonWriter& out, const Change& change) {
  if (change.before != nullptr) out.key("before").value(change.before->api_document());
  if (change.now != nullptr) out.key("now").value(change.now->api_document());
}

std::string history_json(const EventLog& log, const HistoryQuery& query) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("version", log.newest().version().text()).field("oldest", log.oldest().version().text());
  out.key("items").begin_array();
  size_t told = 0;
  for (auto event = log.events().rbegin(); event != log.events().rend() && told < query.limit; ++event) {
    const Change* one = query.resource ? change_of(*event, *query.resource) : nullptr;
    if (query.resource && one == nullptr) continue;
    ++told;
    out.begin_object();
    write_note(out, *event);
    out.field("changes", event->changes.size());
    if (one != nullptr) out.field("result", result_of(*one));
    out.end_object();
  }
  out.end_array().end_object();
  return body;
}

std::string event_json(const Event& event, const std::optional<ResourceKey>& resource) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  write_note(out, event);
  out.key("changes").begin_array();
  for (const Change& change : event.changes) {
    if (!resource || change.key == *resource) write_change(out, change);
  }
  out.end_array().end_object();
  return body;
}

std::string view_json(const View& view, const std::optional<ResourceKey>& resource) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("kind", std::string_view("List")).field("version", view.version().text());
  out.key("items").begin_array();
  view.for_each([&](const StoredResource::Ptr& one) {
    if (!resource || one->key() == *resource) out.value(one->api_document());
  });
  out.end_array().end_object();
  return body;
}

std::string between_json(const View& from, const View& to) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("from", from.version().text()).field("to", to.version().text());
  out.key("changes").begin_array();
  for (const Change& change : changes_between(from, to)) write_change(out, change);
  out.end_array().end_object();
  return body;
}
}  // namespace heddle
