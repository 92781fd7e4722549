#include "lib/tls/verdict_cache.h"

#include <array>

#include "certs/limits.h"

namespace heddle {
namespace {
bool append_digest(X509* certificate, std::string& key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) return false;
  key.append(reinterpret_cast<const char*>(digest.data()), length);
  return true;
}

X509Ptr another(X509* reference) {
  X509_up_ref(reference);
  return X509Ptr(reference);
}

bool is_valid(const VerifiedPeer& verdict, WallTime now) {
  return verdict.path_not_before <= now && now <= verdict.path_not_after;
}
}  // namespace

std::optional<std::string> VerdictCache::key_of(X509* leaf, const STACK_OF(X509) * shown) {
  int count = shown == nullptr ? 0 : sk_X509_num(shown);
  if (leaf == nullptr || count > static_cast<int>(kMaxPathLength)) return std::nullopt;
  std::string key;
  if (!append_digest(leaf, key)) return std::nullopt;
  for (int i = 0; i < count; ++i) {
    X509* certificate = sk_X509_value(shown, i);
    if (i == 0 && certificate == leaf) continue;
    if (!append_digest(certificate, key)) return std::nullopt;
  }
  return key;
}

VerdictCache::Known VerdictCache::find(const std::string& key, WallTime now) {
  std::lock_guard lock(mutex_);
  for (Entries* entries : {&own_, &foreign_}) {
    auto at = entries->find(key);
    if (at == entries->end()) continue;
    if (is_valid(at->second.verdict, now)) return {at->second.verdict.peer, another(at->second.leaf.get())};
    entries->erase(at);
  }
  return {};
}

void VerdictCache::add(std::string key, X509* leaf, const VerifiedPeer& verdict, WallTime now, Whose whose) {
  std::lock_guard lock(mutex_);
  Entries& entries = whose == Whose::kOwn ? own_ : foreign_;
  size_t capacity = whose == Whose::kOwn ? kCapacity : kForeignCapacity;
  if (entries.size() >= capacity) {
    std::erase_if(entries, [&](const auto& e) { return !is_valid(e.second.verdict, now); });
  }
  if (entries.size() < capacity) entries.insert_or_assign(std::move(key), Entry{verdict, another(leaf)});
}

size_t VerdictCache::size() const {
  std::lock_guard lock(mutex_);
  return own_.size() + foreign_.size();
}
}  // namespace heddle
