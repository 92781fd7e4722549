#include "lib/base/strings.h"
#include "lib/config/overload.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr EnumName<RequestPriority> kPriorities[] = {{"critical", RequestPriority::kCritical},
                                                     {"high", RequestPriority::kHigh},
                                                     {"default", RequestPriority::kDefault},
                                                     {"low", RequestPriority::kLow}};
constexpr IntRange kLimits{1, kMaxConcurrencyLimit};

std::optional<AdaptiveConcurrencySpec> parse_adaptive(JsonObject& overload) {
  std::optional<JsonObject> object = overload.optional_object("adaptiveConcurrency");
  if (!object) return std::nullopt;
  AdaptiveConcurrencySpec out;
  out.min_limit = static_cast<uint32_t>(object->optional_integer("minLimit", kLimits).value_or(out.min_limit));
  out.max_limit = static_cast<uint32_t>(object->optional_integer("maxLimit", kLimits).value_or(out.max_limit));
  if (out.min_limit > out.max_limit) {
    object->problem("minLimit", str_cat("is ", std::to_string(out.min_limit), ", above maxLimit, which is ",
                                        std::to_string(out.max_limit)));
  }
  object->finish();
  return out;
}

bool asks_headers(const AuthzRule& rule) {
  if (!rule.to) return false;
  for (const AuthzOperation& operation : *rule.to) {
    if (operation.headers) return true;
  }
  return false;
}

// Who is nobody to us must not raise what it sends: a header is the caller's word.
void check_raise(const JsonObject& object, const PriorityRule& rule) {
  bool raises = rule.priority < RequestPriority::kDefault;
  if (!raises || rule.match.from) return;
  if (!rule.match.to) {
    object.problem("priority", str_cat(in_quotes(to_text(rule.priority)), " needs from or to: not every request is"));
  } else if (asks_headers(rule.match)) {
    object.problem("to", "raises whoever sends a header; say in `from` who may");
  }
}

PriorityRule parse_priority(const JsonReader& at) {
  JsonObject object = at.object();
  PriorityRule out;
  std::optional<RequestPriority> priority = object.optional_one_of("priority", kPriorities);
  if (object.is_object() && !object.has("priority")) {
    object.problem("priority", "is required: critical, high, default or low");
  }
  out.priority = priority.value_or(RequestPriority::kDefault);
  out.match = parse_authz_match(object);
  object.finish();
  if (priority) check_raise(object, out);
  return out;
}
}  // namespace

std::shared_ptr<const OverloadSpec> parse_overload(JsonObject& spec) {
  std::optional<JsonObject> object = spec.optional_object("overload");
  if (!object) return nullptr;
  auto out = std::make_shared<OverloadSpec>();
  out->adaptive = parse_adaptive(*object);
  for (const JsonReader& at : object->optional_array("priorities", {1, kMaxPriorityRules})) {
    out->priorities.push_back(parse_priority(at));
  }
  object->finish();
  bool says = object->has("adaptiveConcurrency") || object->has("priorities");
  if (!says) spec.problem("overload", "says nothing: expected adaptiveConcurrency, priorities or both");
  return out;
}
}  // namespace heddle::detail
