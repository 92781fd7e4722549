#include "lib/inject/pod_options.h"

#include <algorithm>
#include <optional>

#include "lib/base/address.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_quantity(std::string_view text) noexcept {
  size_t digits = 0;
  while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) ++digits;
  constexpr std::string_view kUnits[] = {"", "m", "k", "M", "G", "Ki", "Mi", "Gi"};
  std::string_view unit = text.substr(digits);
  return digits > 0 && std::find(std::begin(kUnits), std::end(kUnits), unit) != std::end(kUnits);
}

bool is_subnet_list(std::string_view text) {
  for (std::string_view part : split(text, ',')) {
    part = trim(part);
    size_t slash = part.find('/');
    std::optional<uint8_t> bits = slash == part.npos ? 0 : parse_int<uint8_t>(part.substr(slash + 1));
    Result<Address> address = Address::from_ip(part.substr(0, slash), 0);
    if (!address || !bits || *bits > (address->family() == Address::Family::kIpv4 ? 32 : 128)) return false;
  }
  return true;
}

bool is_image(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 1024 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c > ' ' && c < '\x7f') && c != '"' && c != '\\'; });
}

// One annotation: its name, what is expected, and how it is taken; false: it is not that.
struct Taker {
  std::string_view name;
  std::string_view expected;
  bool (*take)(PodOptions&, const std::string&);
};

template <std::string PodOptions::*kField, bool (*kIsValid)(std::string_view)>
bool take_text(PodOptions& out, const std::string& value) {
  if (!kIsValid(value)) return false;
  out.*kField = value;
  return true;
}

bool take_native(PodOptions& out, const std::string& value) {
  out.native_sidecar = value == "true";
  return value == "true" || value == "false";
}
bool take_mode(PodOptions& out, const std::string& value) {
  out.mode = value == "explicit" ? InjectMode::kExplicit : InjectMode::kIntercept;
  return value == "explicit" || value == "intercept";
}
bool take_tls(PodOptions& out, const std::string& value) {
  out.inbound_tls = value;
  return value == "strict" || value == "permissive";
}
bool take_level(PodOptions& out, const std::string& value) {
  out.log_level = value;
  constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
  return std::find(std::begin(kLevels), std::end(kLevels), value) != std::end(kLevels);
}
bool take_drain(PodOptions& out, const std::string& value) {
  Result<Duration> time = parse_duration(value);
  if (time) out.drain = *time;
  return time && *time >= 1s && *time <= 10min;
}

constexpr std::string_view kPorts = "ports and ranges with commas, like 80,8000-8010";
constexpr std::string_view kQuantity = "a quantity of Kubernetes, like 100m or 64Mi";
constexpr Taker kTakers[] = {{"proxy-image", "an image", take_text<&PodOptions::image, is_image>},
                             {"native-sidecar", "true or false", take_native},
                             {"mode", "intercept or explicit", take_mode},
                             {"inbound-tls", "strict or permissive", take_tls},
                             {"proxy-log-level", "debug, info, warn or error", take_level},
                             {"proxy-cpu-request", kQuantity, take_text<&PodOptions::cpu_request, is_quantity>},
                             {"proxy-cpu-limit", kQuantity, take_text<&PodOptions::cpu_limit, is_quantity>},
                             {"proxy-memory-request", kQuantity, take_text<&PodOptions::memory_request, is_quantity>},
                             {"proxy-memory-limit", kQuantity, take_text<&PodOptions::memory_limit, is_quantity>},
                             {"skip-inbound-ports", kPorts, take_text<&PodOptions::skip_inbound_ports, is_port_list>},
                             {"skip-outbound-ports", kPorts, take_text<&PodOptions::skip_outbound_ports, is_port_list>},
                             {"opaque-ports", kPorts, take_text<&PodOptions::opaque_ports, is_port_list>},
                             {"skip-subnets", "networks with commas, like 10.0.0.0/8,fd00::/8",
                              take_text<&PodOptions::skip_subnets, is_subnet_list>},
                             {"drain-deadline", "a duration from 1s to 10m", take_drain}};

// Ours, but not of the sidecar: of Services, of what we write ourselves.
constexpr std::string_view kOthers[] = {"inject", "injected", "probes", "weight"};

void read(const JsonValue& annotations, std::string_view where, OptionsRead& out) {
  for (std::string_view key : annotations.keys()) {
    if (!key.starts_with(kInjectPrefix)) continue;
    std::string_view name = key.substr(kInjectPrefix.size());
    if (std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers)) continue;
    auto taker =
        std::find_if(std::begin(kTakers), std::end(kTakers), [&](const Taker& one) { return one.name == name; });
    std::string value(trim(annotations.find(key)->as_string().value_or("")));
    if (taker == std::end(kTakers)) {
      out.warnings.push_back(str_cat("annotation ", key, " of the ", where, " is not one that this version knows"));
    } else if (!taker->take(out.options, value)) {
      out.problems.push_back(
          str_cat("annotation ", key, " of the ", where, ": ", in_quotes(value), ": expected ", taker->expected));
    }
  }
}
}  // namespace

bool is_port_list(std::string_view text) noexcept {
  for (std::string_view part : split(text, ',')) {
    part = trim(part);
    size_t dash = part.find('-');
    std::optional<uint16_t> first = parse_int<uint16_t>(part.substr(0, dash));
    std::optional<uint16_t> last = dash == part.npos ? first : parse_int<uint16_t>(part.substr(dash + 1));
    if (!first || !last || *first == 0 || *last < *first) return false;
  }
  return true;
}

OptionsRead read_pod_options(const InjectSettings& settings, const JsonValue& ns, const JsonValue& pod) {
  OptionsRead out;
  out.options.image = settings.image;
  out.options.native_sidecar = settings.native_sidecar;
  read(ns, "namespace", out);
  read(pod, "pod", out);
  return out;
}
}  // namespace heddle
