#include "control/cluster/object_events.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kService = "Service ";
constexpr size_t kMaxName = 200;  // of a Service there are 63

JsonValue text(std::string_view value) { return JsonValue::string(value); }

std::string time_text(WallTime now) {
  std::string out = format_time(now);
  return out.substr(0, out.find('.')) + "Z";
}

// FNV-1a: names must not differ between builds.
std::string hash_text(std::string_view words) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : words) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back(kDigits[(hash >> shift) & 15]);
  return out;
}

JsonValue involved(const JsonValue& service) {
  JsonValue out = JsonValue::object().with({"apiVersion"}, text("v1")).with({"kind"}, text("Service"));
  for (std::string_view field : {"name", "namespace", "uid", "resourceVersion"}) {
    if (std::string_view value = text_at(service, {"metadata", field}); !value.empty()) {
      out = out.with({field}, text(value));
    }
  }
  return out;
}
}  // namespace

JsonValue event_of(const JsonValue& service, const ClusterProblem& problem, WallTime wall) {
  std::string message = str_cat(problem.field, problem.field.empty() ? "" : ": ", problem.message);
  if (message.size() > ObjectEvents::kMaxMessage) message.resize(ObjectEvents::kMaxMessage);
  std::string_view name = text_at(service, {"metadata", "name"});
  JsonValue time = text(time_text(wall));
  return JsonValue::object()
      .with({"apiVersion"}, text("v1"))
      .with({"kind"}, text("Event"))
      .with({"metadata", "name"}, text(str_cat(name.substr(0, kMaxName), ".", hash_text(problem.text()))))
      .with({"metadata", "namespace"}, text(text_at(service, {"metadata", "namespace"})))
      .with({"involvedObject"}, involved(service))
      .with({"type"}, text("Warning"))
      .with({"reason"}, text("HeddleInvalid"))
      .with({"message"}, text(message))
      .with({"source", "component"}, text("heddle-control"))
      .with({"reportingComponent"}, text("heddle.dev/controller"))
      .with({"firstTimestamp"}, time)
      .with({"lastTimestamp"}, time)
      .with({"count"}, JsonValue::integer(1));
}

// Of more than kMost the oldest are told once more should they come again: nobody uses the Events of others up.
void ObjectEvents::want(const ClusterProblem& problem) {
  if (!problem.object.starts_with(kService) || queue_.size() >= kMost) return;
  std::string text = problem.text();
  if (!known_.insert(text).second) return;
  order_.push_back(std::move(text));
  if (order_.size() > kMost) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  queue_.push_back(problem);
}

std::optional<ObjectEvents::Event> ObjectEvents::next(const ClusterObjects& objects, MonoTime now, WallTime wall) {
  while (!queue_.empty()) {
    std::string_view where = std::string_view(queue_.front().object).substr(kService.size());
    size_t slash = where.find('/');
    ObjectRef ref{std::string(where.substr(0, slash)), std::string(where.substr(slash + 1))};
    const JsonValue* service = objects.find(ClusterKind::kService, ref);
    if (service == nullptr) {  // gone meanwhile
      queue_.pop_front();
      continue;
    }
    if (!bucket_.take(now)) return std::nullopt;
    Event out{ref.ns, event_of(*service, queue_.front(), wall)};
    queue_.pop_front();
    return out;
  }
  return std::nullopt;
}
}  // namespace heddle
