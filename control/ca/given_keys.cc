#include "control/ca/given_keys.h"

#include <unistd.h>

#include <algorithm>

#include "control/ca/ca_state.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kStart = "ca.given.";
constexpr size_t kPinPart = 16;
}  // namespace

std::string GivenKeys::file_of(std::string_view root_pin) const {
  return str_cat(directory_, "/", kStart, root_pin.substr(0, kPinPart), ".pem");
}

Result<void> GivenKeys::load() {
  HEDDLE_CHECK_OK(ensure_private_dir(directory_));
  HEDDLE_TRY(std::vector<std::string> files, list_files(directory_));
  for (const std::string& name : files) {
    if (!name.starts_with(kStart)) continue;
    std::string path = str_cat(directory_, "/", name);
    if (name.ends_with(".tmp")) ::unlink(path.c_str());  // a crash left it
    if (!name.ends_with(".pem")) continue;
    HEDDLE_TRY(CertificateAuthority::Ptr authority, read_authority(path, domain_, form_));
    held_.insert_or_assign(root_pin(*authority), std::move(authority));
  }
  return {};
}

Result<void> GivenKeys::hold(const CertificateAuthority::Ptr& authority) {
  CertificateAuthority::Ptr held = find(root_pin(*authority));
  if (held != nullptr && held->fingerprint() == authority->fingerprint()) return {};
  HEDDLE_CHECK_OK(write_authority(file_of(root_pin(*authority)), *authority, form_));
  held_.insert_or_assign(root_pin(*authority), authority);
  return {};
}

CertificateAuthority::Ptr GivenKeys::find(const std::string& root_pin) const {
  auto found = held_.find(root_pin);
  return found == held_.end() ? nullptr : found->second;
}

// One that cannot be removed is tried again the next time.
void GivenKeys::keep_only(const std::vector<std::string>& root_pins) {
  std::erase_if(held_, [&](const auto& row) {
    bool is_needed = std::find(root_pins.begin(), root_pins.end(), row.first) != root_pins.end();
    return !is_needed && remove_file(file_of(row.first)).has_value();
  });
}
}  // namespace heddle
