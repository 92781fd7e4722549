#include "proxy/telemetry/log_format.h"

#include <cstdio>

#include "lib/base/json_escape.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
class Line {
 public:
  explicit Line(std::string& out) : out_(out) { out_.push_back('{'); }
  void text(std::string_view key, std::string_view value) {
    append_json_key(out_, key);
    if (value.empty()) {
      out_.append("null");
    } else {
      append_json_string(out_, value);
    }
  }
  template <size_t N>
  void text(std::string_view key, const InlineText<N>& value) {
    text(key, value.view());
    if (value.is_cut()) {
      append_json_key(out_, str_cat(key, "_truncated"));
      out_.append("true");
    }
  }
  void number(std::string_view key, uint64_t value) {
    append_json_key(out_, key);
    out_.append(std::to_string(value));
  }
  void number_or_null(std::string_view key, uint64_t value) {
    append_json_key(out_, key);
    out_.append(value == 0 ? "null" : std::to_string(value));
  }
  void milliseconds(std::string_view key, Duration value) {
    append_json_key(out_, key);
    char digits[32];
    int64_t us = value / std::chrono::microseconds(1);
    std::snprintf(digits, sizeof(digits), "%lld.%03lld", static_cast<long long>(us / 1000),
                  static_cast<long long>(us % 1000));
    out_.append(digits);
  }
  void null(std::string_view key) {
    append_json_key(out_, key);
    out_.append("null");
  }
  void boolean(std::string_view key, bool value) {
    append_json_key(out_, key);
    out_.append(value ? "true" : "false");
  }
  void end() { out_.append("}\n"); }

 private:
  std::string& out_;
};

void append_request(Line& line, const AccessRecord& record) {
  line.text("start_time", format_time(record.start));
  line.text("direction", to_text(record.direction));
  line.text("method", record.method);
  line.text("path", record.path);
  line.text("protocol", to_text(record.protocol));
  line.text("authority", record.authority);
  line.text("request_id", record.request_id);
}

// "DI" where a fault delayed the request, beside what became of it.
std::string flags_of(const AccessRecord& record) {
  std::string_view flag = info(record.reason).flag;
  if (!record.flags.has(AccessFlag::kDelayed)) return std::string(flag);
  return flag == "-" ? std::string("DI") : str_cat("DI,", flag);
}

void append_response(Line& line, const AccessRecord& record) {
  const ReasonInfo& reason = info(record.reason);
  line.number_or_null("response_code", record.status);
  line.text("response_flags", flags_of(record));
  line.text("response_code_details", record.reason == Reason::kNone ? "via_upstream" : reason.name);
  line.number("bytes_received", record.bytes_received);
  line.number("bytes_sent", record.bytes_sent);
  line.milliseconds("duration", record.duration);
}

void append_upstream(Line& line, const AccessRecord& record) {
  bool has_upstream = record.upstream.is_set();
  if (record.upstream_time > Duration::zero()) {
    line.milliseconds("upstream_service_time", record.upstream_time);
  } else {
    line.null("upstream_service_time");
  }
  line.text("upstream_host", has_upstream ? record.upstream.address().text() : std::string());
  line.text("upstream_cluster", record.backend_set);
  line.text("upstream_protocol", to_text(record.upstream_protocol));
  line.number_or_null("upstream_response_code", record.upstream_status);
  line.boolean("upstream_tls", record.flags.has(AccessFlag::kUpstreamTls));
  line.boolean("upstream_reused", record.flags.has(AccessFlag::kUpstreamReused));
  line.number("tries", record.tries);
}

void append_rate_limit(Line& line, const AccessRecord& record) {
  line.null("route_name");
  line.text("rate_limit", record.route);
}

void append_route(Line& line, const AccessRecord& record) {
  if (record.flags.has(AccessFlag::kRateLimited)) return append_rate_limit(line, record);
  bool denied = record.flags.has(AccessFlag::kAuthzDenied);
  if (!denied && !record.flags.has(AccessFlag::kAuthzAudited)) return line.text("route_name", record.route);
  line.null("route_name");
  line.text("authz_action", denied ? "deny" : "audit");
  line.text("authz_policy", record.route);
  if (record.authz_rule != AccessRecord::kNoAuthzRule) line.number("authz_rule", record.authz_rule);
  if (record.flags.has(AccessFlag::kAuthzForeign)) line.text("authz_cause", "foreign");
}

void append_limit(Line& line, const AccessRecord& record) {
  if (record.limit_value == 0) return;
  line.text("limit", to_text(record.limit));
  line.number("limit_value", record.limit_value);
}

void append_downstream(Line& line, const AccessRecord& record) {
  line.text("downstream_remote_address", record.downstream.is_set() ? record.downstream.address().text() : "");
  line.text("downstream_peer", record.peer);
  line.boolean("downstream_tls", record.flags.has(AccessFlag::kDownstreamTls));
}
}  // namespace

void append_json_line(std::string& out, const AccessRecord& record) {
  Line line(out);
  append_request(line, record);
  append_response(line, record);
  append_upstream(line, record);
  append_downstream(line, record);
  line.text("service_name", record.service);
  append_route(line, record);
  append_limit(line, record);
  if (record.flags.has(AccessFlag::kUpgraded)) line.boolean("upgraded", true);
  line.number("config_version", record.config_version);
  line.number("worker", record.worker);
  line.end();
}
}  // namespace heddle
