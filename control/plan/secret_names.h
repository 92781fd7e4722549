// SecretNames: a configuration whose questions about secret header fields are answered without their values. Sidecars
// keep of `authorization`, `cookie` and the like only which values of the rules in force they matched
// (lib/api/request_fact.h). Here each condition on such a field becomes one on a field of its own, named
// "<field> <how> <value>", whose value is "1" where the request matched; so what decides about traffic decides about
// kept requests, too. The order of precedence stays: as many conditions as before. Pure; what names no secret is shared
// with the original, and one original gives one copy, however many models have it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "lib/config/model.h"

namespace heddle {
class SecretNames {
 public:
  static constexpr std::string_view kMatched = "1";

  static std::string field(std::string_view name, std::string_view how);
  // The header field that such a name is about; any other name is itself.
  static std::string_view origin(std::string_view field) noexcept;

  // The model itself when it names no secret.
  std::shared_ptr<const Model> replace(const std::shared_ptr<const Model>&);

 private:
  template <class T>
  void replace_in(SpecMap<T>&);
  std::map<const void*, std::shared_ptr<const void>> copies_;  // by original
  std::vector<std::shared_ptr<const void>> originals_;         // whose addresses the copies are known by
};
}  // namespace heddle
