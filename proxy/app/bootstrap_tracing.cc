#include "proxy/app/bootstrap_tracing.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kScheme = "http://";
constexpr std::string_view kDefaultPath = "/v1/traces";
constexpr size_t kMaxEndpoint = 512;

// "http://10.0.0.9:4318", with a path where it is not /v1/traces.
void read_endpoint(const JsonReader& at, TracingSettings& out) {
  std::string_view text = at.string({1, kMaxEndpoint}).value_or("");
  if (text.empty()) return;
  if (text.starts_with("https://")) {
    return at.problem("TLS to a collector is not supported: name one on this node or in this pod by http://");
  }
  if (!text.starts_with(kScheme)) return at.problem("expected a URL as http://10.0.0.9:4318");
  std::string_view rest = text.substr(kScheme.size());
  size_t slash = std::min(rest.find('/'), rest.size());
  auto address = Address::parse(rest.substr(0, slash));
  if (!address || !address->is_ip() || address->port() == 0) {
    return at.problem("expected an IP address with a port behind http://, as http://10.0.0.9:4318");
  }
  std::string_view path = rest.substr(slash);
  if (path.find_first_of("?# ") != path.npos) return at.problem("a path without query, fragment and spaces");
  out.collector = *address;
  out.authority = rest.substr(0, slash);
  out.path = path.size() <= 1 ? kDefaultPath : path;
}
}  // namespace

void read_tracing(JsonObject& root, TracingSettings& out) {
  auto at = root.optional_object("tracing");
  if (!at) return;
  if (auto endpoint = at->required("endpoint")) read_endpoint(*endpoint, out);
  double percent = at->optional_number("samplePercent").value_or(1);
  if (percent < 0 || percent > 100) at->problem("samplePercent", "expected a number from 0 to 100");
  out.ratio = percent / 100;
  out.service = at->optional_string("serviceName", {1, 253}).value_or("");
  at->finish();
}
}  // namespace heddle
