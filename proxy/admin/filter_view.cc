#include "proxy/admin/filter_view.h"

#include "lib/base/grpc_status.h"
#include "lib/base/strings.h"
#include "lib/config/unresolved.h"
#include "proxy/admin/config_view.h"

namespace heddle {
void write_backend_ref(JsonWriter& out, const WeightedBackend& backend) {
  if (is_unresolved(backend)) {
    out.field("unresolved", why_unresolved(backend));
    return;
  }
  bool is_set = backend.kind == BackendKind::kBackendSet;
  out.field("group", std::string_view(is_set ? "heddle.dev" : ""));
  out.field("kind", std::string_view(is_set ? "BackendSet" : "Service")).field("namespace", backend.ref.ns);
  out.field("name", backend.ref.name);
  if (!is_set) out.field("port", backend.port);
}

namespace {
void write_names(JsonWriter& out, std::string_view key, const std::vector<std::string>& names) {
  if (names.empty()) return;
  out.key(key).begin_array();
  for (const std::string& name : names) out.string(name);
  out.end_array();
}

void write_fields(JsonWriter& out, std::string_view key, const std::vector<FieldText>& fields) {
  if (fields.empty()) return;
  out.key(key).begin_array();
  for (const FieldText& field : fields) {
    std::string_view shown = is_secret_name(field.name) ? std::string_view("[redacted]") : field.value;
    out.begin_object().field("name", field.name).field("value", shown).end_object();
  }
  out.end_array();
}

void begin_filter(JsonWriter& out, std::string_view type, std::string_view member) {
  out.begin_object().field("type", type).key(member).begin_object();
}
void end_filter(JsonWriter& out) { out.end_object().end_object(); }

void write_modifier(JsonWriter& out, std::string_view type, std::string_view member,
                    const std::optional<HeaderModifier>& modifier) {
  if (!modifier) return;
  begin_filter(out, type, member);
  write_fields(out, "set", modifier->set);
  write_fields(out, "add", modifier->add);
  write_names(out, "remove", modifier->remove);
  end_filter(out);
}

void write_path(JsonWriter& out, const std::optional<PathModifier>& path) {
  if (!path) return;
  bool is_prefix = path->change == PathChange::kReplacePrefix;
  out.key("path").begin_object();
  out.field("type", std::string_view(is_prefix ? "ReplacePrefixMatch" : "ReplaceFullPath"));
  out.field(is_prefix ? "replacePrefixMatch" : "replaceFullPath", path->value).end_object();
}

void write_redirect(JsonWriter& out, const RequestRedirect& redirect) {
  begin_filter(out, "RequestRedirect", "requestRedirect");
  if (!redirect.scheme.empty()) out.field("scheme", redirect.scheme);
  if (!redirect.hostname.empty()) out.field("hostname", redirect.hostname);
  write_path(out, redirect.path);
  if (redirect.port) out.field("port", *redirect.port);
  out.field("statusCode", redirect.status);
  end_filter(out);
}

void write_rewrite(JsonWriter& out, const UrlRewrite& rewrite) {
  begin_filter(out, "URLRewrite", "urlRewrite");
  if (!rewrite.hostname.empty()) out.field("hostname", rewrite.hostname);
  write_path(out, rewrite.path);
  end_filter(out);
}

void write_cors(JsonWriter& out, const CorsFilter& cors) {
  begin_filter(out, "CORS", "cors");
  out.key("allowOrigins").begin_array();
  if (cors.any_origin) out.string("*");
  for (const CorsOrigin& origin : cors.origins) {
    out.string(str_cat(origin.scheme, "://", origin.host, ":", std::to_string(origin.port)));
  }
  out.end_array().field("allowCredentials", cors.credentials);
  write_names(out, "allowMethods", cors.methods);
  write_names(out, "allowHeaders", cors.headers);
  write_names(out, "exposeHeaders", cors.expose);
  out.field("maxAge", cors.max_age);
  end_filter(out);
}

void write_extension(JsonWriter& out, const std::string& name) {
  begin_filter(out, "ExtensionRef", "extensionRef");
  out.field("group", std::string_view("heddle.dev")).field("kind", std::string_view("HTTPRouteFilter"));
  out.field("name", name);
  end_filter(out);
}

void write_mirror(JsonWriter& out, const RequestMirror& mirror) {
  begin_filter(out, "RequestMirror", "requestMirror");
  out.key("backendRef").begin_object();
  write_backend_ref(out, mirror.to);
  out.end_object().key("fraction").begin_object().field("numerator", mirror.numerator);
  out.field("denominator", mirror.denominator).end_object();
  end_filter(out);
}

// One of the two statuses was written; the other follows from it.
void write_abort(JsonWriter& out, const FaultAbort& abort) {
  bool is_http = abort.grpc_status == grpc_status_of_http(abort.status);
  out.key("abort").begin_object();
  if (is_http) out.field("status", abort.status);
  if (!is_http) out.field("grpcStatus", abort.grpc_status);
  out.field("percent", abort.percent).end_object();
}

void write_fault(JsonWriter& out, const FaultSpec& fault) {
  out.key("fault").begin_object();
  if (fault.delay) {
    out.key("delay").begin_object().field("duration", format_duration(fault.delay->duration));
    out.field("percent", fault.delay->percent).end_object();
  }
  if (fault.abort) write_abort(out, *fault.abort);
  write_fields(out, "headers", fault.headers);
  out.end_object();
}
}  // namespace

void write_filters(JsonWriter& out, const HttpRouteRule& rule) {
  if (rule.filters.is_default() && rule.mirrors.is_default()) return;
  const RuleFilters& filters = *rule.filters;
  out.key("filters").begin_array();
  write_modifier(out, "RequestHeaderModifier", "requestHeaderModifier", filters.request);
  write_modifier(out, "ResponseHeaderModifier", "responseHeaderModifier", filters.response);
  if (filters.redirect) write_redirect(out, *filters.redirect);
  if (filters.rewrite) write_rewrite(out, *filters.rewrite);
  if (filters.cors) write_cors(out, *filters.cors);
  if (!filters.extension.empty()) write_extension(out, filters.extension);
  for (const RequestMirror& mirror : *rule.mirrors) write_mirror(out, mirror);
  out.end_array();
}

void write_filters(JsonWriter& out, const BackendFilters& filters) {
  if (filters == BackendFilters{}) return;
  out.key("filters").begin_array();
  write_modifier(out, "RequestHeaderModifier", "requestHeaderModifier", filters.request);
  write_modifier(out, "ResponseHeaderModifier", "responseHeaderModifier", filters.response);
  out.end_array();
}

void write_http_route_filter(JsonWriter& out, const HttpRouteFilterSpec& spec) {
  if (spec.direct_response) {
    out.key("directResponse").begin_object().field("status", spec.direct_response->status);
    if (!spec.direct_response->body.empty()) {
      out.field("body", spec.direct_response->body).field("contentType", spec.direct_response->content_type);
    }
    out.end_object();
  }
  if (spec.fault) write_fault(out, *spec.fault);
}
}  // namespace heddle
