#include "control/ca/ca_documents.h"

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kPinSize = 64;
constexpr int64_t kMaxSequence = INT64_MAX - 1;

WallTime read_time(JsonObject& object, std::string_view field) {
  Result<WallTime> time = parse_time(object.string(field, {1, 64}));
  if (time) return *time;
  object.problem(field, time.error().detail);
  return {};
}

void read_next(JsonObject& object, RotationWords& out) {
  bool is_there = out.phase == RotationPhase::kPrepared || object.has("next");
  if (!is_there) return;
  out.next = object.string("next", {1, kMaxChainPem});
  if (!object.has("nextKey")) return;
  std::string key = object.string("nextKey", {1, kMaxKeyPem});
  out.next_key = Secret::take(key);
}
}  // namespace

Result<RotationWords> read_rotation_words(std::string_view text) {
  constexpr EnumName<RotationPhase> kPhases[] = {{"steady", RotationPhase::kSteady},
                                                 {"prepared", RotationPhase::kPrepared},
                                                 {"activated", RotationPhase::kActivated}};
  HEDDLE_TRY(JsonValue document, JsonValue::parse(text));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  RotationWords out;
  if (!object.has("phase")) object.problem("phase", "is missing");
  out.phase = object.optional_one_of("phase", kPhases).value_or(RotationPhase::kSteady);
  out.sequence = static_cast<uint64_t>(object.integer("sequence", {1, kMaxSequence}));
  out.since = read_time(object, "since");
  out.signer = object.string("signer", {kPinSize, kPinSize});
  if (out.phase == RotationPhase::kActivated) out.old = object.string("old", {1, kMaxChainPem});
  if (object.has("also")) out.also = object.string("also", {1, kMaxBundle});
  out.is_aborted = object.optional_boolean("aborted").value_or(false);
  read_next(object, out);
  object.finish();
  if (problems.empty()) return out;
  return make_error(Reason::kConfigInvalid, problems.text());
}

Result<CaState> state_of(const RotationWords& words, CertificateAuthority::Ptr signer, CertificateAuthority::Ptr next) {
  const TrustDomain& domain = signer->trust_domain();
  CaState state{words.phase, words.sequence, words.since, std::move(signer), nullptr, nullptr};
  state.is_aborted = words.is_aborted;
  if (!words.also.empty()) {
    HEDDLE_TRY(state.also, DomainRoots::parse_pem(domain, words.also));
  }
  if (words.phase == RotationPhase::kActivated) {
    HEDDLE_TRY(state.old, DomainRoots::parse_pem(domain, words.old));
  }
  if (words.phase == RotationPhase::kPrepared) state.next = std::move(next);
  return state;
}

Secret rotation_text(const CaState& state, const CertificateAuthority* other, std::string_view key) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("phase", to_text(state.phase)).field("sequence", state.sequence);
  out.field("since", format_time(state.since)).field("signer", root_pin(*state.signer));
  if (state.old != nullptr) out.field("old", state.old->to_pem());
  if (state.also != nullptr) out.field("also", state.also->to_pem());
  if (state.is_aborted) out.field("aborted", true);
  if (other != nullptr) out.field("next", other->to_pem());
  if (other != nullptr && !key.empty()) out.field("nextKey", key);
  out.end_object();
  text += "\n";
  return Secret::take(text);
}

Secret authority_text(const CertificateAuthority& authority, std::string_view key) {
  std::string text = str_cat(authority.to_pem(), key);
  return Secret::take(text);
}

Result<CertificateAuthority::Ptr> read_authority_text(std::string_view text, const TrustDomain& domain,
                                                      const KeyForm& form) {
  size_t key = KeyForm::find_key(text);
  if (key == std::string_view::npos) return CertificateAuthority::without_key(domain, text);
  return form.read(domain, text.substr(0, key), text.substr(key));
}
}  // namespace heddle
